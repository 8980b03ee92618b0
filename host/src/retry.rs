//! The delays between attempts.

use std::time::Duration;

/// Delays that grow with each attempt. The caller sleeps and supplies the random number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The delay before the second attempt.
    pub first: Duration,
    /// The ratio of each delay to the one before it; 1 keeps them equal.
    pub factor: f64,
    /// The longest delay, before it is spread.
    pub longest: Duration,
    /// The lowest and the highest factor of the random spread, which keeps several processes from retrying at the same
    /// time.
    pub spread: (f64, f64),
}

impl Backoff {
    /// The delay after an attempt that `failed` other attempts preceded. `random` is from 0 (the shortest
    /// delay of the spread) to 1 (the longest).
    pub fn delay(&self, failed: u32, random: f64) -> Duration {
        let growth = self.factor.powf(f64::from(failed));
        let delay = (self.first.as_secs_f64() * growth).min(self.longest.as_secs_f64());
        spread(
            Duration::try_from_secs_f64(delay).unwrap_or(self.longest),
            self.spread,
            random,
        )
    }
}

/// A delay, multiplied by a factor between two bounds. `random` is from 0 (the lower one) to 1 (the upper one);
/// a number out of this range counts as the nearest end, and NaN as the middle.
pub fn spread(delay: Duration, (low, high): (f64, f64), random: f64) -> Duration {
    // `clamp` would keep NaN.
    let random = if random.is_nan() { 0.5 } else { random };
    let factor = low + (high - low) * random.clamp(0.0, 1.0);
    // A delay that would overflow is not spread.
    Duration::try_from_secs_f64(delay.as_secs_f64() * factor).unwrap_or(delay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DOUBLING: Backoff = Backoff {
        first: Duration::from_secs(1),
        factor: 2.0,
        longest: Duration::from_mins(1),
        spread: (0.5, 1.5),
    };

    #[test]
    fn a_delay_grows_up_to_the_longest() {
        for (failed, seconds) in [(0, 1), (1, 2), (5, 32), (6, 60), (u32::MAX, 60)] {
            let delay = DOUBLING.delay(failed, 0.5);
            assert_eq!(delay, Duration::from_secs(seconds), "{failed}");
        }
        let constant = Backoff {
            factor: 1.0,
            ..DOUBLING
        };
        assert_eq!(constant.delay(1000, 0.5), Duration::from_secs(1));
    }

    #[test]
    fn a_delay_is_spread_by_the_random_number() {
        let second = Duration::from_secs(10);
        let tenth = (0.9, 1.1);
        assert_eq!(spread(second, tenth, 0.0), Duration::from_secs(9));
        assert_eq!(spread(second, tenth, 0.5), second);
        assert_eq!(spread(second, tenth, 1.0), Duration::from_secs(11));
        assert_eq!(spread(second, tenth, 7.0), Duration::from_secs(11));
        assert_eq!(spread(second, tenth, -1.0), Duration::from_secs(9));
        assert_eq!(spread(second, tenth, f64::NAN), second);
        assert_eq!(spread(Duration::MAX, tenth, 1.0), Duration::MAX);
    }

    proptest! {
        #[test]
        fn a_delay_stays_within_its_spread(failed in 0_u32..1 << 20, random in 0.0..1.0) {
            let delay = DOUBLING.delay(failed, random);
            let middle = DOUBLING.delay(failed, 0.5);
            let slack = Duration::from_micros(1);
            prop_assert!(delay + slack >= middle / 2);
            prop_assert!(delay <= middle * 3 / 2 + slack);
            prop_assert!(middle <= DOUBLING.delay(failed + 1, 0.5));
            prop_assert!(middle <= DOUBLING.longest);
        }
    }
}
