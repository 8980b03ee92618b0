//! Response times of Locust: counts by milliseconds, and their percentiles.

use std::collections::BTreeMap;

use super::rounded_up;

/// The largest number of different response times. Locust rounds response times, so a run has a few hundred.
const MOST_TIMES: usize = 100_000;

/// Counts by response time in milliseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Histogram {
    /// Adds a count for a response time in Locust's notation: `39`, or `210.0` for a rounded time.
    pub(super) fn add(&mut self, milliseconds: &str, count: u64) -> Result<(), &'static str> {
        let time = milliseconds.parse().ok().and_then(rounded_up);
        self.count(time.ok_or("a response time is not a number")?, count)
    }

    /// Adds the counts of another histogram.
    pub(super) fn join(&mut self, other: Self) -> Result<(), &'static str> {
        let mut counts = other.counts.into_iter();
        counts.try_for_each(|(time, count)| self.count(time, count))
    }

    fn count(&mut self, time: u64, count: u64) -> Result<(), &'static str> {
        let total = self.total.checked_add(count);
        self.total = total.ok_or("too many response times to count")?;
        *self.counts.entry(time).or_default() += count;
        if self.counts.len() > MOST_TIMES {
            return Err("too many different response times");
        }
        Ok(())
    }

    /// The sum of all counts.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// A percentile, as Locust computes it (`calculate_response_time_percentile` in its `locust/stats.py`), so that it
    /// equals the number that Locust prints.
    pub(super) fn percentile(&self, percent: u64) -> Option<u64> {
        let within = u128::from(self.total) * u128::from(percent) / 100;
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
            histogram(&[("9", 94), ("20", 1), ("300", 5)]).percentile(95),
            Some(300)
        );
        assert_eq!(
            histogram(&[("9", 94), ("20", 2), ("300", 4)]).percentile(95),
            Some(20)
        );
        assert_eq!(histogram(&[("7.0", 1)]).percentile(95), Some(7));
        assert_eq!(histogram(&[("7", 1), ("900", 0)]).percentile(95), Some(7));
        assert_eq!(histogram(&[]).percentile(95), None);
    }

    #[test]
    fn takes_other_percentiles() {
        let times = histogram(&[("1", 50), ("2", 49), ("3", 1)]);
        assert_eq!(
            [50, 95, 99].map(|it| times.percentile(it)),
            [2, 2, 3].map(Some)
        );
    }

    #[test]
    fn refuses_invalid_times_and_counts() {
        for time in ["-1", "NaN", "inf", "", "null", "1e300"] {
            assert!(Histogram::default().add(time, 1).is_err(), "{time}");
        }
        let mut full = histogram(&[("1", u64::MAX)]);
        assert_eq!(full.percentile(95), Some(1));
        assert!(full.add("1", 1).is_err());
        let mut many = Histogram::default();
        let mut times = 0..=MOST_TIMES;
        assert!(times.any(|time| many.add(&time.to_string(), 1).is_err()));
    }
}
