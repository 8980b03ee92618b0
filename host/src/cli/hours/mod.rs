//! `greenlight hours`: when people merge, and the window that holds most of them.

mod document;
mod html;
mod human;
mod since;
mod window_text;

use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

pub(super) use document::HoursDocument;
use since::Since;

use super::args::{Format, FormatArguments};
use super::output::Output;
use super::replace::replace;
use super::{Error, Exit};
use crate::clock;
use crate::facts::{git, merges};
use crate::merge_hours::{LocalTime, MergeHours};
use crate::text::json;
use crate::window::zone::Zone;

/// Show in which hours of the week people merge, and the window that holds most of them.
///
/// It counts the commits of a branch, following only the first parent of merge commits. Each commit counts at its
/// commit time, for its author; commits of bots do not count. A window holds a contributor who made at least half of
/// their merges in it; the printed one has the fewest hours that hold the share. The repository is only read.
#[derive(Debug, Args)]
pub struct HoursArguments {
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Count the merges to this branch, or another revision.
    #[arg(value_name = "REV", default_value = "HEAD")]
    rev: String,
    /// Count the merges since this long ago, like `90d`, `6mo` or `1y`, or since a date, like `2025-01-01`.
    #[arg(long, value_name = "TIME", default_value = "1y", value_parser = since::since)]
    since: Since,
    /// Hold this share of the contributors: above 0, at most 1.
    #[arg(long, value_name = "SHARE", default_value = "0.8", value_parser = share)]
    share: f64,
    /// Use the local time of this zone, like `Europe/Berlin` [default: the local time of each author].
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    zone: Option<Zone>,
    /// Write a page with the week as a picture.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
}

pub fn run(arguments: &HoursArguments, output: &mut Output) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let zone = arguments.zone.as_ref().map(|it| it.rules().clone());
    let days = zone.clone().unwrap_or(TimeZone::UTC);
    let since = arguments.since.time(clock::seconds(), &days)?;
    let merges = merges::list(repo, &arguments.rev, since.timestamp().as_second())?;
    let shallow = git::is_shallow(repo);
    let local = zone.map_or(LocalTime::Authors, LocalTime::Zone);
    let hours = MergeHours::count(&merges, &local);
    let cover = hours.cover(arguments.share);
    let cover = cover.as_ref();
    let document = HoursDocument::new(arguments, &since, shallow, &hours, cover);
    if let Some(file) = &arguments.html {
        let page = html::page(&document, cover)
            .map_err(|why| Error::output(format!("failed to make the page: {why}")))?;
        replace(file, page.as_bytes()).map_err(|error| {
            Error::output(format!("failed to write `{}`: {error}", file.display())).because(error)
        })?;
    }
    if shallow == Some(true) {
        output.note("note: this is a shallow clone, which may not have all merges: `git fetch --unshallow`\n");
    }
    if cover.is_some() && arguments.zone.is_none() {
        output.note("note: the window has no zone: name one with `--zone ZONE` for a window that can be pasted\n");
    }
    match arguments.format.format {
        Format::Human => output.text(&human::text(&document, cover, output.colour())),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("expected a number above 0, and at most 1".to_owned()),
    }
}

fn zone(text: &str) -> Result<Zone, String> {
    text.parse().map_err(|error: Error| error.line())
}
