//! `greenlight decide`: whether a release may enter the next environment.

use std::path::PathBuf;

use clap::Args;

use super::args::{Format, FormatArguments, MessageArguments, ReadingArguments};
use super::configuration::{self, SettingsArguments};
use super::exports::ExportArguments;
use super::fact_arguments::FactArguments;
use super::output::{Output, refuse};
use super::{Error, Exit, WarnExitCode, args};
use crate::clock;
use crate::config::resolved::Resolved;
use crate::contract::Answer;
use crate::contract::documents::DecisionDocument;
use crate::contract::promotion::{Event, EventKind, Instruction, InterventionKind, Release};
use crate::contract::types::{Settings, Timestamp};
use crate::deployment::{calendar, release_facts};
use crate::facts::ci::{self, CiEnvironment};
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::facts::{git, history_file, message};
use crate::report::export::{Findings, Name};
use crate::report::terminal;
use crate::sandbox::{Policy, Use};
use crate::text::escape::escape;
use crate::text::json;

/// Decide whether a release may enter the next environment.
///
/// Give the evidence as words with `--stage` and `--load-test`, or event by event with `--history`. Missing
/// evidence counts as unknown and never permits promotion. The windows of the configuration count; freezes of people are in
/// the journal, which is not read.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Set the tag that asks for the release.
    #[arg(long)]
    tag: String,
    /// Set the digest of the image that the tag points at.
    #[arg(long, value_name = "DIGEST", value_parser = args::digest)]
    digest: Option<String>,
    /// Set the state of the deployment to the first environment.
    #[arg(long, value_enum)]
    stage: Option<Stage>,
    /// Set the verdict of the load test of the first environment.
    #[arg(long, value_enum, default_value = "not-run")]
    load_test: LoadTestWord,
    /// Read all events from this JSON file; `greenlight schema history` describes its format.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["stage", "load_test"])]
    history: Option<PathBuf>,
    /// Decide as of this time, in seconds since 1970 UTC [default: now].
    #[arg(long, value_name = "SECONDS")]
    now: Option<Timestamp>,
    #[command(flatten)]
    message: MessageArguments,
    #[command(flatten)]
    reading: ReadingArguments,
    #[command(flatten)]
    facts: FactArguments,
    /// Set the exit status of a promotion with a warning.
    #[arg(long, value_enum, value_name = "STATUS", default_value_t)]
    warn_exit_code: WarnExitCode,
    #[command(flatten)]
    exports: ExportArguments,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    settings: SettingsArguments,
}

/// What it exports.
const NAMES: [Name; 6] = [
    Name::Environment,
    Name::LoadTest,
    Name::Commit,
    Name::Permission,
    Name::Next,
    Name::Reason,
];

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = &arguments.exports;
    exports.around("decide", &NAMES, output, |found, output| {
        answer(arguments, found, output)
    })
}

fn answer(arguments: &Arguments, found: &mut Findings, output: &mut Output) -> Result<Exit, Error> {
    let flags = arguments.settings.flags(arguments.reading.repo.as_deref());
    let resolved = configuration::resolve(&flags, output)?;
    let policy = configuration::policy(&resolved, Use::Once)?;
    let settings = &resolved.settings;
    let now = match arguments.now {
        Some(now) => now,
        None => clock()?,
    };
    // If the policy can't read the tag, the commit is unknown; the decision says so.
    let target = policy.resolve(&arguments.tag, settings)?.ok();
    if let Some(target) = &target {
        found.resolved(target);
    }
    let commit = target.map(|target| target.commit);
    let mut events = match &arguments.history {
        Some(file) => history_file::from_file(file)?,
        None => given(arguments, commit.as_deref(), settings, now),
    };
    events.extend(scheduled(&events, &resolved, now));
    let instruction = match instruction(arguments, commit.as_deref(), &policy, settings, output)? {
        Ok(instruction) => instruction,
        Err(reasons) => {
            found.refused(&reasons);
            return refuse(arguments.format.format, reasons, output);
        }
    };
    let facts = match &commit {
        Some(commit) => {
            let facts = arguments
                .facts
                .sources(&resolved, &policy, &arguments.reading);
            facts.read(release_facts::Subject {
                commit,
                read: None,
                tag: Some(&arguments.tag),
                digest: arguments.digest.as_deref(),
                ci: None,
            })?
        }
        None => Vec::new(),
    };
    let release = Release {
        tag: arguments.tag.clone(),
        digest: arguments.digest.clone(),
        instruction,
        authors: authors(arguments, commit.as_deref(), &events, settings)?,
        facts,
    };
    let decision = policy.decide(&release, &events, now, settings)?;
    found.decided(&decision);
    let exit = Exit::of(decision.permission, arguments.warn_exit_code);
    match arguments.format.format {
        Format::Human => output.text(&terminal::decision(&decision)),
        Format::Json => output.text(&json::pretty(&DecisionDocument::new(&release, decision))?),
    }
    Ok(exit)
}

/// The current time.
pub fn clock() -> Result<Timestamp, Error> {
    clock::since_1970()
        .map(|time| time.as_secs())
        .ok_or_else(|| {
            Error::new(
                "the clock of this machine is set before 1970",
                "set it, or give the time with `--now`",
            )
        })
}

fn given(
    arguments: &Arguments,
    commit: Option<&str>,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Event> {
    let (Some(commit), Some(environment)) = (commit, settings.environments.first()) else {
        return Vec::new();
    };
    let subject = Subject {
        environment: &environment.name,
        commit,
        digest: arguments.digest.as_deref(),
        load_tests: &environment.load_tests,
    };
    evidence::history(&subject, arguments.stage, arguments.load_test, now)
}

/// The windows of the configuration as an event, unless the history has windows. The journal is not read, so freezes of
/// people are unknown.
fn scheduled(history: &[Event], resolved: &Resolved, now: Timestamp) -> Option<Event> {
    let windows = &resolved.config()?.windows;
    let mut kinds = history.iter().map(|it| &it.kind);
    if windows.is_empty() || kinds.any(|it| matches!(it, EventKind::Scheduled(_))) {
        return None;
    }
    let names = resolved.settings.environments.iter();
    let names: Vec<_> = names.map(|it| it.name.as_str()).collect();
    let calendar = calendar::calendar(windows, &[], &names, now);
    Some(Event {
        at: now,
        kind: EventKind::Scheduled(calendar),
    })
}

/// The authors of the release's commit, if it matters who they are: the history has an approval, and an approval of an
/// author does not count.
///
/// # Errors
///
/// If the commit can't be read. The approval could be one of its author.
fn authors(
    arguments: &Arguments,
    commit: Option<&str>,
    history: &[Event],
    settings: &Settings,
) -> Result<Vec<String>, Error> {
    let is_approval = |it: &Event| match &it.kind {
        EventKind::Intervened(it) => it.kind == InterventionKind::Approved,
        _ => false,
    };
    let mut environments = settings.environments.iter();
    let authors_matter = environments.any(|it| it.approvals > 0 && !it.author_may_approve);
    let Some(commit) = commit.filter(|_| authors_matter && history.iter().any(is_approval)) else {
        return Ok(Vec::new());
    };
    let read = git::commit(arguments.reading.repo.as_deref(), commit).map_err(|error| {
        error.within("failed to read the author of the release, whose approval does not count")
    })?;
    Ok(message::authors(&read))
}

/// Reads the label of the release's commit: from the given message, or from the given repository.
fn instruction(
    arguments: &Arguments,
    commit: Option<&str>,
    policy: &Policy,
    settings: &Settings,
    output: &Output,
) -> Result<Answer<Option<Instruction>>, Error> {
    let source = if arguments.message.is_given() {
        let pending = arguments.message.begin(&arguments.reading, || Ok(None))?;
        pending.finish()?
    } else if let (Some(_), Some(commit)) = (&arguments.reading.repo, commit) {
        let message = MessageArguments::of_commit(commit);
        message.begin(&arguments.reading, || Ok(None))?.finish()?
    } else {
        match built(arguments, commit.unwrap_or_default()) {
            Ok(Some(source)) => source,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => {
                // The user did not ask for this evidence, so the decision is made without it.
                output.note(&format!("note: {}\n", escape(&error.message)));
                return Ok(Ok(None));
            }
        }
    };
    if let (Some(read), Some(commit)) = (&source.commit, commit)
        && read != commit
    {
        return Err(Error::new(
            format!("`--rev` names commit {read}, but the tag names {commit}"),
            "leave `--rev` out; `--repo` reads the message of the tag's commit",
        ));
    }
    let reading = source.reading;
    let labels = match policy.parse(&reading.message, settings.default_action)? {
        Ok(labels) => args::with_reading(labels, &reading),
        Err(reasons) => return Ok(Err(reasons)),
    };
    args::tell(output, &reading.message.text, &labels);
    Ok(Ok(Some(Instruction {
        action: labels.action,
        source: labels.source,
        extra: labels.extra,
    })))
}

/// The message of the commit that the CI system builds, if it is the commit of the release.
fn built<'a>(arguments: &'a Arguments, commit: &str) -> Result<Option<args::Source<'a>>, Error> {
    let release = |ci: &CiEnvironment| ci.commit.as_ref().is_some_and(|it| it.value == commit);
    let Some(ci) = ci::here()?.filter(release) else {
        return Ok(None);
    };
    let pending = arguments
        .message
        .begin(&arguments.reading, || Ok(Some(ci)))?;
    pending.finish().map(Some)
}
