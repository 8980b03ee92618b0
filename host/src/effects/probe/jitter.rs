//! Jitter for intervals.

use std::time::Duration;

/// An interval, shorter or longer by up to a tenth, so that several runs do not ask at the same moment.
/// `random` is from 0 (a tenth shorter) to 1 (a tenth longer); what is outside of it counts as the
/// nearest end.
pub fn jittered(interval: Duration, random: f64) -> Duration {
    // NaN compares with nothing: it becomes the middle.
    let random = if random.is_nan() { 0.5 } else { random };
    let factor = 0.9 + 0.2 * random.clamp(0.0, 1.0);
    // An interval that is too long to stretch is long enough.
    Duration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tenth_less_or_more() {
        let second = Duration::from_secs(10);
        assert_eq!(jittered(second, 0.0), Duration::from_secs(9));
        assert_eq!(jittered(second, 0.5), second);
        assert_eq!(jittered(second, 1.0), Duration::from_secs(11));
        assert_eq!(jittered(second, 7.0), Duration::from_secs(11));
        assert_eq!(jittered(second, f64::NAN), second);
        assert_eq!(jittered(Duration::MAX, 1.0), Duration::MAX);
    }

    proptest! {
        #[test]
        fn always_within_a_tenth(interval in 0_u64..1 << 40, random in 0.0..1.0) {
            let interval = Duration::from_millis(interval);
            let result = jittered(interval, random);
            let slack = Duration::from_micros(1) + interval / 1_000_000;
            prop_assert!(result + slack >= interval * 9 / 10);
            prop_assert!(result <= interval * 11 / 10 + slack);
        }
    }
}
