//! How many contributors and merges are in a set of hours, while hours are added and removed.

use super::{Contributor, DAYS, HOURS};

/// The contributors of each hour of the week.
pub(super) struct ByHour {
    /// For each hour, the contributors with merges in it, by number, and the number of these merges.
    hours: [[Vec<(usize, u32)>; HOURS]; DAYS],
    /// For each contributor, the number of merges that makes at least a half.
    halves: Vec<u32>,
}

impl ByHour {
    pub(super) fn new(contributors: &[Contributor]) -> Self {
        let mut hours: [[Vec<_>; HOURS]; DAYS] = Default::default();
        for (number, contributor) in contributors.iter().enumerate() {
            let counts = contributor.week.as_flattened();
            for (entries, count) in hours.as_flattened_mut().iter_mut().zip(counts) {
                if *count > 0 {
                    entries.push((number, *count));
                }
            }
        }
        Self {
            hours,
            halves: contributors
                .iter()
                .map(|it| it.merges.div_ceil(2))
                .collect(),
        }
    }
}

/// The contributors and the merges in a set of hours, which is empty at first.
pub(super) struct Inside<'a> {
    by_hour: &'a ByHour,
    /// For each contributor, the number of merges in the hours.
    merges: Vec<u32>,
    counts: Counts,
}

/// How many contributors hours hold, and how many merges are in them. More contributors are better, then more merges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Counts {
    /// The contributors with at least half of their merges in the hours.
    pub(super) contributors: usize,
    /// The merges.
    pub(super) merges: u32,
}

impl<'a> Inside<'a> {
    pub(super) fn new(by_hour: &'a ByHour) -> Self {
        Self {
            by_hour,
            merges: vec![0; by_hour.halves.len()],
            counts: Counts::default(),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn add(&mut self, day: usize, hour: usize) {
        for (number, count) in &self.by_hour.hours[day][hour] {
            let (merges, half) = (&mut self.merges[*number], self.by_hour.halves[*number]);
            let was_held = *merges >= half;
            *merges += count;
            self.counts.merges += count;
            self.counts.contributors += usize::from(!was_held && *merges >= half);
        }
    }

    pub(super) fn remove(&mut self, day: usize, hour: usize) {
        self.counts = self.without(day, hour);
        for (number, count) in &self.by_hour.hours[day][hour] {
            self.merges[*number] -= count;
        }
    }

    /// The counts without one of the hours.
    pub(super) fn without(&self, day: usize, hour: usize) -> Counts {
        let mut counts = self.counts;
        for (number, count) in &self.by_hour.hours[day][hour] {
            let (merges, half) = (self.merges[*number], self.by_hour.halves[*number]);
            counts.merges -= count;
            counts.contributors -= usize::from(merges >= half && merges - count < half);
        }
        counts
    }
}
