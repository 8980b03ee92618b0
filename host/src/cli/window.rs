//! `greenlight window`: whether a deployment may begin in an environment now.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::{Error, Exit};
use crate::clock;
use crate::config::resolved::Resolved;
use crate::contract::fields::ByName;
use crate::contract::promotion::{Calendar, WindowKind};
use crate::deployment::calendar;
use crate::deployment::opening::{self, Closed};
use crate::text::escape::escape;
use crate::text::json;

/// Show whether a deployment may begin in an environment now: status 0 if it may, 4 if windows or freezes hold it.
///
/// It reads the windows of the configuration and the freezes of the journal. A merge queue can use the status.
#[derive(Debug, Args)]
pub struct WindowArguments {
    /// Show the windows of this environment [default: the last one].
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// What `greenlight window --format json` prints: whether a deployment may begin in an environment now.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct WindowDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The answer.
    opening: OpeningDocument,
}

/// Whether a deployment may begin in an environment at a time.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Opening"))]
#[serde(rename_all = "kebab-case")]
pub(super) struct OpeningDocument {
    /// The environment.
    environment: String,
    /// The time of the answer, in milliseconds since 1970.
    at: u64,
    /// Whether a deployment may begin. Outside of a window with `outside = "note"` or `"warn"`, it may.
    open: bool,
    /// The freeze, or the window that the time is outside of; null if the environment is open without restriction.
    closed_by: Option<ClosedByDocument>,
}

/// A window that is closed, or a freeze.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ClosedBy"))]
#[serde(rename_all = "kebab-case")]
struct ClosedByDocument {
    /// The name of the window; `freeze-1` for a freeze of the journal.
    window: String,
    /// Whether the window allows deployments in its ranges, or freezes them.
    kind: ByName<WindowKind>,
    /// The reason for the window, from the configuration or from a person; null if it is unknown.
    reason: Option<String>,
    /// When a deployment may begin, in milliseconds since 1970; null if it is not known, or more than 31 days ahead.
    next_opening: Option<u64>,
    /// The next opening in words, in the local time of the window and in UTC.
    next_opening_text: String,
    /// The time zone of the window.
    zone: String,
}

impl WindowDocument {
    const SCHEMA: &'static str = "greenlight.window/1";
}

impl OpeningDocument {
    /// The answer for an environment at a time.
    pub(super) fn of(calendar: &Calendar, environment: &str, at: u64) -> Self {
        let closed = opening::closed(calendar, environment, at);
        Self {
            environment: environment.to_owned(),
            at: at.saturating_mul(1000),
            open: !closed.as_ref().is_some_and(Closed::holds),
            closed_by: closed.map(|it| ClosedByDocument {
                kind: ByName(it.window.kind),
                reason: it.window.why.clone(),
                next_opening: it.next.map(|it| it.saturating_mul(1000)),
                next_opening_text: opening::next_opening(it.next, Some(&it.window.zone)),
                window: it.window.name.clone(),
                zone: it.window.zone.clone(),
            }),
        }
    }

    /// The answer for the last environment, now; `None` without windows. The journal is not read, so freezes of people are
    /// unknown: a build of a pull request may have no access to it.
    pub(super) fn of_windows(resolved: &Resolved) -> Option<Self> {
        let windows = &resolved.config()?.windows;
        let names = resolved.settings.environments.iter();
        let names: Vec<_> = names.map(|it| it.name.as_str()).collect();
        let last = names.last().filter(|_| !windows.is_empty())?;
        let now = clock::seconds();
        let calendar = calendar::calendar(windows, &[], &names, now);
        Some(Self::of(&calendar, last, now))
    }

    /// What the answer means for a merge, in one line.
    pub(super) fn of_merge(&self) -> String {
        let name = escape(&self.environment);
        match &self.closed_by {
            None => format!("a merge now is inside the windows of `{name}`"),
            Some(it) => format!(
                "a merge now is outside of the windows of `{name}` (`{}`{}): {}",
                escape(&it.window),
                if self.open {
                    ", which does not hold a release"
                } else {
                    ""
                },
                escape(&it.next_opening_text)
            ),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let name = escape(&self.environment);
        let word = if self.open { "open" } else { "closed" };
        let mut text = format!("{name}: {word}");
        if let Some(it) = &self.closed_by {
            let window = escape(&it.window);
            // Writing into a string can't fail.
            let _ = match it.kind.0 {
                WindowKind::Freeze => write!(text, ", frozen by `{window}`"),
                WindowKind::Allow => write!(text, ", outside of window `{window}`"),
            };
            if let Some(why) = &it.reason {
                let _ = write!(text, ": {}", escape(why));
            }
            let _ = write!(text, "\n  {}", escape(&it.next_opening_text));
        }
        text.push('\n');
        text
    }
}

/// Says whether an environment is open.
///
/// # Errors
///
/// If no configuration is found, the environment is unknown, or the journal can't be read.
pub fn window(arguments: &WindowArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let names = config.names();
    let environment = match &arguments.environment {
        Some(name) => {
            config.check_name(name)?;
            name.as_str()
        }
        None => names.last().copied().unwrap_or_default(),
    };
    let freezes = calendar::freezes(&config)?;
    let now = clock::seconds();
    let calendar = calendar::calendar(&config.windows, &freezes, &names, now);
    let document = WindowDocument {
        schema: WindowDocument::SCHEMA,
        opening: OpeningDocument::of(&calendar, environment, now),
    };
    match arguments.format.format {
        Format::Human => output.text(&document.opening.text()),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(if document.opening.open {
        Exit::Go
    } else {
        Exit::Hold
    })
}
