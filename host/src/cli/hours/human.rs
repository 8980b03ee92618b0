//! The hours of the week for people.

use std::fmt::Write as _;

use super::document::HoursDocument;
use crate::merge_hours::{Cover, DAYS, HOURS};
use crate::text::escape::escape;
use crate::text::number::{counted, grouped};
use crate::window::weekly::WEEKDAYS;

/// The most offsets and bots that are listed.
const LISTED: usize = 8;

/// Writes what was counted, the week as a table, and the window.
pub(super) fn text(document: &HoursDocument, cover: Option<&Cover>, colour: bool) -> String {
    let mut text = String::new();
    // Writing into a string can't fail.
    for line in facts(document) {
        let _ = writeln!(text, "{line}");
    }
    if let (Some(cover), Some(window)) = (cover, &document.window) {
        text.push_str("\ncontributors who merged in each hour");
        text.push_str(if colour {
            ", green in the window:\n"
        } else {
            ":\n"
        });
        text.push_str(&table(document, cover, colour));
        let _ = write!(text, "\n{}:\n\n{}", held(document), window.toml);
    }
    text
}

/// What was counted, in a few sentences. The first one is the headline.
pub(super) fn facts(document: &HoursDocument) -> Vec<String> {
    let people = document.contributors.len() as u64;
    let mut facts = vec![match people {
        0 => format!(
            "no person merged to `{}` since {}",
            escape(&document.revision),
            document.since_date
        ),
        _ => format!(
            "{} by {} since {}, in the local time of {}",
            counted(document.merges.into(), "merge", "merges"),
            counted(people, "contributor", "contributors"),
            document.since_date,
            document.zone.as_deref().unwrap_or("each author")
        ),
    }];
    if people > 0 {
        let offsets = document.offsets.iter();
        let offsets = offsets.map(|it| {
            format!(
                "{} ({})",
                it.offset,
                percent(it.merges.into(), document.merges.into())
            )
        });
        facts.push(format!("UTC offsets: {}", listed(offsets)));
    }
    if !document.bots.is_empty() {
        let merges = document.bots.iter().map(|it| u64::from(it.merges)).sum();
        let bots = document.bots.iter();
        let bots = bots.map(|it| format!("{} ({})", escape(&it.name), grouped(it.merges.into())));
        facts.push(format!(
            "not counted: {} by bots: {}",
            counted(merges, "merge", "merges"),
            listed(bots)
        ));
    }
    if document.unreadable > 0 {
        facts.push(format!(
            "not counted: {} without a readable author or time",
            counted(document.unreadable.into(), "commit", "commits")
        ));
    }
    facts
}

/// What the window holds, in one sentence; empty without a window.
pub(super) fn held(document: &HoursDocument) -> String {
    let Some(window) = &document.window else {
        return String::new();
    };
    let (inside, people) = (
        window.contributors as u64,
        document.contributors.len() as u64,
    );
    format!(
        "{} of {} ({}) made at least half of their merges in these hours, which have {} of {} ({})",
        grouped(inside),
        counted(people, "contributor", "contributors"),
        percent(inside, people),
        grouped(window.merges.into()),
        counted(document.merges.into(), "merge", "merges"),
        percent(window.merges.into(), document.merges.into()),
    )
}

/// The number of contributors in each hour, with a row for each weekday.
fn table(document: &HoursDocument, cover: &Cover, colour: bool) -> String {
    let week = &document.contributors_by_hour;
    let most = week.as_flattened().iter().max().copied().unwrap_or(0);
    let width = most.to_string().len().max(2);
    let mut text = " ".repeat(WEEKDAYS[0].len());
    for hour in 0..HOURS {
        let _ = write!(text, " {:>width$}", format!("{hour:02}"));
    }
    text.push('\n');
    for day in 0..DAYS {
        text.push_str(WEEKDAYS[day]);
        for (hour, count) in week[day].iter().enumerate() {
            let cell = match count {
                0 => format!("{:>width$}", "·"),
                count => format!("{count:>width$}"),
            };
            let _ = match (colour, cover.contains(day, hour), count) {
                (true, true, _) => write!(text, " \x1b[32m{cell}\x1b[0m"),
                (true, false, 0) => write!(text, " \x1b[2m{cell}\x1b[0m"),
                _ => write!(text, " {cell}"),
            };
        }
        text.push('\n');
    }
    text
}

/// The first items as a list, and how many more there are.
fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(LISTED);
    let mut text = items.take(LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(text, ", and {more} more");
    }
    text
}

/// A share in percent, rounded to a whole number.
fn percent(part: u64, whole: u64) -> String {
    format!("{} %", (100 * part + whole / 2) / whole.max(1))
}
