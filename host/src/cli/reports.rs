//! `--report`: reports about a deployment, in files.

use std::path::PathBuf;

use clap::Args;

use super::Error;
use super::replace::replace;
use crate::clock;
use crate::contract::names::{Named as _, names};
use crate::deployment::timeline::{self, Timeline};
use crate::deployment::{log, stored};
use crate::journal::{self, Store};
use crate::report::{html, junit, markdown, sarif};

/// Which reports are written.
#[derive(Debug, Default, Args)]
pub struct ReportArguments {
    #[arg(
        long = "report",
        value_name = "FORMAT=FILE",
        value_parser = report,
        help = format!("Write a report: {}; repeatable", any_kind(""))
    )]
    reports: Vec<(Kind, PathBuf)>,
}

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Html,
    Junit,
    Sarif,
    Markdown,
}

names! {
    Kind { Html = "html", Junit = "junit", Sarif = "sarif", Markdown = "markdown" }
}

impl ReportArguments {
    /// Whether no report is requested.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// Writes the requested reports about a timeline.
    pub fn write_timeline(&self, timeline: &Timeline) -> Result<(), Error> {
        for (kind, file) in &self.reports {
            let text = rendered(*kind, timeline)
                .map_err(|why| Error::output(format!("failed to make a report: {why}")))?;
            replace(file, text.as_bytes()).map_err(|error| {
                Error::output(format!("failed to write `{}`: {error}", file.display()))
                    .because(error)
            })?;
        }
        Ok(())
    }
}

/// A deployment as its journal has it, after the process that drove it.
pub fn timeline(store: &mut dyn Store, number: u64) -> Result<Timeline, Error> {
    let header = store.deployment(number)?;
    let header = header.ok_or(journal::Error::Unknown(number))?;
    let entries = log::read(store, number)?;
    let mut timeline = timeline::project(&header, &entries);
    timeline.add_messages(store.outbox_of(number)?);
    timeline.expire(clock::milliseconds());
    if timeline.conclusion.is_none() {
        stored::interrupt(&mut timeline, store, &entries)?;
    }
    Ok(timeline)
}

fn rendered(kind: Kind, timeline: &Timeline) -> Result<String, String> {
    match kind {
        Kind::Html => html::page(timeline).map_err(|error| error.to_string()),
        Kind::Junit => junit::document(timeline).map_err(|error| error.to_string()),
        Kind::Sarif => sarif::document(timeline).map_err(|error| error.to_string()),
        Kind::Markdown => Ok(markdown::text(timeline)),
    }
}

fn report(text: &str) -> Result<(Kind, PathBuf), String> {
    let parts = text.split_once('=').filter(|(_, file)| !file.is_empty());
    parts
        .and_then(|(kind, file)| Some((Kind::from_name(kind)?, PathBuf::from(file))))
        .ok_or_else(|| format!("expected {}", any_kind("=FILE")))
}

/// Lists the formats, each with what follows it.
fn any_kind(suffix: &str) -> String {
    let names = Kind::ALL
        .iter()
        .map(|(_, name)| format!("`{name}{suffix}`"));
    let mut names: Vec<_> = names.collect();
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}
