//! Turns the local times of windows into moments.
//!
//! A window is a set of local times. Ranges that meet or overlap are one range before their ends become moments, so that a
//! clock change at midnight does not split a week. A local time that a clock change skips is the first moment after it. A
//! local time that occurs twice is read the stricter way: an allow window begins with the second occurrence and ends with
//! the first one, a freeze begins with the first one and ends with the second one.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::weekly::WeeklyRange;
use super::{Rule, Window};

/// How far ahead windows are expanded.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(31 * 24);

/// A part of time. The end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
}

/// Which occurrence of a local time counts that occurs twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occurrence {
    First,
    Second,
}

impl Window {
    /// The stretches that overlap the time from `from` to before `until`, in order, without overlap. The first one begins
    /// at `from` at the earliest. Each one has its own end, also after `until`; one that never ends, ends with `until`.
    pub fn stretches(&self, from: Timestamp, until: Timestamp) -> Vec<Stretch> {
        let zone = self.zone.rules();
        let (first, last) = (
            zone.to_datetime(from).date(),
            zone.to_datetime(until).date(),
        );
        // A clock change can move a stretch to another day, and a range of the evening can be open in the morning.
        let first = first.saturating_sub(2.days());
        // A range of weekdays that does not end within a week never ends.
        let beyond = last.saturating_add(9.days());
        let (civil, starts, ends, never) = match &self.rule {
            Rule::Allow { ranges, .. } => (
                weekly(ranges, first, beyond),
                Occurrence::Second,
                Occurrence::First,
                Some(beyond.at(0, 0, 0, 0)),
            ),
            Rule::Freeze { ranges } => {
                let years = (first.year() - 1, beyond.year() + 1);
                let dates = ranges.iter().flat_map(|it| it.civil(years.0, years.1));
                (dates.collect(), Occurrence::First, Occurrence::Second, None)
            }
        };
        let moments = united(civil).into_iter().filter_map(|(start, end)| {
            let never_ends = never.is_some_and(|it| end >= it);
            let start = moment(zone, start, starts)?.max(from);
            let end = if never_ends {
                until
            } else {
                moment(zone, end, ends)?
            };
            (start < end && start < until).then_some((start, end))
        });
        // What a clock change skips can be all that is between two ranges.
        let moments = united(moments.collect()).into_iter();
        moments.map(|(start, end)| Stretch { start, end }).collect()
    }
}

/// The local times of weekday ranges on each day from `first` to before `beyond`.
fn weekly(ranges: &[WeeklyRange], first: Date, beyond: Date) -> Vec<(DateTime, DateTime)> {
    let mut found = Vec::new();
    for date in first.series(1.day()).take_while(|it| *it < beyond) {
        let Ok(weekday) = u8::try_from(date.weekday().to_monday_zero_offset()) else {
            continue;
        };
        for range in ranges {
            let (from, to) = range.minutes();
            if range.contains(weekday, from) {
                let midnight = date.at(0, 0, 0, 0);
                let at =
                    |minute: u16| midnight.saturating_add(SignedDuration::from_mins(minute.into()));
                found.push((at(from), at(to)));
            }
        }
    }
    found
}

/// Joins ranges that meet or overlap, and sorts them.
fn united<T: Copy + Ord>(mut ranges: Vec<(T, T)>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut united: Vec<(T, T)> = Vec::new();
    for (start, end) in ranges {
        match united.last_mut() {
            Some(before) if start <= before.1 => before.1 = before.1.max(end),
            _ => united.push((start, end)),
        }
    }
    united
}

/// The moment of a local time; `None` beyond the calendar.
fn moment(zone: &TimeZone, local: DateTime, occurrence: Occurrence) -> Option<Timestamp> {
    let offset = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Fold { before, after } => match occurrence {
            Occurrence::First => before,
            Occurrence::Second => after,
        },
        AmbiguousOffset::Gap { after, .. } => {
            // Less than the length of the gap before the clock change.
            let earlier = after.to_timestamp(local).ok()?;
            let mut changes = zone.following(earlier);
            return changes
                .find(|it| it.offset() == after)
                .map(|it| it.timestamp());
        }
    };
    offset.to_timestamp(local).ok()
}

#[cfg(test)]
mod tests;
