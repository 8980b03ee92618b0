//! How often each response time was seen.

use std::collections::BTreeMap;

use super::milliseconds;

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
        let key = milliseconds::up(milliseconds.parse().ok()?)?;
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
}
