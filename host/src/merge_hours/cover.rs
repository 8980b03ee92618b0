//! The fewest hours of the week that hold a share of the contributors.
//!
//! Hours hold a contributor if at least half of the contributor's merges are in them. All ranges of hours that are the
//! same on each of several consecutive weekdays are tried, and the one with the fewest hours that holds the share is taken.
//! Then hours are removed from the ends of single days while the rest holds the share.
//!
//! If other ranges were shortened, too, fewer hours could be left, but they would be scattered over days and nights.

use std::cmp::Reverse;

use super::inside::{ByHour, Counts, Inside};
use super::{Contributor, DAYS, HOURS, Week};
use crate::window::weekly::WeeklyRange;

/// A set of hours of the week, with the contributors and the merges in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// The hours, in the order of the week.
    pub ranges: Vec<WeeklyRange>,
    /// How many contributors have at least half of their merges in these hours.
    pub contributors: usize,
    /// How many merges are in these hours.
    pub merges: u32,
}

impl Cover {
    /// Whether the set contains this hour of a weekday (0 is Monday).
    pub fn contains(&self, day: usize, hour: usize) -> bool {
        let (Ok(day), Ok(hour)) = (u8::try_from(day), u16::try_from(hour)) else {
            return false;
        };
        self.ranges.iter().any(|it| it.contains(day, hour * 60))
    }

    /// How many of the merges of a week are in these hours.
    pub fn merges_of(&self, week: &Week) -> u32 {
        let hours = (0..DAYS).flat_map(|day| (0..HOURS).map(move |hour| (day, hour)));
        let inside = hours.filter(|(day, hour)| self.contains(*day, *hour));
        inside.map(|(day, hour)| week[day][hour]).sum()
    }
}

/// The hours of each weekday: the first one, and the end, which is exclusive. A weekday without hours has the same number
/// twice.
type Days = [(usize, usize); DAYS];

/// Finds the fewest hours; `None` without contributors.
pub(super) fn fewest(contributors: &[Contributor], share: f64) -> Option<Cover> {
    let least = least(contributors.len(), share);
    if least == 0 {
        return None;
    }
    let by_hour = ByHour::new(contributors);
    let candidates = weekdays().filter_map(|chosen| shortest(&by_hour, &chosen, least));
    let (_, mut days) = candidates.min_by_key(|(key, _)| *key)?;
    let counts = trim(&by_hour, &mut days, least);
    Some(Cover {
        ranges: ranges(&days),
        contributors: counts.contributors,
        merges: counts.merges,
    })
}

/// The number of contributors that make a share.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "there are less than 2^52 contributors, and a share is between 0 and 1"
)]
fn least(contributors: usize, share: f64) -> usize {
    let exact = contributors as f64 * share;
    // 0.7 of 10 is 7, although the product is slightly above 7.
    (exact - 1e-9).ceil() as usize
}

/// Each set of consecutive weekdays. A set can continue from Sunday to Monday.
fn weekdays() -> impl Iterator<Item = Vec<usize>> {
    let sets = (1..DAYS).flat_map(|count| (0..DAYS).map(move |first| (first, count)));
    sets.chain([(0, DAYS)])
        .map(|(first, count)| (first..first + count).map(|it| it % DAYS).collect())
}

/// The order of sets of hours: fewer hours first, then better counts.
type Key = (usize, Reverse<Counts>);

/// The fewest hours that are the same on all chosen weekdays. Of equal ones, the earliest.
fn shortest(by_hour: &ByHour, chosen: &[usize], least: usize) -> Option<(Key, Days)> {
    let mut inside = Inside::new(by_hour);
    let mut best: Option<(Key, usize)> = None;
    let mut to = 0;
    // With a later start, the end that is needed is never earlier.
    for from in 0..HOURS {
        while inside.counts().contributors < least && to < HOURS {
            for day in chosen {
                inside.add(*day, to);
            }
            to += 1;
        }
        if inside.counts().contributors < least {
            break;
        }
        let length = chosen.len() * (to - from);
        let found = ((length, Reverse(inside.counts())), from);
        best = Some(best.map_or(found, |it| it.min(found)));
        for day in chosen {
            inside.remove(*day, from);
        }
    }
    let (key, from) = best?;
    let mut days = [(0, 0); DAYS];
    for day in chosen {
        days[*day] = (from, from + key.0 / chosen.len());
    }
    Some((key, days))
}

/// Removes hours from the ends of weekdays, those with the fewest merges first, while the rest holds enough contributors.
/// Of several ones, the latest of the week goes first. Returns the counts of the rest.
fn trim(by_hour: &ByHour, days: &mut Days, least: usize) -> Counts {
    let mut inside = Inside::new(by_hour);
    for (day, &(from, to)) in days.iter().enumerate() {
        for hour in from..to {
            inside.add(day, hour);
        }
    }
    loop {
        let ends = (0..DAYS).filter(|day| days[*day].0 < days[*day].1);
        let ends = ends.flat_map(|day| [(day, days[day].0), (day, days[day].1 - 1)]);
        let ends = ends.map(|(day, hour)| (inside.without(day, hour), day, hour));
        let removed = ends
            .filter(|(counts, ..)| counts.contributors >= least)
            .max_by_key(|(counts, day, hour)| (counts.merges, *day, *hour));
        let Some((_, day, hour)) = removed else {
            return inside.counts();
        };
        inside.remove(day, hour);
        let (from, to) = &mut days[day];
        if hour == *from {
            *from += 1;
        } else {
            *to -= 1;
        }
    }
}

/// The hours as ranges: consecutive weekdays with the same hours are one range.
fn ranges(days: &Days) -> Vec<WeeklyRange> {
    let mut ranges = Vec::new();
    let mut first = 0;
    for day in 0..DAYS {
        if day + 1 < DAYS && days[day + 1] == days[first] {
            continue;
        }
        let (from, to) = days[first];
        let weekday = |it| u8::try_from(it).ok();
        let minute = |it| u16::try_from(it * 60).ok();
        // A weekday without hours makes no range.
        ranges.extend((|| {
            WeeklyRange::new(weekday(first)?, weekday(day)?, minute(from)?, minute(to)?)
        })());
        first = day + 1;
    }
    ranges
}

#[cfg(test)]
mod tests;
