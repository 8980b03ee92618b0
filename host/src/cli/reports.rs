//! `--report`: reports about a deployment, in files.

use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::Error;
use crate::deployment::log;
use crate::deployment::timeline::{self, Timeline};
use crate::journal::{self, Store};
use crate::report::{html, junit, markdown, sarif};

/// Which reports are written.
#[derive(Debug, Default, Args)]
pub struct ReportArguments {
    /// Write a report: `html`, `junit`, `sarif` or `markdown`; repeatable.
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report)]
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

impl ReportArguments {
    /// Whether no report is requested.
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// Writes the requested reports about a deployment.
    pub fn write(&self, store: &mut dyn Store, number: u64) -> Result<(), Error> {
        let header = store.deployment(number)?;
        let header = header.ok_or(journal::Error::Unknown(number))?;
        let (entries, _) = log::read(store, number)?;
        let mut timeline = timeline::project(&header, &entries);
        if timeline.conclusion.is_none() {
            timeline.interrupt();
        }
        self.write_timeline(&timeline)
    }

    /// Writes the requested reports about a timeline.
    pub fn write_timeline(&self, timeline: &Timeline) -> Result<(), Error> {
        for (kind, file) in &self.reports {
            let text = rendered(*kind, timeline)
                .map_err(|why| Error::output(format!("failed to make a report: {why}")))?;
            fs::write(file, text).map_err(|error| {
                Error::output(format!("failed to write `{}`: {error}", file.display()))
                    .because(error)
            })?;
        }
        Ok(())
    }
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
    let expected = "expected `html=FILE`, `junit=FILE`, `sarif=FILE` or `markdown=FILE`";
    let (kind, file) = text.split_once('=').ok_or(expected)?;
    let kind = match kind {
        "html" => Kind::Html,
        "junit" => Kind::Junit,
        "sarif" => Kind::Sarif,
        "markdown" => Kind::Markdown,
        _ => return Err(expected.to_owned()),
    };
    if file.is_empty() {
        return Err(expected.to_owned());
    }
    Ok((kind, PathBuf::from(file)))
}
