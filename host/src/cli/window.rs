//! `greenlight window`: whether a deployment may begin in an environment now.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::{Error, Exit, freeze};
use crate::clock;
use crate::config::resolved::Resolved;
use crate::contract::fields::ByName;
use crate::contract::promotion::{Calendar, WindowKind};
use crate::deployment::calendar;
use crate::deployment::opening::{self, Closed};
use crate::journal::Freeze;
use crate::text::escape::escape;
use crate::text::json;

/// Show whether a deployment may begin in an environment now: status 0 if it may, 4 if windows or freezes hold it.
///
/// It names every window and freeze that holds, and lists all freezes of the journal that are in force. It reads the windows
/// of the configuration and the freezes of the journal. A merge queue can use the status.
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
    /// The freezes of the journal that are in force, of all environments, the oldest first.
    freezes: Vec<FreezeDocument>,
}

/// A freeze of the journal that is in force.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Freeze"))]
#[serde(rename_all = "kebab-case")]
struct FreezeDocument {
    /// Its name, for `greenlight thaw` and `--despite`.
    name: String,
    /// The environment; null for all of them.
    environment: Option<String>,
    /// When it was written, in milliseconds since 1970.
    at: u64,
    /// When it ends by itself, in milliseconds since 1970; null if it ends only when a person thaws it.
    until: Option<u64>,
    /// The person.
    by: String,
    /// Why, in the words of the person.
    reason: String,
    /// The freeze in one line, with its end in the local time of the configuration's windows and in UTC.
    text: String,
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
    /// Each freeze, and each window that the time is outside of; empty if the environment is open without restriction. Of
    /// windows with different `outside`, only the strictest ones are listed.
    closed_by: Vec<ClosedByDocument>,
    /// When a deployment may begin, in milliseconds since 1970; null if one may begin without restriction now, or if it is
    /// not known, or more than 31 days ahead.
    next_opening: Option<u64>,
    /// The next opening in words, in the local time of the first window and in UTC, or why it is not known; null if a
    /// deployment may begin without restriction now.
    next_opening_text: Option<String>,
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
    /// When the freeze ends by itself, in milliseconds since 1970; null for one without an end, and for a window that allows.
    until: Option<u64>,
    /// The time zone of the window.
    zone: String,
}

impl OpeningDocument {
    /// The answer for an environment at a time.
    pub(super) fn of(calendar: &Calendar, environment: &str, at: u64) -> Self {
        let closed = opening::closed(calendar, environment, at);
        Self {
            environment: environment.to_owned(),
            at: milliseconds(at),
            open: !closed.as_ref().is_some_and(Closed::holds),
            next_opening: closed.as_ref().and_then(|it| it.next).map(milliseconds),
            next_opening_text: closed.as_ref().map(Closed::next_in_words),
            closed_by: closed.map_or_else(Vec::new, |it| closed_by(&it, at)),
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

    /// What an answer that `of_windows` gave means for a merge, in one line.
    pub(super) fn of_merge(&self) -> String {
        let inside = self.inside();
        format!("{inside}; freezes in the journal are not read (`greenlight window` reads them)")
    }

    fn inside(&self) -> String {
        let name = escape(&self.environment);
        let Some(next) = &self.next_opening_text else {
            return format!("a merge now is inside the windows of `{name}`");
        };
        let closed_by: Vec<_> = self
            .closed_by
            .iter()
            .map(|it| format!("`{}`", escape(&it.window)))
            .collect();
        format!(
            "a merge now is outside of the windows of `{name}` ({}{}): {}",
            closed_by.join(", "),
            if self.open {
                ", which does not hold a release"
            } else {
                ""
            },
            escape(next)
        )
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let name = escape(&self.environment);
        let word = if self.open { "open" } else { "closed" };
        let mut text = format!("{name}: {word}");
        for (place, it) in self.closed_by.iter().enumerate() {
            let window = escape(&it.window);
            text.push_str(if place == 0 { ", " } else { "\n  and " });
            // Writing into a string can't fail.
            let _ = match it.kind.0 {
                WindowKind::Freeze => write!(text, "frozen by `{window}`"),
                WindowKind::Allow => write!(text, "outside of window `{window}`"),
            };
            if let Some(why) = &it.reason {
                let _ = write!(text, ": {}", escape(why));
            }
        }
        if let Some(next) = &self.next_opening_text {
            let _ = write!(text, "\n  {}", escape(next));
        }
        text.push('\n');
        text
    }
}

impl WindowDocument {
    const SCHEMA: &'static str = "greenlight.window/1";

    /// For people: the answer, and the freezes.
    fn text(&self) -> String {
        let mut text = self.opening.text();
        if !self.freezes.is_empty() {
            text.push_str("\nfreezes in force\n");
        }
        for freeze in &self.freezes {
            // The line is escaped where it is made; writing into a string can't fail.
            let _ = writeln!(text, "  {}", freeze.text);
        }
        text
    }
}

/// What closes an environment at a time.
fn closed_by(closed: &Closed<'_>, at: u64) -> Vec<ClosedByDocument> {
    let all = closed.all.iter().map(|it| ClosedByDocument {
        window: it.name.clone(),
        kind: ByName(it.kind),
        reason: it.why.clone(),
        until: closed.end(it, at).map(milliseconds),
        zone: it.zone.clone(),
    });
    all.collect()
}

/// The freezes of the journal that are in force at a time.
fn in_force(freezes: &[Freeze], now: u64, zone: &str) -> Vec<FreezeDocument> {
    let now = milliseconds(now);
    let freezes = freezes.iter().filter(|it| it.is_in_force(now));
    let freezes = freezes.map(|it| FreezeDocument {
        name: it.name(),
        environment: it.new.environment.clone(),
        at: it.new.at,
        until: it.new.until,
        by: it.new.by.clone(),
        reason: it.new.why.clone(),
        text: freeze::in_words(it, zone),
    });
    freezes.collect()
}

fn milliseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(1000)
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
        freezes: in_force(&freezes, now, freeze::zone(&config)),
    };
    match arguments.format.format {
        Format::Human => output.text(&document.text()),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(if document.opening.open {
        Exit::Go
    } else {
        Exit::Hold
    })
}
