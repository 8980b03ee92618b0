//! Times of foreign files as whole milliseconds. What is negative, not a number or beyond any load test is
//! nothing.

use std::time::Duration;

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
