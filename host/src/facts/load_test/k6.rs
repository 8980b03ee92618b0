//! k6's results: the summary that it makes at the end of a run, also of an interrupted one.
//!
//! k6 writes the text that a script's `handleSummary` returns, so the script determines its shape:
//! `JSON.stringify(data)` is expected. The file of `--summary-export` is read as well.

use serde_json::{Map, Value};

use super::document::{self, Unreadable};
use super::k6_summary::Summary;
use super::{Files, Results, rounded_up};

/// Reads the results of a run.
pub(super) fn read(files: &Files) -> Results {
    let mut results = Results::nothing();
    let summary = document::read(&files.results)
        .and_then(|bytes| Summary::parse(&bytes).map_err(Unreadable::from));
    match summary {
        Ok(summary) => take(&mut results, &summary),
        Err(error) => results.fault(error.explain(&files.results)),
    }
    results
}

fn take(results: &mut Results, summary: &Summary) {
    match summary.duration() {
        Some(duration) => results.duration = duration,
        None => results.fault("the summary does not say how long the run was"),
    }
    for (threshold, broken) in summary.thresholds() {
        match broken {
            Some(true) => results.broken_thresholds.push(threshold),
            Some(false) => {}
            None => results.fault(format!("whether `{threshold}` was kept can't be read")),
        }
    }
    take_requests(results, summary);
    if let Some((passes, fails)) = summary.values("checks").and_then(outcomes)
        && fails > 0
    {
        let checks = u128::from(passes) + u128::from(fails);
        results.note(format!("{fails} of {checks} checks failed"));
    }
}

fn take_requests(results: &mut Results, summary: &Summary) {
    let Some(values) = summary.values("http_reqs") else {
        results.note("the run made no request over HTTP");
        return;
    };
    match values.get("count").and_then(Value::as_u64) {
        Some(count) => results.requests = count,
        None => return results.fault("the count of `http_reqs` can't be read"),
    }
    if results.requests == 0 {
        return;
    }
    match failures(summary, results.requests) {
        Ok(failures) => results.failures = failures,
        Err(why) => results.fault(why),
    }
    let p95 = summary
        .values("http_req_duration")
        .and_then(|values| values.get("p(95)"));
    match p95.map(|value| value.as_f64().and_then(rounded_up)) {
        Some(Some(p95)) => results.p95 = Some(p95),
        Some(None) => results.fault("`p(95)` of `http_req_duration` can't be read"),
        None => results.note("`p(95)` of `http_req_duration` was left out by `summaryTrendStats`"),
    }
}

/// How many requests failed. `http_req_failed` is the rate of the statement "the request failed", so its *passes* are
/// the failures; the rate must agree with them.
fn failures(summary: &Summary, requests: u64) -> Result<u64, &'static str> {
    let values = summary
        .values("http_req_failed")
        .ok_or("`http_req_failed` is missing: the number of failed requests is unknown")?;
    let (failed, fine) = outcomes(values).ok_or("`http_req_failed` can't be read")?;
    if failed.checked_add(fine) != Some(requests) {
        return Err("`http_req_failed` and `http_reqs` don't count the same requests");
    }
    let share = values.get(summary.share()).and_then(Value::as_f64);
    if share.is_none_or(|share| (share - ratio(failed, requests)).abs() > 1e-6) {
        return Err("`http_req_failed` contradicts itself");
    }
    Ok(failed)
}

/// The passes and fails of a rate.
fn outcomes(values: &Map<String, Value>) -> Option<(u64, u64)> {
    let count = |name| values.get(name).and_then(Value::as_u64);
    Some((count("passes")?, count("fails")?))
}

#[expect(clippy::cast_precision_loss, reason = "compared with a tolerance")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read, recorded_files};
    use super::*;

    /// Not recorded, but written by hand in the shape that `oldJSONSummary` produces.
    const EXPORTED: &str = r#"{
        "metrics": {
            "http_reqs": {"count": 40, "rate": 8},
            "http_req_duration": {"avg": 120.5, "min": 90, "med": 110, "max": 300.25, "p(90)": 180,
                "p(95)": 210.01, "thresholds": {"p(95)<200": true, "max<1000": false}},
            "http_req_failed": {"passes": 1, "fails": 39, "value": 0.025,
                "thresholds": {"rate<0.1": false}},
            "checks": {"passes": 40, "fails": 0, "value": 1}
        },
        "root_group": {"name": "", "path": "", "id": "d41d8cd98f00b204e9800998ecf8427e",
            "groups": {}, "checks": {}}
    }"#;

    fn recorded(name: &str) -> String {
        std::fs::read_to_string(recorded_files::path(&format!("k6/{name}.json")))
            .expect("a recorded file")
    }

    fn written(text: &str) -> Results {
        let file = tempfile::NamedTempFile::with_prefix("summary").expect("a temporary file");
        std::fs::write(file.path(), text).expect("a file to write to");
        let results = file.path().to_owned();
        let files = Files {
            results,
            ..Files::default()
        };
        read(Format::K6, &files)
    }

    fn with(text: &str, from: &str, to: &str) -> Results {
        assert!(text.contains(from), "{from}");
        written(&text.replacen(from, to, 1))
    }

    #[test]
    fn reads_a_recorded_run_with_thresholds_kept() {
        let expected = Results {
            requests: 21494,
            duration: 5001,
            p95: Some(3),
            ..Results::nothing()
        };
        assert_eq!(written(&recorded("passed")), expected);
    }

    #[test]
    fn reads_a_recorded_run_with_a_broken_threshold() {
        let expected = Results {
            requests: 19966,
            failures: 3993,
            duration: 5004,
            p95: Some(4),
            broken_thresholds: vec!["http_req_failed: rate<0.01".into()],
            notes: vec!["3993 of 19966 checks failed".into()],
            ..Results::nothing()
        };
        assert_eq!(written(&recorded("failed")), expected);
    }

    #[test]
    fn reads_the_older_shape() {
        let expected = Results {
            requests: 40,
            failures: 1,
            duration: 5000,
            p95: Some(211),
            broken_thresholds: vec!["http_req_duration: p(95)<200".into()],
            ..Results::nothing()
        };
        assert_eq!(written(EXPORTED), expected);
    }

    #[test]
    fn a_run_without_requests_is_whole() {
        let results = written(r#"{"metrics": {}, "state": {"testRunDurationMs": 3000.5}}"#);
        let expected = Results {
            duration: 3000,
            notes: vec!["the run made no request over HTTP".into()],
            ..Results::nothing()
        };
        assert_eq!(results, expected);
    }

    #[test]
    fn a_percentile_that_was_not_recorded_is_none() {
        let results = with(EXPORTED, "\"p(95)\"", "\"p(99)\"");
        assert_eq!((results.complete, results.p95), (true, None));
        assert_eq!(results.notes.len(), 1);
    }

    #[test]
    fn contradictions_are_not_complete() {
        for (from, to) in [
            ("\"count\": 40", "\"count\": 41"),
            ("\"count\": 40", "\"count\": -40"),
            ("\"count\": 40", "\"counts\": 40"),
            (
                "\"passes\": 1, \"fails\": 39",
                "\"passes\": 39, \"fails\": 1",
            ),
            ("\"passes\": 1", "\"passes\": 1.5"),
            ("\"value\": 0.025", "\"rate\": 0.025"),
            ("\"http_req_failed\"", "\"failed\""),
            ("\"p(95)\": 210.01", "\"p(95)\": -1"),
            ("\"p(95)\": 210.01", "\"p(95)\": null"),
            ("\"p(95)<200\": true", "\"p(95)<200\": \"true\""),
            ("\"rate\": 8", "\"rate\": 0"),
            ("\"rate\": 8", "\"rate\": NaN"),
        ] {
            let results = with(EXPORTED, from, to);
            assert!(!results.complete, "{to}");
            assert!(!results.notes.is_empty(), "{to}");
        }
    }

    #[test]
    fn a_summary_that_is_missing_is_not_complete() {
        let results = "none/summary.json".into();
        let files = Files {
            results,
            ..Files::default()
        };
        let results = read(Format::K6, &files);
        assert!(!results.complete);
        assert_eq!(results.notes, ["`summary.json` does not exist"]);
    }
}
