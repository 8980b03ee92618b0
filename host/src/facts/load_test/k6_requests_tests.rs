//! The requests of k6 summaries: of all kinds of tests, and of one name.

use super::super::k6::tests::{counting, named};
use crate::contract::load_tests::NO_REQUESTS;
use crate::contract::promotion::RequestStatistics;

const MIXED: &str = r#"{"state": {"testRunDurationMs": 1000}, "metrics": {
        "http_reqs": {"values": {"count": 10}},
        "http_req_failed": {"values": {"passes": 1, "fails": 9, "rate": 0.1}},
        "http_req_duration": {"values": {"p(95)": 20}},
        "grpc_req_duration": {"values": {"p(95)": 41.5}},
        "ws_sessions": {"values": {"count": 3}},
        "ws_connecting": {"values": {"p(95)": 7}},
        "browser_http_req_duration": {"values": {"p(95)": 300}},
        "browser_http_req_failed": {"values": {"passes": 2, "fails": 6, "rate": 0.25}},
        "iterations": {"values": {"count": 5}},
        "iteration_duration": {"values": {"p(95)": 900}},
        "orders": {"values": {"count": 4}},
        "paid": {"values": {"passes": 6, "fails": 1, "rate": 0.857142857}}}}"#;

#[test]
fn each_kind_of_test_counts_as_configured() {
    for (metrics, requests, failures, p95) in [
        (&["http_reqs"][..], 10, 1, Some(20)),
        (&["grpc_req_duration"], 5, 0, Some(42)),
        (&["ws_sessions"], 3, 0, Some(7)),
        (&["browser_http_req_duration"], 8, 2, Some(300)),
        (&["browser_http_req_failed"], 8, 2, Some(300)),
        (&["iterations"], 5, 0, Some(900)),
        (
            &["http_reqs", "grpc_req_duration", "ws_sessions"],
            18,
            1,
            Some(42),
        ),
        (&["orders"], 4, 0, None),
        (&["paid"], 7, 0, None),
    ] {
        let results = counting(MIXED, metrics);
        let found = (results.requests, results.failures, results.p95);
        assert_eq!(found, (requests, failures, p95), "{metrics:?}: {results:?}");
        assert!(results.complete, "{metrics:?}: {results:?}");
    }
}

#[test]
fn a_trend_that_counts_itself_is_counted() {
    let text = MIXED.replace("\"p(95)\": 41.5", "\"p(95)\": 41.5, \"count\": 77");
    assert_eq!(counting(&text, &["grpc_req_duration"]).requests, 77);
}

#[test]
fn what_was_not_measured_is_said_with_what_was() {
    let results = counting(MIXED, &["ws_msgs_sent"]);
    assert_eq!((results.requests, results.complete), (0, true));
    assert_eq!(
        results.notes,
        [
            "the run did not measure `ws_msgs_sent`; `[load-test] requests` can count \"http_reqs\", \
                 \"grpc_req_duration\", \"ws_sessions\", \"browser_http_req_duration\", \
                 \"browser_http_req_failed\", \"iterations\""
        ]
    );
}

#[test]
fn contradictions_are_faults() {
    for (from, to) in [
        ("\"fails\": 6", "\"fails\": 7"),
        ("\"browser_http_req_failed\"", "\"failed\""),
        ("\"p(95)\": 300", "\"p(95)\": -1"),
    ] {
        let results = counting(&MIXED.replace(from, to), &["browser_http_req_duration"]);
        assert!(!results.complete, "{to}: {results:?}");
    }
}

const NAMED: &str = r#"{"state": {"testRunDurationMs": 1000}, "metrics": {
        "http_reqs": {"values": {"count": 10}},
        "http_req_failed": {"values": {"passes": 1, "fails": 9, "rate": 0.1}},
        "http_req_duration": {"values": {"p(95)": 20, "avg": 7.5}},
        "http_req_failed{name:GET /api}": {"values": {"passes": 1, "fails": 3, "rate": 0.25}},
        "http_req_duration{name:GET /api}": {"values": {"p(95)": 9.5, "avg": 4, "med": 3, "p(99)": 12}},
        "http_req_duration{ name: \"POST /api\" }": {"values": {"p(95)": 9, "count": 3}},
        "http_req_duration{name:GET /api,status:200}": {"values": {"p(95)": 1}}}}"#;

#[test]
fn requests_of_a_name_are_read_from_the_parts_of_metrics() {
    let results = named(NAMED, &["http_reqs"], &["GET /api"], 0);
    let expected = RequestStatistics {
        requests: 4,
        failures: 1,
        mean: Some(4.0),
        p50: Some(3),
        p95: Some(10),
        p99: Some(12),
    };
    assert_eq!(results.by_name[0].statistics, expected);
    assert!(results.complete, "{results:?}");
    assert_eq!((results.requests, results.mean), (10, Some(7.5)));
}

#[test]
fn a_name_without_failures_is_not_complete() {
    let results = named(NAMED, &["http_reqs"], &["POST /api"], 0);
    assert!(!results.complete);
    assert_eq!(
        results.notes,
        [
            "`http_req_failed{name:POST /api}` is missing: the number of failed requests is unknown (add a \
                 threshold for it to the script)"
        ]
    );
}

#[test]
fn a_name_that_the_summary_lacks_has_no_requests() {
    let results = named(NAMED, &["http_reqs"], &["/other"], 0);
    assert!(results.complete);
    assert_eq!(results.by_name[0].statistics, NO_REQUESTS);
    assert_eq!(
        results.notes,
        [
            "the summary does not count the requests of `/other`: the script needs thresholds for \
                 `http_req_failed{name:/other}` and `http_req_duration{name:/other}`"
        ]
    );
}

#[test]
fn the_mean_of_several_metrics_is_weighted() {
    let text = MIXED.replace("\"p(95)\": 20", "\"p(95)\": 20, \"avg\": 5");
    let text = text.replace("\"p(95)\": 7", "\"p(95)\": 7, \"avg\": 18");
    let results = counting(&text, &["http_reqs", "ws_sessions"]);
    assert_eq!(results.mean, Some(8.0));
    let results = counting(&text, &["http_reqs", "grpc_req_duration"]);
    assert_eq!(results.mean, None);
}
