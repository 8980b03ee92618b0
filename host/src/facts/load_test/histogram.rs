//! How often each response time was seen.

use std::collections::BTreeMap;
use std::time::Duration;

/// Counts by response time in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Histogram {
    /// Adds a count under a response time as it is written: `39`, and `210.0` where the rounding was left
    /// a float. `None` where the time is not a number or the counts overflow.
    pub(super) fn add(&mut self, milliseconds: &str, count: u64) -> Option<()> {
        let key = up(milliseconds.parse().ok()?)?;
        self.total = self.total.checked_add(count)?;
        *self.counts.entry(key).or_default() += count;
        Some(())
    }

    /// All counts together.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The 95th percentile, as Locust computes it (`calculate_response_time_percentile` in its
    /// `locust/stats.py`), so that it is the number which Locust prints.
    pub(super) fn p95(&self) -> Option<u64> {
        let within = u128::from(self.total) * 95 / 100;
        let mut slower = 0;
        self.counts
            .iter()
            .rev()
            .filter(|(_, count)| **count > 0)
            .find_map(|(time, count)| {
                slower += count;
                (u128::from(self.total - slower) <= within).then_some(*time)
            })
    }
}

/// The longest time that is believed: a year.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// A duration in seconds, rounded down: a test must not pass for longer than it was.
pub(super) fn down(seconds: f64) -> Option<u64> {
    u64::try_from(believed(seconds)?.as_millis()).ok()
}

/// A response time in milliseconds, rounded up: a response must not pass for faster than it was.
pub(super) fn up(milliseconds: f64) -> Option<u64> {
    let nanoseconds = believed(milliseconds / 1000.0)?.as_nanos();
    u64::try_from(nanoseconds.div_ceil(1_000_000)).ok()
}

/// How long so many events took at so many a second, in milliseconds, rounded down.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 events, and only a quotient is taken"
)]
pub(super) fn at_rate(events: u64, per_second: f64) -> Option<u64> {
    (events > 0)
        .then(|| down(events as f64 / per_second))
        .flatten()
}

fn believed(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(counts: &[(&str, u64)]) -> Histogram {
        let mut histogram = Histogram::default();
        for (time, count) in counts {
            histogram.add(time, *count).expect("a histogram");
        }
        histogram
    }

    #[test]
    fn takes_the_95th_of_100() {
        assert_eq!(
            histogram(&[("9", 94), ("20", 1), ("300", 5)]).p95(),
            Some(300)
        );
        assert_eq!(
            histogram(&[("9", 94), ("20", 2), ("300", 4)]).p95(),
            Some(20)
        );
        assert_eq!(histogram(&[("7.0", 1)]).p95(), Some(7));
        assert_eq!(histogram(&[("7", 1), ("900", 0)]).p95(), Some(7));
        assert_eq!(histogram(&[]).p95(), None);
    }

    #[test]
    fn refuses_what_is_no_time_or_no_count() {
        for time in ["-1", "NaN", "inf", "", "null", "1e300"] {
            assert_eq!(Histogram::default().add(time, 1), None, "{time}");
        }
        let mut full = histogram(&[("1", u64::MAX)]);
        assert_eq!(full.p95(), Some(1));
        assert_eq!(full.add("1", 1), None);
    }

    #[test]
    fn are_rounded_to_the_side_of_caution() {
        assert_eq!(down(4.999_9), Some(4999));
        assert_eq!(down(5.0), Some(5000));
        assert_eq!(up(2.849_800_55), Some(3));
        assert_eq!(up(500.0), Some(500));
        assert_eq!(up(300.0), Some(300));
        assert_eq!(up(0.0), Some(0));
    }

    #[test]
    fn are_nothing_where_absurd() {
        for absurd in [-1.0, f64::NAN, f64::INFINITY, f64::MAX, 1e9] {
            assert_eq!(down(absurd), None, "{absurd}");
        }
        assert_eq!(at_rate(0, 1.0), None);
        assert_eq!(at_rate(1, 0.0), None);
        assert_eq!(at_rate(1, -0.0), None);
        assert_eq!(at_rate(20, 10.0), Some(2000));
    }
}
