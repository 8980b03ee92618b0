//! `greenlight rollback-advice`: how to roll forward when production breaks.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, PolicyArguments};
use super::output::Output;
use super::{Error, Exit};
use crate::contract::fields::ByName;
#[cfg(test)]
use crate::contract::fields::Commit as Hash;
use crate::deployment::releases::Evidence;
use crate::deployment::rollback_advice::{self, Advice, Again, Commit};
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;
use crate::text::number::short;
use crate::text::time;

/// Print what each environment serves, the last good release, the commits since, and the commands to run.
///
/// A release is good if it was promoted after a load test that passed. greenlight does not roll back: revert the
/// commit, and release the revert through the same pipeline. This command changes nothing.
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
    /// The commit that the bad one reverts; null if it is not a revert.
    #[cfg_attr(test, schemars(with = "Option<Hash>"))]
    reverts: Option<String>,
    /// The last commit before it that was promoted after a load test that passed, and was not reverted since; null
    /// without one.
    #[cfg_attr(test, schemars(with = "Option<Hash>"))]
    good: Option<String>,
    /// What production served before the first deployment, if no release was promoted before the bad one; else null.
    #[cfg_attr(test, schemars(with = "Option<Hash>"))]
    baseline: Option<String>,
    /// The releases that were promoted before the bad one, newest first, down to the good one.
    releases: Vec<ReleaseDocument>,
    /// What each environment serves, in order.
    environments: Vec<ServingDocument>,
    /// The commits since the good one, or else since the latest release, up to the bad one, newest first.
    commits: Vec<CommitDocument>,
    /// The commands to run, in order.
    commands: Vec<String>,
    /// What to check before running them.
    warnings: Vec<String>,
}

/// One promoted release.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct ReleaseDocument {
    /// The commit.
    #[cfg_attr(test, schemars(with = "Hash"))]
    commit: String,
    /// The number of its deployment.
    deployment: u64,
    /// When it was promoted, in milliseconds since 1970.
    promoted: u64,
    /// What speaks for it.
    evidence: ByName<Evidence>,
    /// The stopped or reverted commit that speaks against it; null without one.
    #[cfg_attr(test, schemars(with = "Option<Hash>"))]
    because_of: Option<String>,
}

/// What one environment serves.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct ServingDocument {
    /// The name of the environment.
    environment: String,
    /// What its nodes answered last, in a sentence; null if the journal has no answer.
    serves: Option<String>,
    /// Since when the journal has these answers, in milliseconds since 1970; null if it has none.
    since: Option<u64>,
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

    fn new(advice: Advice) -> Self {
        let releases = advice.releases.into_iter().map(|it| ReleaseDocument {
            commit: it.commit,
            deployment: it.deployment,
            promoted: it.at,
            evidence: ByName(it.evidence),
            because_of: it.because_of,
        });
        let environments = advice.environments.into_iter();
        let environments = environments.map(|(environment, served)| ServingDocument {
            serves: served.as_ref().map(|it| it.sentence(&environment)),
            since: served.map(|it| it.since()),
            environment,
        });
        Self {
            schema: Self::SCHEMA,
            commands: match &advice.again {
                Some(again) => vec![redeploy(again)],
                None => commands(&advice.commits),
            },
            warnings: match &advice.again {
                Some(again) => vec![format!(
                    "do not revert {}: it reverts {}, which would be back",
                    short(&advice.bad),
                    short(&again.reverts)
                )],
                None => inherited(&advice.commits),
            },
            bad: advice.bad,
            reverts: advice.again.map(|it| it.reverts),
            good: advice.good.map(|it| it.commit),
            baseline: advice.baseline,
            releases: releases.collect(),
            environments: environments.collect(),
            commits: advice.commits.into_iter().map(Into::into).collect(),
        }
    }
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let resolved = configuration::resolve(&arguments.policy.flags(repo), output)?;
    let policy = configuration::policy(&resolved, Use::Often)?;
    let config = resolved.required()?;
    let advice = rollback_advice::advise(&config, &policy, repo, arguments.bad.as_deref())?;
    let document = AdviceDocument::new(advice);
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

/// Deploys a revert again.
fn redeploy(again: &Again) -> String {
    let mut command = format!("greenlight run --tag {}", again.tag);
    if let Some(digest) = &again.digest {
        let _ = write!(command, " --digest {digest}");
    }
    command
}

/// Warns about labels that reverts would inherit.
fn inherited(commits: &[Commit]) -> Vec<String> {
    let labeled = commits.iter().filter(|it| it.inherits_label);
    let warnings = labeled.map(|it| {
        format!(
            "the revert of {} would inherit the label in `{}`: remove it from the message, or replace it \
             with the label that you want",
            short(&it.commit),
            it.subject
        )
    });
    warnings.collect()
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
    for it in &document.environments {
        let _ = match (&it.serves, it.since) {
            (Some(serves), Some(since)) => {
                let since = time::instant(since);
                writeln!(text, "now:  {} (since {since})", escape(serves))
            }
            _ => writeln!(text, "now:  it is unknown what {} serves", it.environment),
        };
    }
    let _ = match &document.reverts {
        Some(reverts) => writeln!(text, "bad:  {} (reverts {reverts})", document.bad),
        None => writeln!(text, "bad:  {}", document.bad),
    };
    let _ = match &document.good {
        Some(good) => writeln!(
            text,
            "good: {good} (the last one before it whose load test passed)"
        ),
        None => writeln!(
            text,
            "good: unknown (no release before it was promoted after a load test that passed)"
        ),
    };
    if let Some(baseline) = &document.baseline {
        let _ = writeln!(text, "live before the first deployment: {baseline}");
    }
    text.push_str("releases before the bad one, newest first:\n");
    for release in &document.releases {
        let _ = writeln!(
            text,
            "  {} {} deployment {}: {}",
            short(&release.commit),
            time::instant(release.promoted),
            release.deployment,
            said(release)
        );
    }
    text.push_str(if document.good.is_some() {
        "commits since the good one, newest first:\n"
    } else {
        "commits since the latest release, newest first:\n"
    });
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
    text.push_str(if document.reverts.is_some() {
        "roll forward by deploying the revert again:\n"
    } else if one {
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

/// What speaks for a release, in words.
fn said(release: &ReleaseDocument) -> String {
    let because_of = release.because_of.as_deref().map(short).unwrap_or_default();
    match release.evidence.0 {
        Evidence::Passed => "promoted, its load test passed".to_owned(),
        Evidence::Warned => "promoted with a warning".to_owned(),
        Evidence::Untested => "promoted without a load test".to_owned(),
        Evidence::Stopped => format!("contains {because_of}, which was stopped"),
        Evidence::Reverted => format!("contains {because_of}, which was reverted since"),
    }
}
