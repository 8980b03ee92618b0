//! `greenlight replay`: runs the policy on every commit of a history.

mod human;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cli::configuration::{self, SettingsArguments};
use crate::cli::output::Output;
use crate::cli::table::publishable;
use crate::cli::{Error, Exit, args, progress};
use crate::contract::Answer;
use crate::contract::documents::DiagnosticDocument;
use crate::contract::environments::Build;
use crate::contract::fields::ByName;
#[cfg(test)]
use crate::contract::fields::{Commit as CommitHash, shapes};
use crate::contract::labels::{Labels, Message};
use crate::contract::names::Named as _;
use crate::contract::reason_documents::{ReasonDocument, documents};
use crate::contract::types::{Diagnostic, LoadTestAction, Settings, Severity};
use crate::facts::git::{self, Commit, Objects};
use crate::facts::message;
use crate::sandbox::{Failure, Policy, Sandbox, Use};
use crate::text::{json, time};

/// Run every commit of a history through the policy, and summarize the answers.
///
/// The repository is only read. The answers assume a build of the publish branch in which every job has passed.
/// Human output shows the commits with a label or a diagnostic; the summary counts all commits.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Select commits by revisions and ranges, as `git rev-list` takes them.
    #[arg(value_name = "RANGE", default_value = "HEAD")]
    range: Vec<String>,
    /// Follow only the first parent of merge commits.
    #[arg(long)]
    first_parent: bool,
    /// Show only commits with a warning or an error, and those that the policy refuses. The summary counts all.
    #[arg(long)]
    only_warnings: bool,
    /// Write the answer for people or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    settings: SettingsArguments,
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: a line for each commit, and one for the summary.
    Jsonl,
}

/// A line of what `greenlight replay --format jsonl` prints: one for every commit, and one for the summary.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the lines are written one by one")]
pub(super) enum Line {
    Commit(CommitDocument),
    Summary(Summary),
}

/// One commit of the history, in the order of `git rev-list`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "CommitLine"))]
#[serde(rename_all = "kebab-case")]
pub(super) struct CommitDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The commit.
    #[cfg_attr(test, schemars(with = "CommitHash"))]
    commit: String,
    /// When it was committed, in UTC; null if git does not have the commit.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    date: Option<String>,
    /// The name of its author; null if git does not have the commit.
    author: Option<String>,
    /// What a failed load test does to the release; null if the message could not be read.
    action: Option<ByName<LoadTestAction>>,
    /// True if a label sets the action, false if it is the default or unknown.
    explicit: bool,
    /// The tags to push; empty if the policy refuses.
    #[cfg_attr(test, schemars(with = "Vec<shapes::Tag>", extend("uniqueItems" = true)))]
    tags: Vec<String>,
    /// Why there is no answer.
    refused: Vec<ReasonDocument>,
    /// Notes, warnings and errors about the message.
    diagnostics: Vec<DiagnosticDocument>,
}

/// The last line of the answer. An answer without it is incomplete.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "SummaryLine"))]
#[serde(rename_all = "kebab-case")]
pub(super) struct Summary {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The number of commits.
    commits: u64,
    /// Commits with a label, by its action.
    #[cfg_attr(test, schemars(with = "shapes::Labels"))]
    labels: BTreeMap<&'static str, u64>,
    /// Commits without a label.
    defaults: u64,
    /// Commits whose message could not be read.
    unreadable: u64,
    /// Diagnostics by their code.
    #[cfg_attr(test, schemars(with = "shapes::Codes"))]
    diagnostics: BTreeMap<String, u64>,
}

impl CommitDocument {
    const SCHEMA: &'static str = "greenlight.replay/3";

    /// Whether the policy refuses the commit, or its message has more than a note.
    fn is_warned(&self) -> bool {
        let mut diagnostics = self.diagnostics.iter();
        !self.refused.is_empty() || diagnostics.any(|it| it.severity.0 != Severity::Note)
    }
}

impl Summary {
    const SCHEMA: &'static str = "greenlight.replay-summary/2";
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let flags = arguments.settings.flags(arguments.repo.as_deref());
    let resolved = configuration::resolve(&flags, output)?;
    let policy = configuration::policy(&resolved, Use::Often)?;
    let progress = progress_bar(arguments, output);
    let mut list = git::Running::start(&mut rev_list(arguments, &[]))?;
    let listed = Stdio::from(list.output()?);
    let mut objects = Objects::open_from(arguments.repo.as_deref(), listed)?;
    let mut summary = Summary {
        schema: Summary::SCHEMA,
        ..Summary::default()
    };
    let mut questions = Questions {
        kept: (resolved.policy.is_none() && !cfg!(policy_given))
            .then(|| policy.sandbox())
            .transpose()?,
        policy: &policy,
    };
    let mut text = String::new();
    loop {
        let document = match objects.read() {
            Ok(None) => break,
            Ok(Some(commit)) => {
                let mut document = ask(&mut questions, &resolved.settings, &commit, &mut text)
                    .inspect_err(|_| output.error(&format!("at commit {}\n", commit.id)))?;
                document.date = message::committed(&commit).map(time::instant);
                document.author = message::author(&commit);
                document
            }
            // A partial clone can list commits whose objects it does not have.
            Err(git::Answer::Missing(what)) => {
                text.clear();
                let id = what.split(' ').next().unwrap_or_default().to_owned();
                unreadable(id, &format!("git does not have it: {what}"))
            }
            Err(git::Answer::TooLong(id)) => {
                text.clear();
                unreadable(id, "the commit is longer than the limit")
            }
            Err(git::Answer::Broken(error)) => {
                return Err(objects.failed(error));
            }
        };
        summary.count(&document);
        progress.inc(1);
        if arguments.only_warnings && !document.is_warned() {
            continue;
        }
        match arguments.format {
            Format::Human => output.text(&human::line(&document, &text)),
            Format::Jsonl => {
                output.text(&json::line(&document)?);
                if output.is_long() {
                    output.flush()?;
                }
            }
        }
    }
    // In this order: if the list was not read to its end, `git cat-file` has failed.
    objects.end()?;
    list.end()?;
    progress.finish_and_clear();
    match arguments.format {
        Format::Human => output.text(&human::summed_up(&summary)),
        Format::Jsonl => output.text(&json::line(&summary)?),
    }
    Ok(Exit::Go)
}

fn rev_list(arguments: &Arguments, more: &[&str]) -> std::process::Command {
    let mut command = git::git(arguments.repo.as_deref());
    command.arg("rev-list").args(more);
    if arguments.first_parent {
        command.arg("--first-parent");
    }
    // A range is never an option, even if it begins with `-`.
    command
        .arg("--end-of-options")
        .args(&arguments.range)
        .arg("--");
    command
}

fn progress_bar(arguments: &Arguments, output: &Output) -> ProgressBar {
    progress::bar(output, arguments.format == Format::Jsonl, "commits", || {
        let count = git::output(&mut rev_list(arguments, &["--count"])).ok()?;
        String::from_utf8(count.stdout).ok()?.trim().parse().ok()
    })
}

impl Summary {
    fn count(&mut self, document: &CommitDocument) {
        self.commits += 1;
        match document.action {
            Some(action) if document.explicit => {
                *self.labels.entry(action.0.name()).or_default() += 1;
            }
            Some(_) => self.defaults += 1,
            None => self.unreadable += 1,
        }
        for diagnostic in &document.diagnostics {
            *self.diagnostics.entry(diagnostic.code.clone()).or_default() += 1;
        }
    }
}

/// The sandboxes that answer: a fresh one for each question, except for the bundled policy, which keeps no state
/// between calls, as a test shows. Reusing its sandbox makes a replay as fast as git.
struct Questions<'a> {
    policy: &'a Policy,
    kept: Option<Sandbox>,
}

impl Questions<'_> {
    fn parse(
        &mut self,
        message: &Message,
        default: LoadTestAction,
    ) -> Result<Answer<Labels>, Failure> {
        match &mut self.kept {
            Some(sandbox) => sandbox.parse(message, default),
            None => self.policy.parse(message, default),
        }
    }

    fn tags(&mut self, build: &Build, settings: &Settings) -> Result<Answer<Vec<String>>, Failure> {
        match &mut self.kept {
            Some(sandbox) => sandbox.tags(build, settings),
            None => self.policy.tags(build, settings),
        }
    }
}

/// Asks about one commit. `text` becomes its message.
fn ask(
    questions: &mut Questions<'_>,
    settings: &Settings,
    commit: &Commit,
    text: &mut String,
) -> Result<CommitDocument, Error> {
    text.clear();
    let reading = match message::from_commit(commit) {
        Ok(reading) => reading,
        Err(error) => return Ok(unreadable(commit.id.clone(), &error.message)),
    };
    let labels = match questions.parse(&reading.message, settings.default_action)? {
        Ok(labels) => args::with_reading(labels, &reading),
        Err(reasons) => {
            let mut document = empty(commit.id.clone());
            document.refused = documents(reasons);
            return Ok(document);
        }
    };
    let build = publishable(&commit.id, labels.action, settings);
    let (tags, refused) = match questions.tags(&build, settings)? {
        Ok(tags) => (tags, Vec::new()),
        Err(reasons) => (Vec::new(), documents(reasons)),
    };
    *text = reading.message.text;
    Ok(CommitDocument {
        action: Some(ByName(labels.action)),
        explicit: labels.source.is_some(),
        tags,
        refused,
        diagnostics: documents(labels.diagnostics),
        ..empty(build.commit)
    })
}

fn empty(commit: String) -> CommitDocument {
    CommitDocument {
        schema: CommitDocument::SCHEMA,
        commit,
        date: None,
        author: None,
        action: None,
        explicit: false,
        tags: Vec::new(),
        refused: Vec::new(),
        diagnostics: Vec::new(),
    }
}

/// A commit without an answer, and why. The replay continues.
fn unreadable(commit: String, why: &str) -> CommitDocument {
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        code: "message-unreadable".to_owned(),
        message: why.to_owned(),
        span: None,
        help: None,
    };
    CommitDocument {
        diagnostics: documents(vec![diagnostic]),
        ..empty(commit)
    }
}
