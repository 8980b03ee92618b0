//! Each threshold at its limit and beyond it.

use super::{broken, explain_failure, missing, too_little};
use crate::bindings::promotion::{Baseline, NamedStatistics};
use crate::bindings::types::{NamedThresholds, Reason};
use crate::fixtures::{load_test, measurement, said, thresholds};

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
fn every_kind_of_threshold_is_judged() {
    assert_eq!(
        said(broken, |m, t| {
            (m.total.requests, m.duration) = (1000, 60_000);
            (m.total.failures, t.max_failure_share) = (21, Some(0.02));
            (m.total.mean, t.max_mean) = (Some(80.5), Some(80.25));
            (m.total.p50, t.max_p50) = (Some(71), Some(70));
            (m.total.p99, t.max_p99) = (Some(901), Some(900));
            (m.total.p95, t.max_increase) = (Some(121), Some(0.2));
            m.baseline = Some(baseline(100));
        }),
        [
            "too-many-failures: 21 of 1000 requests failed; 2.00 % are allowed",
            "too-slow: the mean of the response time is 80.50 ms; 80.25 ms are allowed",
            "too-slow: the 50th percentile of the response time is 71 ms; 70 ms are allowed",
            "too-slow: the 99th percentile of the response time is 901 ms; 900 ms are allowed",
            "slower-than-before: the 95th percentile of the response time is 121 ms, 100 ms for the last \
             promoted release; an increase of 20.00 % is allowed",
        ]
    );
}

/// A share replaces the absolute number, and a first release has nothing to be compared with.
#[test]
fn what_is_not_known_is_not_compared() {
    for before in [None, Some(baseline(0)), Some(baseline(120))] {
        assert_eq!(
            said(broken, |m, t| {
                (m.total.requests, m.total.failures) = (1000, 20);
                (t.max_failures, t.max_failure_share) = (0, Some(0.02));
                (m.total.p95, t.max_increase) = (Some(120), Some(0.0));
                m.baseline = before;
            }),
            [""; 0]
        );
    }
}

fn baseline(p95: u64) -> Baseline {
    let mut total = measurement().total;
    total.p95 = Some(p95);
    let named = |name: &str| NamedStatistics {
        name: name.to_owned(),
        statistics: total,
    };
    Baseline {
        commit: "b".repeat(40),
        total,
        by_name: vec![named("GET /api")],
    }
}

/// The requests of a name have their own thresholds, and their reasons say the name.
#[test]
fn requests_of_one_name_are_judged_too() {
    let mut m = measurement();
    let mut settings = load_test();
    let mut thresholds = thresholds();
    thresholds.max_p95 = Some(100);
    thresholds.max_increase = Some(0.1);
    settings.by_name = vec![NamedThresholds {
        name: "GET /api".to_owned(),
        thresholds,
    }];
    let codes = |reasons: Vec<Reason>| -> Vec<String> {
        reasons.into_iter().map(|it| it.message).collect()
    };
    assert_eq!(codes(broken(&m, "", &settings)), [""; 0]);
    assert_eq!(
        codes(too_little(&m, "", &settings)),
        ["0 requests of `GET /api`; at least 1 are required"]
    );
    assert_eq!(codes(missing(&m, &settings)), [""; 0]);

    let mut total = m.total;
    (total.requests, total.failures, total.p95) = (10, 1, Some(120));
    m.by_name = vec![NamedStatistics {
        name: "GET /api".to_owned(),
        statistics: total,
    }];
    m.baseline = Some(baseline(100));
    assert_eq!(
        codes(broken(&m, "", &settings)),
        [
            "1 of 10 requests of `GET /api` failed; 0 are allowed",
            "the 95th percentile of the response time of `GET /api` is 120 ms; 100 ms are allowed",
            "the 95th percentile of the response time of `GET /api` is 120 ms, 100 ms for the last promoted \
             release; an increase of 10.00 % is allowed",
        ]
    );
    assert!(explain_failure(&m, &settings));
    m.by_name[0].statistics.p95 = None;
    assert_eq!(
        codes(missing(&m, &settings)),
        ["the load test reported no 95th percentile of `GET /api`; 100 ms are allowed"]
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
