//! Counts the requests of a k6 test, their failures and their response times.
//!
//! `http_reqs` of k6 counts only requests over HTTP. k6 has other metrics for other tests: the response times of gRPC,
//! the sessions of web sockets, the requests of browser pages, and the iterations of every test. Source:
//! <https://grafana.com/docs/k6/latest/using-k6/metrics/reference/>.

use super::k6_summary::{P95, Summary};
use super::{Results, rounded_up};

/// The metric that counts requests if the configuration does not name metrics.
pub const REQUESTS: &str = "http_reqs";

/// A metric that counts requests, with the metrics of their failures and times.
struct Counted {
    name: &'static str,
    /// The rate metric of failed requests.
    failed: Option<&'static str>,
    /// The trend metric of the request times.
    time: Option<&'static str>,
}

const fn counted(
    name: &'static str,
    failed: Option<&'static str>,
    time: Option<&'static str>,
) -> Counted {
    Counted { name, failed, time }
}

/// The built-in metrics of k6 that can count requests. For a metric of a script, only its name is known.
const COUNTED: [Counted; 6] = [
    counted(REQUESTS, Some("http_req_failed"), Some("http_req_duration")),
    counted("grpc_req_duration", None, Some("grpc_req_duration")),
    counted("ws_sessions", None, Some("ws_connecting")),
    counted(
        "browser_http_req_duration",
        Some("browser_http_req_failed"),
        Some("browser_http_req_duration"),
    ),
    counted(
        "browser_http_req_failed",
        Some("browser_http_req_failed"),
        Some("browser_http_req_duration"),
    ),
    counted("iterations", None, Some("iteration_duration")),
];

/// Adds the requests of each metric to the results.
pub(super) fn take(results: &mut Results, summary: &Summary, metrics: &[String]) {
    let mut p95: Option<u64> = None;
    let mut has_iterations = false;
    for name in metrics {
        let known = COUNTED.iter().find(|it| it.name == name);
        let failed = known.and_then(|it| it.failed);
        let time = known.map_or(Some(name.as_str()), |it| it.time);
        let Some(count) = count(results, summary, name, failed, &mut has_iterations) else {
            continue;
        };
        let total = results.requests.checked_add(count);
        results.requests = total.unwrap_or(u64::MAX);
        if count == 0 {
            continue;
        }
        match failed {
            Some(failed) => match failures(summary, name, failed, count) {
                Ok(failures) => results.failures = results.failures.saturating_add(failures),
                Err(why) => results.fault(why),
            },
            None => results.note(format!(
                "k6 does not count failures of `{name}`: thresholds for `checks` judge them"
            )),
        }
        if let Some(time) = time {
            p95 = p95.max(percentile(results, summary, time));
        }
    }
    results.p95 = p95;
}

/// The number of measurements of a metric. Adds a note or a fault and returns `None` if the number is unknown.
fn count(
    results: &mut Results,
    summary: &Summary,
    name: &str,
    failed: Option<&str>,
    has_iterations: &mut bool,
) -> Option<u64> {
    let Some(values) = summary.values(name) else {
        results.note(absent(summary, name));
        return None;
    };
    if values.has("count") {
        let count = values.count("count");
        if count.is_none() {
            results.fault(format!("the count of `{name}` can't be read"));
        }
        return count;
    }
    let rate = failed.and_then(|failed| summary.values(failed));
    let rate = summary.outcomes(values).or_else(|| summary.outcomes(rate?));
    if let Some((hits, misses)) = rate {
        return hits.checked_add(misses);
    }
    let iterations = summary.values("iterations");
    let Some(iterations) = iterations.and_then(|it| it.count("count")) else {
        results.fault(format!("the count of `{name}` can't be read"));
        return None;
    };
    results.note(format!(
        "the summary has no count of `{name}`: iterations are counted (add `count` to `summaryTrendStats`)"
    ));
    (!std::mem::replace(has_iterations, true)).then_some(iterations)
}

/// The note that a metric was not measured, with the built-in metrics that were.
fn absent(summary: &Summary, name: &str) -> String {
    let others = COUNTED.iter().map(|it| it.name);
    let others = others.filter(|it| *it != name && summary.values(it).is_some());
    let others: Vec<_> = others.map(|it| format!("\"{it}\"")).collect();
    let what = if name == REQUESTS {
        "the run made no request over HTTP".to_owned()
    } else {
        format!("the run did not measure `{name}`")
    };
    if others.is_empty() {
        what
    } else {
        let others = others.join(", ");
        format!("{what}; `[load-test] requests` can count {others}")
    }
}

/// The number of failed requests. The rate metric `failed` is true for each failed request, so its hits are the
/// failures. Its hits and misses together must equal the number of requests.
fn failures(summary: &Summary, name: &str, failed: &str, requests: u64) -> Result<u64, String> {
    let values = summary.values(failed).ok_or_else(|| {
        format!("`{failed}` is missing: the number of failed requests is unknown")
    })?;
    let (hits, misses) = summary
        .outcomes(values)
        .ok_or_else(|| format!("`{failed}` can't be read, or contradicts itself"))?;
    if hits.checked_add(misses) != Some(requests) {
        return Err(format!(
            "`{failed}` and `{name}` don't count the same requests"
        ));
    }
    Ok(hits)
}

/// The 95th percentile of a trend, in milliseconds.
fn percentile(results: &mut Results, summary: &Summary, trend: &str) -> Option<u64> {
    match summary.p95(trend) {
        P95::Is(p95) => {
            let p95 = rounded_up(p95);
            if p95.is_none() {
                results.fault(format!("`p(95)` of `{trend}` can't be read"));
            }
            return p95;
        }
        P95::Unreadable => results.fault(format!("`p(95)` of `{trend}` can't be read")),
        P95::Absent => results.note(format!(
            "`p(95)` of `{trend}` was left out by `summaryTrendStats`"
        )),
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::k6::tests::counting;

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
}
