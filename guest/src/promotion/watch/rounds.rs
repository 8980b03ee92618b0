//! The rounds of a watch, and the verdict that follows from them.

use super::reading::{Breach, Finding, judge};
use crate::bindings::promotion::WatchRound;
use crate::bindings::types::{Timestamp, Verdict, WatchSettings};
use crate::promotion::case::Fact;

/// The longest wait for the next round, in seconds: a person or a newer release may end the watch.
const LONGEST_WAIT: u64 = 300;

/// The rounds of a watch.
#[derive(Clone)]
pub(crate) struct Watch<'a> {
    /// When the environment converged.
    pub converged: Timestamp,
    first: Timestamp,
    /// The latest round.
    pub last: Option<Fact<'a, WatchRound>>,
    /// The state of each metric, in the order of the settings.
    pub(super) tallies: Vec<Tally<'a>>,
    /// The verdict; absent if the watch has not ended.
    pub verdict: Option<Verdict>,
}

/// What all rounds say about a metric.
#[derive(Clone)]
pub(super) struct Tally<'a> {
    /// Rounds inside.
    pub(super) inside: u32,
    /// Consecutive usable rounds outside, up to now.
    pub(super) outside: u32,
    /// Unusable rounds, those with failed queries included.
    pub(super) unusable: u32,
    /// Rounds with failed queries.
    pub(super) failed_queries: u32,
    /// The latest value beyond a limit.
    pub(super) breach: Option<Breach<'a>>,
}

impl<'a> Watch<'a> {
    pub(crate) const NEW: Self = Self {
        converged: 0,
        first: 0,
        last: None,
        tallies: Vec::new(),
        verdict: None,
    };

    /// A watch of an environment that converged at a time.
    pub(crate) fn since(converged: Timestamp) -> Self {
        Self {
            converged,
            ..Self::NEW
        }
    }

    /// Adds a round. After the verdict, rounds don't count.
    pub(crate) fn take(
        &mut self,
        round: Fact<'a, WatchRound>,
        commit: &str,
        settings: &WatchSettings,
    ) {
        if self.verdict.is_some() {
            return;
        }
        if self.last.is_none() {
            self.first = round.at;
        }
        self.last = Some(round);
        self.tallies.resize(settings.metrics.len(), Tally::NEW);
        let is_served = serves_only(round.what, commit);
        for (tally, metric) in self.tallies.iter_mut().zip(&settings.metrics) {
            let mut readings = round.what.metrics.iter();
            let reading = readings.find(|it| it.metric == metric.name);
            tally.add(match reading {
                Some(reading) if is_served => judge(reading, metric),
                _ => Finding::Unusable,
            });
        }
        let mut tallies = self.tallies.iter().zip(&settings.metrics);
        if tallies.any(|(tally, metric)| tally.has_failed(metric.rounds)) {
            self.verdict = Some(Verdict::Failed);
        } else if round.at.saturating_sub(self.first) >= u64::from(settings.lasts) {
            self.verdict = Some(self.at_the_end(settings));
        }
    }

    fn at_the_end(&self, settings: &WatchSettings) -> Verdict {
        let lacking = || {
            self.tallies
                .iter()
                .filter(|it| it.inside < settings.min_rounds)
        };
        let count = |of: fn(&Tally<'_>) -> u32| lacking().map(|it| u64::from(of(it))).sum::<u64>();
        if lacking().next().is_none() {
            Verdict::Passed
        } else if count(|it| it.failed_queries) * 2 > count(|it| it.unusable) {
            Verdict::Errored
        } else {
            Verdict::Inconclusive
        }
    }

    /// Seconds until the next round; `None` if it is due. If the clock went backwards, it is due.
    pub(crate) fn wait(&self, now: Timestamp, settings: &WatchSettings) -> Option<u32> {
        let (since, seconds) = match self.last {
            Some(last) => (last.at, settings.interval),
            None => (self.converged, settings.settle),
        };
        let passed = now.checked_sub(since)?;
        let left = u64::from(seconds).saturating_sub(passed).min(LONGEST_WAIT);
        u32::try_from(left).ok().filter(|it| *it > 0)
    }

    /// Seconds until the end.
    pub(super) fn left(&self, now: Timestamp, settings: &WatchSettings) -> u64 {
        let passed = now.saturating_sub(self.first);
        u64::from(settings.lasts).saturating_sub(passed)
    }
}

impl<'a> Tally<'a> {
    const NEW: Self = Self {
        inside: 0,
        outside: 0,
        unusable: 0,
        failed_queries: 0,
        breach: None,
    };

    /// Adds a round. An unusable one neither continues a series of rounds outside nor ends it.
    fn add(&mut self, finding: Finding<'a>) {
        match finding {
            Finding::Inside => {
                self.inside = self.inside.saturating_add(1);
                self.outside = 0;
            }
            Finding::Outside(breach) => {
                self.outside = self.outside.saturating_add(1);
                self.breach = Some(breach);
            }
            Finding::QueryFailed => {
                self.unusable = self.unusable.saturating_add(1);
                self.failed_queries = self.failed_queries.saturating_add(1);
            }
            Finding::Unusable => self.unusable = self.unusable.saturating_add(1),
        }
    }

    pub(super) fn has_failed(&self, rounds: u32) -> bool {
        self.outside >= rounds.max(1)
    }
}

/// Tells whether every node that answered in a round served the release, and at least one did.
pub(crate) fn serves_only(round: &WatchRound, commit: &str) -> bool {
    !round.versions.is_empty() && round.versions.iter().all(|it| it == commit)
}
