//! `greenlight label`: reads the label of a commit message.

use clap::Args;

use super::args::{Format, FormatArguments, MessageArguments, ReadingArguments};
use super::configuration::{self, DefaultActionArgument, PolicyArguments};
use super::exports::ExportArguments;
use super::output::{Output, refuse};
use super::window::OpeningDocument;
use super::{Error, Exit, args};
use crate::config::resolved::Flags;
use crate::contract::documents::LabelDocument;
use crate::contract::labels::Labels;
use crate::contract::names::Named as _;
use crate::contract::types::{LoadTestAction, Severity};
use crate::facts::ci::{self, CiEnvironment};
use crate::report::export::{Findings, Name};
use crate::report::terminal;
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;

/// Read the label of a commit message.
///
/// A label is `[load test: abort|skip|warn]`, anywhere in the message. A near miss, which looks like a label
/// but is not one, is reported with the corrected text and has no effect. For a pull request in a CI system, a note says
/// whether a merge now is inside the windows of the last environment. Freezes in the journal are not read.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    message: MessageArguments,
    #[command(flatten)]
    reading: ReadingArguments,
    /// Exit with 1 on a warning.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    exports: ExportArguments,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    default_action: DefaultActionArgument,
}

/// What it exports.
const NAMES: [Name; 4] = [Name::Action, Name::Label, Name::Commit, Name::Reason];

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = &arguments.exports;
    exports.around("label", &NAMES, output, |found, output| {
        answer(arguments, found, output)
    })
}

fn answer(arguments: &Arguments, found: &mut Findings, output: &mut Output) -> Result<Exit, Error> {
    let pending = arguments.message.begin(&arguments.reading, ci::here)?;
    let flags = Flags {
        default_action: arguments.default_action.default_action,
        ..arguments.policy.flags(arguments.reading.repo.as_deref())
    };
    let resolved = configuration::resolve(&flags, output)?;
    let policy = configuration::policy(&resolved, Use::Once)?;
    let source = pending.finish()?;
    if let Some((ci, checkout)) = &source.system
        && let Err(elsewhere) = checkout.is_what_is_built(ci)
    {
        output.note(&format!(
            "note: {}; the label is read from its message\n",
            escape(&elsewhere.message)
        ));
    }
    let is_proposed = |(ci, _): &(CiEnvironment, _)| ci.change.is_some();
    if source.system.as_ref().is_some_and(is_proposed)
        && let Some(opening) = OpeningDocument::of_windows(&resolved)
    {
        output.note(&format!("note: {}\n", opening.of_merge()));
    }
    found.set(Name::Commit, source.commit.as_deref().unwrap_or_default());
    let message = &source.reading.message;
    let action = resolved.settings.default_action;
    let labels = match policy.parse(message, action)? {
        Ok(labels) => args::with_reading(labels, &source.reading),
        Err(reasons) => {
            found.refused(&reasons);
            return refuse(arguments.format.format, reasons, output);
        }
    };
    found.labeled(&labels);
    let warned = labels
        .diagnostics
        .iter()
        .any(|d| d.severity != Severity::Note);
    match arguments.format.format {
        Format::Human => output.text(&human(&message.text, &labels, output.colour())),
        Format::Json => {
            args::tell(output, &message.text, &labels);
            output.text(&json::pretty(&LabelDocument::new(source.commit, labels))?);
        }
    }
    Ok(if arguments.strict && warned {
        Exit::Stop
    } else {
        Exit::Go
    })
}

/// Writes the action, its source, and the diagnostics.
pub fn human(text: &str, labels: &Labels, colour: bool) -> String {
    let says = meaning(labels.action);
    let mut shown = match &labels.source {
        Some(span) => format!(
            "{}: {says}\n{}",
            labels.action.name(),
            terminal::label(text, *span, "this label decides", colour)
        ),
        None => format!(
            "{}: {says} (default: the message has no label)\n",
            labels.action.name()
        ),
    };
    for diagnostic in &labels.diagnostics {
        shown.push('\n');
        shown.push_str(&terminal::diagnostic(text, diagnostic, colour));
    }
    shown
}

/// Says what an action means.
pub fn meaning(action: LoadTestAction) -> &'static str {
    match action {
        LoadTestAction::Abort => "a failed load test stops the deployment",
        LoadTestAction::Skip => "no load test runs",
        LoadTestAction::Warn => "a failed load test is reported, and the deployment goes on",
    }
}
