//! Judges a load test by its thresholds: which ones are broken, and whether it was large enough to pass.

use crate::bindings::promotion::Measurement;
use crate::bindings::types::{Reason, Thresholds};
use crate::reason::codes;
use crate::reason::{amount, hundredths, seconds, setting};

/// Lists every broken threshold.
pub(super) fn broken(m: &Measurement, _: &str, thresholds: &Thresholds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if m.total.failures > thresholds.max_failures {
        let message = format!(
            "{} of {} failed; {} are allowed",
            m.total.failures,
            amount(m.total.requests, "request"),
            thresholds.max_failures
        );
        reasons.push(Reason::new(codes::TOO_MANY_FAILURES, message).on(setting("max-failures")));
    }
    if m.exceptions > thresholds.max_exceptions {
        let message = format!(
            "the load test's code raised {}; {} are allowed",
            amount(m.exceptions, "exception"),
            thresholds.max_exceptions
        );
        reasons
            .push(Reason::new(codes::TOO_MANY_EXCEPTIONS, message).on(setting("max-exceptions")));
    }
    match (thresholds.max_p95, m.total.p95) {
        (Some(limit), Some(p95)) if p95 > limit => {
            let message = format!(
                "the 95th percentile of the response time is {p95} ms; {limit} ms are allowed"
            );
            reasons.push(Reason::new(codes::TOO_SLOW, message).on(setting("max-p95")));
        }
        _ => {}
    }
    if let Some(required) = thresholds.min_rate
        && rate_below(m, required)
    {
        let message = format!(
            "{} requests per second; {} are required",
            hundredths(m.total.requests.saturating_mul(100_000) / m.duration.max(1)),
            hundredths(whole(required * 100.0)),
        );
        reasons.push(Reason::new(codes::RATE_TOO_LOW, message).on(setting("min-rate")));
    }
    if let Some((first, others)) = m.broken_thresholds.split_first() {
        let message = match others.len() {
            0 => format!("the load test's own threshold `{first}` is broken"),
            more => format!("the load test's own threshold `{first}` is broken, and {more} more"),
        };
        reasons.push(Reason::new(codes::OWN_THRESHOLD_BROKEN, message));
    }
    reasons
}

/// Lists the amounts that are too small to prove anything.
pub(super) fn too_little(m: &Measurement, _: &str, thresholds: &Thresholds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if m.total.requests < thresholds.min_requests {
        let message = format!(
            "{}; at least {} are required",
            amount(m.total.requests, "request"),
            thresholds.min_requests
        );
        reasons.push(Reason::new(codes::TOO_FEW_REQUESTS, message).on(setting("min-requests")));
    }
    let required = thresholds.min_duration.unwrap_or(0);
    if m.duration < u64::from(required) * 1000 {
        let message = format!(
            "the load lasted {} s; at least {required} s are required",
            seconds(m.duration)
        );
        reasons.push(Reason::new(codes::TOO_SHORT, message).on(setting("min-duration")));
    } else if m.duration == 0 && thresholds.min_rate.is_some_and(|rate| rate > 0.0) {
        reasons.push(
            Reason::new(
                codes::TOO_SHORT,
                "the load lasted less than 1 ms, too short to compute a rate",
            )
            .on(setting("min-rate")),
        );
    }
    reasons
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 requests or milliseconds the last digits of a rate don't matter"
)]
fn rate_below(m: &Measurement, required: f64) -> bool {
    m.duration > 0 && (m.total.requests as f64) * 1000.0 < required * (m.duration as f64)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only for show, and the settings were checked: neither negative nor NaN"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use super::{broken, too_little};
    use crate::fixtures::said;

    #[test]
    fn at_the_limit_is_within_it() {
        assert_eq!(
            said(broken, |m, t| {
                (m.total.requests, m.duration) = (536, 60_000);
                (m.total.failures, t.max_failures) = (3, 3);
                (m.exceptions, t.max_exceptions) = (2, 2);
                (m.total.p95, t.max_p95) = (Some(800), Some(800));
                m.total.requests = 600;
                t.min_rate = Some(10.0);
            }),
            [""; 0]
        );
    }

    #[test]
    fn every_broken_threshold_is_named_with_its_numbers() {
        assert_eq!(
            said(broken, |m, t| {
                (m.total.requests, m.duration) = (536, 60_000);
                m.total.failures = 37;
                m.exceptions = 1;
                (m.total.p95, t.max_p95) = (Some(801), Some(800));
                t.min_rate = Some(10.0);
                m.broken_thresholds = vec!["checks".to_owned()];
            }),
            [
                "too-many-failures: 37 of 536 requests failed; 0 are allowed",
                "too-many-exceptions: the load test's code raised 1 exception; 0 are allowed",
                "too-slow: the 95th percentile of the response time is 801 ms; 800 ms are allowed",
                "rate-too-low: 8.93 requests per second; 10.00 are required",
                "own-threshold-broken: the load test's own threshold `checks` is broken",
            ]
        );
    }

    #[test]
    fn many_own_thresholds_are_one_reason() {
        assert_eq!(
            said(broken, |m, _| m.broken_thresholds = vec!["a".into(); 3]),
            ["own-threshold-broken: the load test's own threshold `a` is broken, and 2 more"]
        );
    }

    #[test]
    fn no_time_is_no_ground_for_a_rate() {
        assert_eq!(
            said(broken, |m, t| {
                m.duration = 0;
                t.min_rate = Some(f64::MAX);
            }),
            [""; 0]
        );
    }

    #[test]
    fn the_largest_numbers_are_compared_too() {
        let said = said(broken, |m, t| {
            (m.total.requests, m.duration) = (u64::MAX, u64::MAX);
            t.min_rate = Some(f64::MAX);
        });
        assert!(said[0].starts_with("rate-too-low"));
    }

    #[test]
    fn as_much_as_required_is_enough() {
        assert_eq!(
            said(too_little, |m, t| {
                (m.total.requests, t.min_requests) = (100, 100);
                (m.duration, t.min_duration) = (60_000, Some(60));
            }),
            [""; 0]
        );
    }

    #[test]
    fn less_proves_nothing() {
        assert_eq!(
            said(too_little, |m, t| {
                (m.total.requests, t.min_requests) = (99, 100);
                (m.duration, t.min_duration) = (59_999, Some(60));
            }),
            [
                "too-few-requests: 99 requests; at least 100 are required",
                "too-short: the load lasted 59.9 s; at least 60 s are required",
            ]
        );
    }

    #[test]
    fn a_rate_needs_time() {
        assert_eq!(
            said(too_little, |m, t| {
                m.duration = 0;
                t.min_rate = Some(1.0);
            }),
            ["too-short: the load lasted less than 1 ms, too short to compute a rate"]
        );
        assert_eq!(
            said(too_little, |m, t| {
                m.duration = 0;
                t.min_rate = Some(0.0);
            }),
            [""; 0]
        );
    }
}
