//! `greenlight rollback-advice`: how to roll forward when production breaks.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, PolicyArguments};
use super::output::Output;
use super::{Error, Exit};
#[cfg(test)]
use crate::contract::fields::Commit as Hash;
use crate::deployment::rollback_advice::{self, Commit};
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;
use crate::text::number::short;

/// Print the last good commit, the commits since, and the `git revert` commands to run.
///
/// greenlight does not roll back: revert the commit, and release the revert through the same pipeline. This
/// command changes nothing.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name the commit that broke production [default: the one that was deployed there last].
    #[arg(long, value_name = "REV")]
    bad: Option<String>,
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// What `greenlight rollback-advice --format json` prints: how to roll forward if production is broken.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct AdviceDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The commit that broke production.
    #[cfg_attr(test, schemars(with = "Hash"))]
    bad: String,
    /// The last commit that was promoted before it.
    #[cfg_attr(test, schemars(with = "Hash"))]
    good: String,
    /// The commits since the good one, up to the bad one, newest first.
    commits: Vec<CommitDocument>,
    /// The commands to run, in order.
    commands: Vec<String>,
    /// What to check before running them.
    warnings: Vec<String>,
}

/// One commit since the good one.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct CommitDocument {
    /// The commit.
    #[cfg_attr(test, schemars(with = "Hash"))]
    commit: String,
    /// The first line of its message.
    subject: String,
    /// True if it has more than one parent.
    merge: bool,
}

impl AdviceDocument {
    const SCHEMA: &'static str = "greenlight.rollback-advice/2";
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let resolved = configuration::resolve(&arguments.policy.flags(repo), output)?;
    let policy = configuration::policy(&resolved, Use::Often)?;
    let config = resolved.required()?;
    let advice = rollback_advice::advise(&config, &policy, repo, arguments.bad.as_deref())?;
    let labeled = advice.commits.iter().filter(|it| it.inherits_label);
    let warnings = labeled.map(|it| {
        format!(
            "the revert of {} would inherit the label in `{}`: remove it from the message, or replace it \
             with the label that you want",
            short(&it.commit),
            it.subject
        )
    });
    let document = AdviceDocument {
        schema: AdviceDocument::SCHEMA,
        commands: commands(&advice.commits),
        warnings: warnings.collect(),
        bad: advice.bad,
        good: advice.good,
        commits: advice.commits.into_iter().map(Into::into).collect(),
    };
    match arguments.format.format {
        Format::Human => output.text(&human(&document)),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

impl From<Commit> for CommitDocument {
    fn from(commit: Commit) -> Self {
        Self {
            commit: commit.commit,
            subject: commit.subject,
            merge: commit.merge,
        }
    }
}

/// One `git revert` for each commit, newest first; a merge is reverted against its first parent.
fn commands(commits: &[Commit]) -> Vec<String> {
    let commits = commits.iter();
    commits
        .map(|it| {
            let merge = if it.merge { "-m 1 " } else { "" };
            format!("git revert {merge}{}", it.commit)
        })
        .collect()
}

fn human(document: &AdviceDocument) -> String {
    let mut text = String::new();
    // Writing into a string can't fail.
    let _ = writeln!(text, "bad:  {}", document.bad);
    let _ = writeln!(
        text,
        "good: {} (the last commit promoted before it)",
        document.good
    );
    let _ = writeln!(text, "commits since the good one, newest first:");
    for commit in &document.commits {
        let merge = if commit.merge { " (merge)" } else { "" };
        let _ = writeln!(
            text,
            "  {}{merge} {}",
            short(&commit.commit),
            escape(&commit.subject)
        );
    }
    let one = document.commits.len() == 1;
    text.push_str(if one {
        "roll forward:\n"
    } else {
        "roll forward by reverting the faulty commit, or all of them in this order:\n"
    });
    for command in &document.commands {
        let _ = writeln!(text, "  {command}");
    }
    for warning in &document.warnings {
        let _ = writeln!(text, "warning: {}", escape(warning));
    }
    text
}
