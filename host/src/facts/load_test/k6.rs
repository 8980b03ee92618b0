//! k6's results: the summary that it makes at the end of a run, also of an interrupted one.
//!
//! k6 writes the text that a script's `handleSummary` returns, so the script determines its shape:
//! `JSON.stringify(data)` is expected. The file of `--summary-export` is read as well.

use super::k6_summary::Summary;
use super::{Results, Run, k6_requests};

/// k6's exit status of a test with a broken threshold: `ThresholdsHaveFailed` in its `errext/exitcodes/codes.go`.
const THRESHOLDS: i32 = 99;

/// Reads the results of a run.
pub(super) fn read(run: &Run) -> Results {
    let mut results = Results::nothing();
    match run.files.read(&run.files.results, Summary::read) {
        Ok(summary) => take(&mut results, &summary, run),
        Err(error) => results.fault(error.explain(&run.files.results)),
    }
    results
}

fn take(results: &mut Results, summary: &Summary, run: &Run) {
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
    if run.exit_status == Some(THRESHOLDS) && results.broken_thresholds.is_empty() {
        results
            .broken_thresholds
            .push(format!("exit status {THRESHOLDS}"));
        let why = if summary.has_thresholds() {
            "marks no threshold as broken"
        } else {
            "has no thresholds in this format"
        };
        results.note(format!(
            "exit status {THRESHOLDS} says that a threshold is broken; the summary {why}"
        ));
    }
    k6_requests::take(results, summary, &run.requests, &run.names);
    if let Some((passes, fails)) = summary.checks()
        && fails > 0
    {
        let checks = u128::from(passes) + u128::from(fails);
        results.note(format!("{fails} of {checks} checks failed"));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Files, Format, REQUESTS, recorded_files};
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
        counting(text, &[REQUESTS])
    }

    /// The results of a summary in which these metrics count as requests.
    pub(in super::super) fn counting(text: &str, metrics: &[&str]) -> Results {
        ended(text, metrics, 0)
    }

    fn ended(text: &str, metrics: &[&str], exit_status: i32) -> Results {
        named(text, metrics, &[], exit_status)
    }

    /// The results of a summary, with the requests of these names.
    pub(in super::super) fn named(
        text: &str,
        metrics: &[&str],
        names: &[&str],
        exit_status: i32,
    ) -> Results {
        let file = tempfile::NamedTempFile::with_prefix("summary").expect("a temporary file");
        std::fs::write(file.path(), text).expect("a file to write to");
        read(&Run {
            format: Format::K6,
            files: Files {
                results: file.path().to_owned(),
                ..Files::default()
            },
            requests: metrics.iter().map(|it| (*it).to_owned()).collect(),
            names: names.iter().map(|it| (*it).to_owned()).collect(),
            exit_status: Some(exit_status),
        })
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
            mean: Some(1.079_518_240_904_442_6),
            p50: Some(1),
            p99: Some(7),
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
            mean: Some(1.145_058_222_878_894),
            p50: Some(1),
            p99: Some(7),
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
            mean: Some(120.5),
            p50: Some(110),
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
        let results = recorded_files::read(Format::K6, &files);
        assert!(!results.complete);
        assert_eq!(results.notes, ["`summary.json` does not exist"]);
    }

    const MACHINE_READABLE: &str = r#"{"version": "1.0.0", "config": {"duration": 10.01}, "results": {
        "checks": {"results": [{"name": "a", "passes": 150, "fails": 50}, {"name": "b", "passes": 200, "fails": 0}]},
        "metrics": [
            {"name": "http_reqs", "values": {"count": 200}},
            {"name": "http_req_failed", "values": {"matches": 3, "total": 200, "rate": 0.015}},
            {"name": "http_req_duration", "values": {"avg": 12.5, "p(95)": 41.5}}]}}"#;

    #[test]
    fn reads_the_machine_readable_shape() {
        let expected = Results {
            requests: 200,
            failures: 3,
            duration: 10_010,
            p95: Some(42),
            mean: Some(12.5),
            notes: vec!["50 of 400 checks failed".into()],
            ..Results::nothing()
        };
        assert_eq!(written(MACHINE_READABLE), expected);
    }

    #[test]
    fn exit_status_99_is_a_broken_threshold() {
        let results = ended(MACHINE_READABLE, &[REQUESTS], 99);
        assert_eq!(results.broken_thresholds, ["exit status 99"]);
        assert_eq!(
            results.notes[0],
            "exit status 99 says that a threshold is broken; the summary has no thresholds in this format"
        );
        let named = ended(EXPORTED, &[REQUESTS], 99);
        assert_eq!(named.broken_thresholds, ["http_req_duration: p(95)<200"]);
        assert_eq!(
            ended(MACHINE_READABLE, &[REQUESTS], 1).broken_thresholds,
            [""; 0]
        );
    }
}
