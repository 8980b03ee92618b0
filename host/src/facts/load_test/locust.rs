//! Locust's results.
//!
//! Locust writes the JSON once, at the end of a run, so this file can be shown to be whole. It rewrites the CSV files
//! during the run, and they lag behind: they have 209 of 241 requests in a recorded run that ended normally. They are
//! compared with the JSON, and replace it if it is missing. Then the results are never complete, because the files
//! have the same form at every moment of the run.
//!
//! No file shows that SIGTERM ended a run early: its files look like any others, and Locust exits with 0. Only the
//! duration is short.

use std::path::{Path, PathBuf};

use super::document::{self, Unreadable};
use super::locust_csv::{self, History, Point, Totals};
use super::locust_report::{self, Report};
use super::{Files, Results, Run};
use crate::contract::load_tests::NO_REQUESTS;
use crate::contract::promotion::RequestStatistics;

/// Reads the results and the curves of a run.
pub(super) fn read(run: &Run) -> (Results, Vec<Point>) {
    let files = &run.files;
    let mut results = Results::nothing();
    let report = files.read(&files.results, |path| locust_report::read(path, &run.names));
    if let Err(error) = &report {
        results.fault(error.explain(&files.results));
    }
    let totals = expected(
        &mut results,
        files,
        files.stats.as_ref(),
        locust_csv::totals,
    );
    let history = history(&mut results, files, report.is_ok());
    count_exceptions(&mut results, files);
    match report {
        Ok(report) => {
            compare(
                &mut results,
                files,
                &report,
                totals.as_ref(),
                history.as_ref(),
            );
            take(&mut results, report, history.as_ref());
        }
        Err(error) => fall_back(&mut results, &error, totals, history.as_ref()),
    }
    (results, history.map(|it| it.curve).unwrap_or_default())
}

/// Reads a file if its path is set, and records a fault if that fails.
fn expected<T>(
    results: &mut Results,
    files: &Files,
    path: Option<&PathBuf>,
    read: impl FnOnce(&Path) -> Result<T, Unreadable>,
) -> Option<T> {
    let path = path?;
    match files.read(path, read) {
        Ok(content) => Some(content),
        Err(error) => {
            results.fault(error.explain(path));
            None
        }
    }
}

/// Reads the history. With a report, only the curves come from the history, so an oversized history is no fault.
fn history(results: &mut Results, files: &Files, has_report: bool) -> Option<History> {
    let path = files.history.as_ref()?;
    match files.read(path, locust_csv::history) {
        Ok(history) => {
            if history.torn {
                results.fault(torn(path));
            }
            Some(history)
        }
        Err(error @ Unreadable::TooLarge) if has_report => {
            let why = error.explain(path);
            results.note(format!("{why}: there are no curves"));
            None
        }
        Err(error) => {
            results.fault(error.explain(path));
            None
        }
    }
}

fn torn(path: &Path) -> String {
    format!("{} ends in the middle of a row", document::name(path))
}

fn count_exceptions(results: &mut Results, files: &Files) {
    let path = files.exceptions.as_ref();
    let exceptions = expected(results, files, path, locust_csv::exceptions);
    if let (Some(exceptions), Some(path)) = (exceptions, path) {
        results.exceptions = exceptions.count;
        if exceptions.torn {
            results.fault(torn(path));
        }
    }
}

fn take(results: &mut Results, report: Report, history: Option<&History>) {
    results.set_total(&report.total);
    results.by_name = report.by_name;
    results.duration = report
        .span
        .and_then(locust_report::Span::duration)
        .or_else(|| history.and_then(History::duration))
        .unwrap_or(0);
}

/// Reads the CSV files. The missing report is already recorded as a fault.
fn fall_back(
    results: &mut Results,
    error: &Unreadable,
    totals: Option<Totals>,
    history: Option<&History>,
) {
    if matches!(error, Unreadable::Missing | Unreadable::Stale) {
        results.note("Locust was killed, or was not asked for JSON (`--json-file`)");
    }
    let last = history.and_then(History::last);
    let totals = totals.or_else(|| {
        // With `--csv-full-history` the times in a row cover the last seconds only, which the file does not show.
        last.map(|point| Totals {
            statistics: RequestStatistics {
                requests: point.requests,
                failures: point.failures,
                ..NO_REQUESTS
            },
            duration: None,
        })
    });
    let Some(totals) = totals else { return };
    results.note("counted from the CSV files, which lag behind the run");
    results.set_total(&totals.statistics);
    results.duration = totals
        .duration
        .or_else(|| history.and_then(History::duration))
        .unwrap_or(0);
}

/// Records where the CSV files contradict the report. They may be behind it, but not ahead.
pub(super) fn compare(
    results: &mut Results,
    files: &Files,
    report: &Report,
    totals: Option<&Totals>,
    history: Option<&History>,
) {
    let json = document::name(&files.results);
    let last = history.and_then(History::last);
    for (path, requests) in [
        (&files.stats, totals.map(|it| it.statistics.requests)),
        (&files.history, last.map(|point| point.requests)),
    ] {
        if let (Some(path), Some(requests)) = (path, requests)
            && requests > report.total.requests
        {
            let (csv, of_report) = (document::name(path), report.total.requests);
            results.fault(format!(
                "{csv} has {requests} requests, and {json} only {of_report}"
            ));
        }
    }
    if let (Some(span), Some(first), Some(path)) = (
        report.span,
        history.and_then(History::first),
        &files.history,
    ) && before(span.end, first.at)
    {
        let csv = document::name(path);
        results.fault(format!(
            "{json} is of an earlier run: it ends before {csv} starts"
        ));
    }
}

/// Whether a time is before another one, both in seconds since the Unix epoch.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact for the next hundred million years"
)]
fn before(time: f64, other: u64) -> bool {
    time < other as f64
}

#[cfg(test)]
mod tests {
    use super::super::{Format, recorded_files};
    use super::*;
    use std::fs;

    fn recorded(run: &str) -> Results {
        let folder = recorded_files::path(&format!("locust/{run}"));
        results(&recorded_files::locust(&folder))
    }

    fn results(files: &Files) -> Results {
        recorded_files::read(Format::Locust, files)
    }

    #[test]
    fn reads_recorded_runs_from_the_json() {
        let passed = Results {
            requests: 241,
            duration: 4671,
            p95: Some(13),
            mean: Some(7.112_802_037_351_621),
            p50: Some(5),
            p99: Some(66),
            ..Results::nothing()
        };
        assert_eq!(recorded("passed"), passed);
        let failed = Results {
            requests: 217,
            failures: 50,
            duration: 4470,
            p95: Some(19),
            mean: Some(10.735_640_884_791_993),
            p50: Some(6),
            p99: Some(210),
            ..Results::nothing()
        };
        assert_eq!(recorded("failed"), failed);
    }

    #[test]
    fn reads_the_requests_of_names_from_a_recorded_run() {
        let run = Run {
            names: vec!["GET /bad".to_owned(), "he said \"hi\", ok".to_owned()],
            ..recorded_files::run(
                Format::Locust,
                &recorded_files::locust(&recorded_files::path("locust/failed")),
            )
        };
        let by_name = read(&run).0.by_name;
        let found: Vec<_> = by_name
            .iter()
            .map(|it| {
                (
                    it.statistics.requests,
                    it.statistics.failures,
                    it.statistics.p95,
                )
            })
            .collect();
        assert_eq!(found, [(50, 50, Some(16)), (167, 0, Some(19))]);
    }

    #[test]
    fn reads_recorded_runs_without_requests() {
        let nothing = Results {
            duration: 4000,
            ..Results::nothing()
        };
        assert_eq!(recorded("no-requests"), nothing);
        let exceptions = Results {
            exceptions: 117,
            ..nothing
        };
        assert_eq!(recorded("exceptions"), exceptions);
    }

    #[test]
    fn reads_recorded_runs_that_left_no_json() {
        for (run, requests, failures, duration, mean, [p50, p95, p99]) in [
            ("killed", 102, 0, 1954, 7.112_433_039_194_501, [5, 12, 58]),
            (
                "refused",
                102,
                102,
                1988,
                5.801_692_127_440_273,
                [3, 16, 62],
            ),
            (
                "terminated",
                105,
                0,
                1977,
                5.856_604_980_969_375,
                [4, 10, 75],
            ),
        ] {
            let expected = Results {
                requests,
                failures,
                duration,
                p95: Some(p95),
                mean: Some(mean),
                p50: Some(p50),
                p99: Some(p99),
                complete: false,
                notes: vec![
                    "`stats.json` does not exist".into(),
                    "Locust was killed, or was not asked for JSON (`--json-file`)".into(),
                    "counted from the CSV files, which lag behind the run".into(),
                ],
                ..Results::nothing()
            };
            assert_eq!(recorded(run), expected, "{run}");
        }
    }

    #[test]
    fn needs_only_the_json() {
        let files = Files {
            results: recorded_files::path("locust/passed/stats.json"),
            ..Files::default()
        };
        assert_eq!(results(&files), recorded("passed"));
    }

    #[test]
    fn falls_back_to_the_history() {
        let (_folder, files) = recorded_files::copy("failed");
        fs::write(&files.results, "").expect("a file to write to");
        fs::write(files.stats.as_ref().expect("a path"), "").expect("a file to write to");
        let expected = Results {
            requests: 196,
            failures: 48,
            duration: 4000,
            complete: false,
            notes: vec![
                "`stats.json` is empty".into(),
                "`stats.csv` is empty".into(),
                "counted from the CSV files, which lag behind the run".into(),
            ],
            ..Results::nothing()
        };
        assert_eq!(results(&files), expected);
    }

    /// The notes after one file of a good run is replaced.
    fn damaged(file: &str, text: &str) -> Vec<String> {
        let (folder, files) = recorded_files::copy("passed");
        let path = folder.path().join(file);
        assert!(path.exists());
        fs::write(path, text).expect("a file to write to");
        let results = results(&files);
        assert!(!results.complete, "{file}");
        results.notes
    }

    #[test]
    fn a_file_that_is_damaged_is_not_complete() {
        for file in ["stats.csv", "stats_history.csv", "exceptions.csv"] {
            assert_eq!(damaged(file, ""), [format!("`{file}` is empty")]);
        }
        assert_eq!(
            damaged("exceptions.csv", "Count,Message\r\n3,a\r\n4,\"b"),
            ["`exceptions.csv` ends in the middle of a row"]
        );
    }

    #[test]
    fn csv_files_are_not_ahead_of_the_json() {
        let (_folder, files) = recorded_files::copy("passed");
        fs::write(&files.results, "[]").expect("a file to write to");
        let results = results(&files);
        assert!(!results.complete);
        assert_eq!(
            results.notes,
            [
                "`stats.csv` has 209 requests, and `stats.json` only 0",
                "`stats_history.csv` has 209 requests, and `stats.json` only 0"
            ]
        );
    }

    #[test]
    fn the_json_of_an_earlier_run_is_seen() {
        let (_folder, files) = recorded_files::copy("passed");
        // A run that was killed in its first second, in the folder of the run before.
        for (file, path) in [
            ("stats_history.csv", &files.history),
            ("stats.csv", &files.stats),
        ] {
            let killed = recorded_files::path(&format!("locust/killed/{file}"));
            fs::write(
                path.as_ref().expect("a path"),
                fs::read(killed).expect("a recorded file"),
            )
            .expect("a file to write to");
        }
        let results = results(&files);
        assert!(!results.complete);
        assert_eq!(
            results.notes,
            ["`stats.json` is of an earlier run: it ends before `stats_history.csv` starts"]
        );
    }
}
