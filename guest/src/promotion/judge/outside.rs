//! Failed: measured, and outside a threshold.

use crate::bindings::promotion::Measurement;
use crate::bindings::types::{Reason, Thresholds};
use crate::promotion::codes;
use crate::promotion::words::{amount, hundredths};

use super::setting;

/// Names every threshold that is broken.
pub(super) fn reasons(m: &Measurement, _: &str, thresholds: &Thresholds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if m.failures > thresholds.max_failures {
        let message = format!(
            "{} of {} failed; {} are allowed",
            m.failures,
            amount(m.requests, "request"),
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
    match (thresholds.max_p95, m.p95) {
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
            hundredths(m.requests.saturating_mul(100_000) / m.duration.max(1)),
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

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 requests or milliseconds the last digits of a rate don't matter"
)]
fn rate_below(m: &Measurement, required: f64) -> bool {
    m.duration > 0 && (m.requests as f64) * 1000.0 < required * (m.duration as f64)
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
    use super::reasons;
    use crate::promotion::fixtures::said;

    #[test]
    fn at_the_limit_is_within_it() {
        assert_eq!(
            said(reasons, |m, t| {
                (m.requests, m.duration) = (536, 60_000);
                (m.failures, t.max_failures) = (3, 3);
                (m.exceptions, t.max_exceptions) = (2, 2);
                (m.p95, t.max_p95) = (Some(800), Some(800));
                m.requests = 600;
                t.min_rate = Some(10.0);
            }),
            [""; 0]
        );
    }

    #[test]
    fn every_broken_threshold_is_named_with_its_numbers() {
        assert_eq!(
            said(reasons, |m, t| {
                (m.requests, m.duration) = (536, 60_000);
                m.failures = 37;
                m.exceptions = 1;
                (m.p95, t.max_p95) = (Some(801), Some(800));
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
            said(reasons, |m, _| m.broken_thresholds = vec!["a".into(); 3]),
            ["own-threshold-broken: the load test's own threshold `a` is broken, and 2 more"]
        );
    }

    #[test]
    fn no_time_is_no_ground_for_a_rate() {
        assert_eq!(
            said(reasons, |m, t| {
                m.duration = 0;
                t.min_rate = Some(f64::MAX);
            }),
            [""; 0]
        );
    }

    #[test]
    fn the_largest_numbers_are_compared_too() {
        let said = said(reasons, |m, t| {
            (m.requests, m.duration) = (u64::MAX, u64::MAX);
            t.min_rate = Some(f64::MAX);
        });
        assert!(said[0].starts_with("rate-too-low"));
    }
}
