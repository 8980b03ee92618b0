//! `greenlight explain`: everything that the policy answers about one commit.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, SettingsArguments};
use super::output::{Output, refuse};
use super::table::{self, AssumedStage, publishable};
use super::window::OpeningDocument;
use super::{Error, Exit, args, label};
use crate::contract::actions;
use crate::contract::documents::LabelDocument;
#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::fields::{ByName, Commit};
use crate::contract::labels::Labels;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Decision, Permission};
use crate::contract::reason_documents::{ReasonDocument, documents};
use crate::facts::checkout::Checkout;
use crate::facts::ci;
use crate::facts::evidence::{LoadTestWord, Stage};
use crate::facts::git;
use crate::facts::message::{self, Reading};
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;

/// Explain a commit: its label, its tags, and what is decided about them.
///
/// The answers assume a build of the publish branch in which every job has passed: first with nothing deployed,
/// then with each result of the load test. With windows, a line says whether a merge now is inside those of the last
/// environment; the journal and its freezes are not read. Nothing is deployed, recorded or changed.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Explain this commit, in any form that git understands [default: the one that the CI system builds, or
    /// HEAD].
    rev: Option<String>,
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<std::path::PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    settings: SettingsArguments,
}

/// What `greenlight explain --format json` prints: everything that the policy says about one commit, assuming
/// a build of the publish branch in which every job has passed.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct ExplainDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The commit.
    commit: Commit,
    /// What its message asks for.
    label: LabelDocument,
    /// The tags to push; empty if the policy refuses.
    #[cfg_attr(test, schemars(with = "Vec<shapes::Tag>", extend("uniqueItems" = true)))]
    tags: Vec<String>,
    /// Why the policy refuses the tags.
    refused: Vec<ReasonDocument>,
    /// Whether the last environment is open now, by the windows of the configuration; null without windows. Freezes in the
    /// journal are not read.
    opening: Option<OpeningDocument>,
    /// The decision about each tag with nothing deployed, then about the first tag with each load test.
    decisions: Vec<Explained>,
}

/// One decision, and the evidence that it assumes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct Explained {
    /// The tag.
    #[cfg_attr(test, schemars(with = "shapes::Tag"))]
    tag: String,
    /// What is assumed about the first environment.
    #[cfg_attr(test, schemars(with = "table::shapes::Stage"))]
    stage: AssumedStage,
    /// What is assumed about its load test.
    #[cfg_attr(test, schemars(with = "table::shapes::LoadTest"))]
    load_test: ByName<LoadTestWord>,
    /// Whether the release may go on.
    permission: ByName<Permission>,
    /// What to do next, in words.
    next_text: String,
    /// Why; the first reason decided.
    #[cfg_attr(test, schemars(length(min = 1)))]
    reasons: Vec<ReasonDocument>,
}

impl ExplainDocument {
    const SCHEMA: &'static str = "greenlight.explain/3";
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let (commit, reading) = read(arguments)?;
    let text = &reading.message.text;
    let flags = arguments.settings.flags(arguments.repo.as_deref());
    let resolved = configuration::resolve(&flags, output)?;
    let policy = configuration::policy(&resolved, Use::Once)?;
    let opening = OpeningDocument::of_windows(&resolved);
    let settings = resolved.settings;
    let labels = match policy.parse(&reading.message, settings.default_action)? {
        Ok(labels) => args::with_reading(labels, &reading),
        Err(reasons) => return refuse(arguments.format.format, reasons, output),
    };
    let build = publishable(&commit, labels.action, &settings);
    let (tags, refused) = match policy.tags(&build, &settings)? {
        Ok(tags) => (tags, Vec::new()),
        Err(reasons) => (Vec::new(), reasons),
    };
    let mut decisions = Vec::new();
    // A tag that requests no deployment, like `latest`, has no decision.
    let mut asked = Vec::new();
    for tag in &tags {
        if policy.resolve(tag, &settings)?.is_ok() {
            asked.push(tag);
        }
    }
    for tag in &asked {
        let load_test = LoadTestWord::NotRun;
        let now = table::ask(&policy, &settings, tag, &commit, None, load_test)?;
        decisions.push(explained(tag, None, load_test, now));
    }
    if let Some(tag) = asked.first() {
        let stage = Some(Stage::Converged);
        for (load_test, _) in LoadTestWord::ALL {
            let then = table::ask(&policy, &settings, tag, &commit, stage, *load_test)?;
            decisions.push(explained(tag, stage, *load_test, then));
        }
    }
    let refused: Vec<ReasonDocument> = documents(refused);
    match arguments.format.format {
        Format::Human => {
            let shown = human(
                &commit,
                text,
                &labels,
                &tags,
                &refused,
                &decisions,
                output.colour(),
            );
            output.text(&shown);
            if let Some(opening) = opening {
                output.text(&format!("\nmerge\n  {}\n", opening.of_merge()));
            }
        }
        Format::Json => output.text(&json::pretty(&ExplainDocument {
            schema: ExplainDocument::SCHEMA,
            commit: Commit(commit.clone()),
            label: LabelDocument::new(Some(commit), labels),
            tags,
            refused,
            opening,
            decisions,
        })?),
    }
    Ok(Exit::Go)
}

/// The commit and its message.
fn read(arguments: &Arguments) -> Result<(String, Reading), Error> {
    let repo = arguments.repo.as_deref();
    let rev = match &arguments.rev {
        Some(rev) => rev,
        None => match ci::here()? {
            Some(ci) => {
                let found = Checkout::look(repo, &ci).message(&ci)?;
                return Ok((found.commit, found.reading));
            }
            None => "HEAD",
        },
    };
    let commit = git::commit(repo, rev)?;
    let reading = message::from_commit(&commit)?;
    Ok((commit.id, reading))
}

fn explained(
    tag: &str,
    stage: Option<Stage>,
    load_test: LoadTestWord,
    decision: Decision,
) -> Explained {
    Explained {
        tag: tag.to_owned(),
        stage: AssumedStage(stage),
        load_test: ByName(load_test),
        permission: ByName(decision.permission),
        next_text: actions::sentence(&decision.next),
        reasons: documents(decision.reasons),
    }
}

fn human(
    commit: &str,
    text: &str,
    labels: &Labels,
    tags: &[String],
    refused: &[ReasonDocument],
    decisions: &[Explained],
    colour: bool,
) -> String {
    let subject = text.lines().next().unwrap_or_default();
    let mut shown = format!("commit {commit}\n  {}\n\n", escape(subject));
    let _ = write!(
        shown,
        "label\n{}",
        indented(&label::human(text, labels, colour))
    );
    shown.push_str(
        "\ntags to push, if it is built on the publish branch and its jobs have passed\n",
    );
    for tag in tags {
        let _ = writeln!(shown, "  {}", escape(tag));
    }
    for reason in refused {
        let _ = writeln!(shown, "  refused: {}", escape(&reason.message));
    }
    let (before, after): (Vec<_>, Vec<_>) = decisions
        .iter()
        .partition(|decision| decision.stage.0.is_none());
    if !before.is_empty() {
        shown.push_str("\ndecision now, with nothing deployed\n");
    }
    for decision in before {
        let _ = writeln!(
            shown,
            "  {}\n    {}: {}",
            escape(&decision.tag),
            decision.permission,
            first(decision)
        );
        let _ = writeln!(shown, "    next: {}", decision.next_text);
    }
    if let Some(decision) = after.first() {
        let _ = writeln!(
            shown,
            "\ndecision about {}, once every node serves it\n  load test",
            escape(&decision.tag)
        );
    }
    for decision in after {
        let _ = writeln!(
            shown,
            "    {:<12}  {}: {}",
            decision.load_test,
            decision.permission,
            first(decision)
        );
    }
    shown
}

fn first(decision: &Explained) -> std::borrow::Cow<'_, str> {
    decision
        .reasons
        .first()
        .map_or("".into(), |reason| escape(&reason.message))
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.is_empty() {
                "\n".to_owned()
            } else {
                format!("  {line}\n")
            }
        })
        .collect()
}
