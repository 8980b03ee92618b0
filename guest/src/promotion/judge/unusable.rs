//! Errored: what the load test reports can't be used.

use crate::bindings::promotion::Measurement;
use crate::bindings::types::{Reason, Thresholds};
use crate::promotion::codes;
use crate::promotion::words::amount;

use super::setting;

/// Names what keeps the numbers from being compared.
pub(super) fn reasons(m: &Measurement, _: &str, thresholds: &Thresholds) -> Vec<Reason> {
    let mut reasons = Vec::new();
    // Status 1 is how load test tools say that requests failed, also where some may. Any other status
    // is one of a broken harness, unless what it may stand for is outside its threshold.
    let explained = !m.broken_thresholds.is_empty()
        || m.failures > thresholds.max_failures
        || m.exceptions > thresholds.max_exceptions
        || (m.exit_status == Some(1) && (m.failures > 0 || m.exceptions > 0));
    if !m.complete {
        reasons.push(Reason::new(
            codes::RESULTS_INCOMPLETE,
            "the load test's results are missing, cut short or contradict each other",
        ));
    }
    if m.exit_status.is_none() {
        reasons.push(Reason::new(
            codes::KILLED_BY_SIGNAL,
            "a signal ended the load test",
        ));
    }
    if m.requests == 0 {
        reasons.push(Reason::new(
            codes::NO_REQUESTS,
            "the load test made no request",
        ));
    }
    if m.failures > m.requests {
        let message = format!(
            "{} failed, but only {} were made",
            amount(m.failures, "request"),
            m.requests
        );
        reasons.push(Reason::new(codes::RESULTS_CONTRADICTORY, message));
    }
    if let (Some(status @ (..=-1 | 1..)), false) = (m.exit_status, explained) {
        let message = format!(
            "the load test ended with exit status {status}, without a failure, an exception or a \
             broken threshold that explains it"
        );
        reasons.push(Reason::new(codes::HARNESS_FAILED, message));
    }
    if let (Some(limit), None) = (thresholds.max_p95, m.p95) {
        let message = format!("no 95th percentile was reported, and {limit} ms are allowed");
        reasons.push(Reason::new(codes::P95_MISSING, message).on(setting("max-p95")));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::reasons;
    use crate::bindings::promotion::Measurement;
    use crate::promotion::fixtures::said;

    #[test]
    fn usable_numbers_have_no_reason() {
        assert_eq!(said(reasons, |_, _| {}), [""; 0]);
    }

    #[test]
    fn results_must_be_whole() {
        assert_eq!(
            said(reasons, |m, _| m.complete = false),
            [
                "results-incomplete: the load test's results are missing, cut short or contradict each \
              other"
            ]
        );
        assert_eq!(
            said(reasons, |m, _| m.exit_status = None),
            ["killed-by-signal: a signal ended the load test"]
        );
    }

    #[test]
    fn a_test_that_made_no_request_did_not_pass() {
        assert_eq!(
            said(reasons, |m, _| m.requests = 0),
            ["no-requests: the load test made no request"]
        );
    }

    #[test]
    fn numbers_must_not_contradict_each_other() {
        assert_eq!(
            said(reasons, |m, _| {
                m.requests = 1;
                m.failures = 2;
            }),
            ["results-contradictory: 2 requests failed, but only 1 were made"]
        );
    }

    #[test]
    fn an_exit_status_needs_an_explanation() {
        for status in [1, -1, i32::MIN, i32::MAX] {
            let said = said(reasons, |m, _| m.exit_status = Some(status));
            assert_eq!(said.len(), 1);
            assert!(said[0].starts_with("harness-failed: "));
            assert!(said[0].contains(&format!(" {status}, ")));
        }
        for explain in [
            |m: &mut Measurement| m.failures = 1,
            |m: &mut Measurement| m.exceptions = 1,
            |m: &mut Measurement| m.broken_thresholds.push("x".to_owned()),
        ] {
            let said = said(reasons, |m, _| {
                m.exit_status = Some(1);
                explain(m);
            });
            assert_eq!(said, [""; 0]);
        }
    }

    #[test]
    fn a_limit_needs_a_number() {
        assert_eq!(
            said(reasons, |m, t| {
                m.p95 = None;
                t.max_p95 = Some(800);
            }),
            ["p95-missing: no 95th percentile was reported, and 800 ms are allowed"]
        );
        assert_eq!(said(reasons, |m, _| m.p95 = None), [""; 0]);
    }
}
