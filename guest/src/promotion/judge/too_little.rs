//! Inconclusive: within every threshold, but too little to prove it.

use crate::bindings::promotion::Measurement;
use crate::bindings::types::{Reason, Thresholds};
use crate::promotion::codes;
use crate::promotion::words::{amount, seconds};

use super::setting;

/// Names what there was too little of.
pub(super) fn reasons(m: &Measurement, _: &str, thresholds: &Thresholds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if m.requests < thresholds.min_requests {
        let message = format!(
            "{}; at least {} are required",
            amount(m.requests, "request"),
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
                "the load lasted less than 1 ms, which is no ground for a rate",
            )
            .on(setting("min-rate")),
        );
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::reasons;
    use crate::promotion::fixtures::said;

    #[test]
    fn as_much_as_required_is_enough() {
        assert_eq!(
            said(reasons, |m, t| {
                (m.requests, t.min_requests) = (100, 100);
                (m.duration, t.min_duration) = (60_000, Some(60));
            }),
            [""; 0]
        );
    }

    #[test]
    fn less_proves_nothing() {
        assert_eq!(
            said(reasons, |m, t| {
                (m.requests, t.min_requests) = (99, 100);
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
            said(reasons, |m, t| {
                m.duration = 0;
                t.min_rate = Some(1.0);
            }),
            ["too-short: the load lasted less than 1 ms, which is no ground for a rate"]
        );
        assert_eq!(
            said(reasons, |m, t| {
                m.duration = 0;
                t.min_rate = Some(0.0);
            }),
            [""; 0]
        );
    }
}
