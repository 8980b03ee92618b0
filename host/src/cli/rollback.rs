//! `greenlight rollback-advice`: how to roll forward when production breaks.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::journal::{MANY, failed, look};
use super::output::Output;
use super::run::policy;
use super::{Error, Exit};
use crate::config::{self, Config};
#[cfg(test)]
use crate::contract::fields::Commit;
use crate::contract::labels::Message;
use crate::deployment::log;
use crate::facts::git;
use crate::journal::Store;
use crate::text::escape::escape;
use crate::text::json;
use crate::text::number::short;

/// Name the last good commit, the range in between, and the `git revert` to type.
///
/// Nothing is rolled back by greenlight: the way out is forward, by a revert that goes through the same
/// pipeline. Nothing is changed by this command.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The commit that broke production [default: what was deployed there last].
    #[arg(long, value_name = "REV")]
    bad: Option<String>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = config::FILE, env = "GREENLIGHT_CONFIG", hide_env_values = true)]
    config: PathBuf,
    /// The repository [default: the one around this folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
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
    #[cfg_attr(test, schemars(with = "Commit"))]
    bad: String,
    /// The last commit that was promoted before it.
    #[cfg_attr(test, schemars(with = "Commit"))]
    good: String,
    /// The commits in between, newest first.
    commits: Vec<CommitDocument>,
    /// The commands to type, in order.
    commands: Vec<String>,
    /// Labels that a revert would inherit.
    warnings: Vec<String>,
}

/// One commit between the good and the bad one, which is the last of them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct CommitDocument {
    /// The commit.
    #[cfg_attr(test, schemars(with = "Commit"))]
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
    let config = Config::read(&arguments.config)?;
    let repo = arguments.repo.as_deref();
    let mut store = look(&config)?.ok_or_else(nothing)?;
    let (bad, good) = ends(store.as_mut(), &config, repo, arguments.bad.as_deref())?;
    let commits = between(repo, &good, &bad)?;
    let (policy, _) = policy(&config)?;
    let mut warnings = Vec::new();
    for commit in &commits {
        let message = Message {
            text: format!(
                "Revert \"{}\"\n\nThis reverts commit {}.\n",
                commit.subject, commit.commit
            ),
            truncated: false,
        };
        let labels = policy.parse(&message, config.settings.default_action)?;
        if labels.is_ok_and(|it| it.source.is_some()) {
            warnings.push(format!(
                "the revert of {} would inherit the label in `{}`: take it out of the message, or \
                 write the one that you mean",
                short(&commit.commit),
                commit.subject
            ));
        }
    }
    let document = AdviceDocument {
        schema: AdviceDocument::SCHEMA,
        commands: commands(&commits),
        bad,
        good,
        commits,
        warnings,
    };
    match arguments.format.format {
        Format::Human => output.text(&human(&document)),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

/// The commit that is to go, and the last one that was promoted before it.
fn ends(
    store: &mut dyn Store,
    config: &Config,
    repo: Option<&Path>,
    bad: Option<&str>,
) -> Result<(String, String), Error> {
    let bad = match bad {
        Some(rev) => Some(git::commit(repo, rev)?.id),
        None => None,
    };
    let production = config.environments.last().map_or("", |it| it.name.as_str());
    let mut found = bad.clone();
    let mut passed = bad.is_none();
    for header in store.deployments(MANY).map_err(failed)? {
        if found.is_none() && log::changed(store, header.number, production)? {
            found = Some(header.commit.clone());
        }
        let Some(bad) = &found else { continue };
        if header.commit == *bad {
            passed = true;
            continue;
        }
        let conclusion = header.conclusion.as_deref();
        if passed && matches!(conclusion, Some("promoted" | "promoted-with-warning")) {
            return Ok((bad.clone(), header.commit));
        }
    }
    Err(match found {
        None => nothing(),
        Some(bad) => Error::new(
            format!("the journal has no promoted release before {bad}"),
            "look for the last good commit in the history yourself, then `git revert` what came after",
        ),
    })
}

fn nothing() -> Error {
    Error::new(
        "nothing was deployed to production yet",
        "name the commit that broke it with `--bad`",
    )
}

fn between(repo: Option<&Path>, good: &str, bad: &str) -> Result<Vec<CommitDocument>, Error> {
    let listed = git::git(repo)
        .args(["log", "--first-parent", "--format=%H%x00%P%x00%s"])
        .arg("--end-of-options")
        .arg(format!("{good}..{bad}"))
        .arg("--")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| git::not_started(&error))?;
    if !listed.status.success() {
        return Err(Error::new(
            format!("git does not know the way from {good} to {bad}"),
            "fetch the whole history (`git fetch --unshallow`), or name the repository with `--repo`",
        ));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let commits: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let mut fields = line.splitn(3, '\0');
            Some(CommitDocument {
                commit: fields.next()?.to_owned(),
                merge: fields.next()?.contains(' '),
                subject: fields.next()?.to_owned(),
            })
        })
        .collect();
    if commits.is_empty() {
        return Err(Error::new(
            format!(
                "nothing lies between {good} and {bad}: the bad commit is not after the good one"
            ),
            "name the commit that broke production with `--bad`",
        ));
    }
    Ok(commits)
}

/// Newest first, as git wants it; a merge is reverted against its first parent.
fn commands(commits: &[CommitDocument]) -> Vec<String> {
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
        "good: {} (the last one promoted before it)",
        document.good
    );
    let _ = writeln!(text, "in between, newest first:");
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
        "roll forward by reverting the one at fault, or all of them in this order:\n"
    });
    for command in &document.commands {
        let _ = writeln!(text, "  {command}");
    }
    for warning in &document.warnings {
        let _ = writeln!(text, "warning: {}", escape(warning));
    }
    text
}
