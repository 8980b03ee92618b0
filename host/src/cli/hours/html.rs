//! The hours of the week as a page: a table whose cells are darker where more people merged.

use std::fmt;

use askama::Template;

use super::document::HoursDocument;
use super::human;
use crate::merge_hours::{Cover, DAYS, HOURS};
use crate::window::weekly::WEEKDAYS;

/// The number of shades, without that of an empty hour.
const SHADES: u32 = 5;

#[derive(Template)]
#[template(path = "hours.html")]
struct Page<'a> {
    headline: String,
    facts: Vec<String>,
    held: String,
    toml: Option<&'a str>,
    days: [&'static str; DAYS],
    rows: Vec<Row>,
}

/// One hour of the day.
struct Row {
    /// Its beginning.
    time: String,
    /// Its cells, from Monday on.
    cells: Vec<Cell>,
}

/// One hour of the week.
struct Cell {
    people: u32,
    merges: u32,
    /// From 0 without people to [`SHADES`].
    shade: u32,
    /// Whether the window has it.
    is_inside: bool,
}

/// Writes the page.
///
/// # Errors
///
/// If the template can't be rendered.
pub(super) fn page(document: &HoursDocument, cover: Option<&Cover>) -> Result<String, fmt::Error> {
    let mut facts = human::facts(document);
    let page = Page {
        headline: facts.remove(0),
        facts,
        held: human::held(document),
        toml: document.window.as_ref().map(|it| it.toml.as_str()),
        days: WEEKDAYS,
        rows: rows(document, cover),
    };
    page.render().map_err(|_| fmt::Error)
}

fn rows(document: &HoursDocument, cover: Option<&Cover>) -> Vec<Row> {
    let week = &document.contributors_by_hour;
    let most = week
        .as_flattened()
        .iter()
        .max()
        .copied()
        .unwrap_or(0)
        .max(1);
    let cell = |day: usize, hour: usize| {
        let people = week[day][hour];
        Cell {
            people,
            merges: document.merges_by_hour[day][hour],
            shade: (people * SHADES).div_ceil(most),
            is_inside: cover.is_some_and(|it| it.contains(day, hour)),
        }
    };
    let row = |hour: usize| Row {
        time: format!("{hour:02}:00"),
        cells: (0..DAYS).map(|day| cell(day, hour)).collect(),
    };
    (0..HOURS).map(row).collect()
}
