//! The hours of the week in which people merge, and the fewest hours that hold a share of the contributors.

mod cover;
mod inside;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

pub use cover::Cover;

use crate::facts::merges::{Merge, Merges};

/// Days of a week.
pub const DAYS: usize = 7;
/// Hours of a day.
pub const HOURS: usize = 24;

/// Counts for each hour of a week: by weekday from Monday, then by hour.
pub type Week = [[u32; HOURS]; DAYS];

/// Whose local time counts.
#[derive(Clone, Debug, PartialEq)]
pub enum LocalTime {
    /// The local time of each author, by the UTC offset of the commit.
    Authors,
    /// The local time of one zone.
    Zone(TimeZone),
}

/// An author, by email address.
#[derive(Clone, Debug)]
pub struct Contributor {
    /// The name in the latest merge.
    pub name: String,
    /// The number of merges.
    pub merges: u32,
    /// The merges in each hour of the week.
    pub week: Week,
}

/// The merges of a branch, counted by the hour of the week.
#[derive(Clone, Debug, Default)]
pub struct MergeHours {
    /// The contributors, the one with the most merges first.
    pub contributors: Vec<Contributor>,
    /// How many merges have each UTC offset (in seconds) of the author, the most frequent first.
    pub offsets: Vec<(i32, u32)>,
    /// The names of the bots, whose merges do not count, with the number of their merges; the most frequent first.
    pub bots: Vec<(String, u32)>,
    /// The number of commits without a readable author or time, which do not count.
    pub unreadable: u32,
}

impl MergeHours {
    /// Counts merges. Those of bots do not count.
    pub fn count(merges: &Merges, local: &LocalTime) -> Self {
        let mut unreadable = merges.unreadable;
        let mut bots: BTreeMap<&str, u32> = BTreeMap::new();
        let mut offsets: BTreeMap<i32, u32> = BTreeMap::new();
        let mut by_address: BTreeMap<String, Contributor> = BTreeMap::new();
        for merge in &merges.list {
            if merge.is_by_bot() {
                *bots.entry(&merge.name).or_default() += 1;
                continue;
            }
            let Some((day, hour)) = local.hour_of_week(merge) else {
                unreadable += 1;
                continue;
            };
            *offsets.entry(merge.offset).or_default() += 1;
            let contributor = by_address
                .entry(merge.email.to_lowercase())
                .or_insert_with(|| Contributor {
                    name: merge.name.clone(),
                    merges: 0,
                    week: Week::default(),
                });
            contributor.week[day][hour] += 1;
            contributor.merges += 1;
        }
        let bots = bots
            .into_iter()
            .map(|(name, count)| (name.to_owned(), count));
        Self {
            contributors: most_first(by_address.into_values(), |it| it.merges),
            offsets: most_first(offsets, |it| it.1),
            bots: most_first(bots, |it| it.1),
            unreadable,
        }
    }

    /// The number of merges.
    pub fn merges(&self) -> u32 {
        self.contributors.iter().map(|it| it.merges).sum()
    }

    /// How many merges each hour of the week has.
    pub fn merges_by_hour(&self) -> Week {
        self.sum(|count| count)
    }

    /// How many contributors merged in each hour of the week.
    pub fn contributors_by_hour(&self) -> Week {
        self.sum(|count| count.min(1))
    }

    fn sum(&self, value: impl Fn(u32) -> u32) -> Week {
        let mut week = Week::default();
        for contributor in &self.contributors {
            let counts = contributor.week.as_flattened();
            for (sum, count) in week.as_flattened_mut().iter_mut().zip(counts) {
                *sum += value(*count);
            }
        }
        week
    }

    /// Finds the fewest hours that hold a share (above 0, at most 1) of the contributors; `None` without contributors.
    pub fn cover(&self, share: f64) -> Option<Cover> {
        cover::fewest(&self.contributors, share)
    }
}

/// Sorts by a count. Items with the same count keep their order.
fn most_first<T>(items: impl IntoIterator<Item = T>, count: impl Fn(&T) -> u32) -> Vec<T> {
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort_by_key(|it| Reverse(count(it)));
    items
}

impl LocalTime {
    /// The weekday, from Monday, and the hour of a merge; `None` for a time beyond the calendar.
    fn hour_of_week(&self, merge: &Merge) -> Option<(usize, usize)> {
        let at = Timestamp::from_second(merge.at).ok()?;
        let local = match self {
            Self::Authors => Offset::from_seconds(merge.offset).ok()?.to_datetime(at),
            Self::Zone(zone) => zone.to_datetime(at),
        };
        let day = usize::try_from(local.weekday().to_monday_zero_offset()).ok()?;
        Some((day, usize::try_from(local.hour()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::zone::Zone;

    fn merge(at: i64, offset: i32, name: &str) -> Merge {
        Merge {
            at,
            offset,
            name: name.to_owned(),
            email: format!("{name}@example.org"),
        }
    }

    fn count(list: &[Merge], local: &LocalTime) -> MergeHours {
        let merges = Merges {
            list: list.to_vec(),
            unreadable: 0,
        };
        MergeHours::count(&merges, local)
    }

    /// Wednesday 2025-07-02 23:30 UTC.
    const LATE: i64 = 1_751_499_000;

    #[test]
    fn hours_are_those_of_the_author() {
        let merges = [merge(LATE, 7200, "ada"), merge(LATE, -25_200, "bob")];
        let hours = count(&merges, &LocalTime::Authors);
        let week = hours.merges_by_hour();
        assert_eq!((week[3][1], week[2][16]), (1, 1));
        assert_eq!(hours.merges(), 2);
        assert_eq!(hours.offsets, [(-25_200, 1), (7200, 1)]);
    }

    #[test]
    fn hours_are_those_of_the_zone_in_summer_and_winter() {
        let zone: Zone = "Europe/Berlin".parse().expect("a zone");
        // 182 days are 26 weeks; in winter, local time is an hour earlier for the same UTC time.
        let merges = [LATE, LATE + 182 * 24 * 3600].map(|at| merge(at, 0, "ada"));
        let week = count(&merges, &LocalTime::Zone(zone.rules().clone())).merges_by_hour();
        assert_eq!((week[3][1], week[3][0]), (1, 1));
    }

    #[test]
    fn contributors_count_once_in_an_hour_and_bots_do_not_count() {
        let merges = [
            merge(LATE, 0, "ada"),
            merge(LATE + 60, 0, "ada"),
            merge(LATE, 0, "bob"),
            merge(LATE, 0, "renovate"),
        ];
        let hours = count(&merges, &LocalTime::Authors);
        assert_eq!(hours.contributors_by_hour()[2][23], 2);
        assert_eq!(hours.merges_by_hour()[2][23], 3);
        let names: Vec<_> = hours
            .contributors
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(names, ["ada", "bob"]);
        assert_eq!(hours.bots, [("renovate".to_owned(), 1)]);
    }

    #[test]
    fn an_address_is_one_contributor() {
        let mut latest = merge(LATE, 0, "ada");
        latest.name = "Ada Example".to_owned();
        latest.email = "ADA@example.org".to_owned();
        let hours = count(&[latest, merge(LATE, 0, "ada")], &LocalTime::Authors);
        assert_eq!(hours.contributors.len(), 1);
        assert_eq!(hours.contributors[0].name, "Ada Example");
        assert_eq!(hours.contributors[0].merges, 2);
    }

    #[test]
    fn a_time_beyond_the_calendar_is_counted_as_unreadable() {
        let hours = count(&[merge(i64::MAX, 0, "ada")], &LocalTime::Authors);
        assert_eq!((hours.merges(), hours.unreadable), (0, 1));
        assert_eq!(hours.cover(0.8), None);
    }
}
