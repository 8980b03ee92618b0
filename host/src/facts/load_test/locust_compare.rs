//! Locust's files against each other: the JSON that lies there may be of another run than the CSV files.

use super::curve::History;
use super::document;
use super::files::Files;
use super::locust_report::Report;
use super::locust_table::Totals;
use super::results::Results;

/// Says where the CSV files contradict the report. They may be behind it, but not ahead.
pub(super) fn compare(
    results: &mut Results,
    files: &Files,
    report: &Report,
    totals: Option<&Totals>,
    history: Option<&History>,
) {
    let json = document::name(&files.results);
    let last = history.and_then(|history| history.points.last());
    for (path, requests) in [
        (&files.stats, totals.map(|totals| totals.requests)),
        (&files.history, last.map(|point| point.requests)),
    ] {
        if let (Some(path), Some(requests)) = (path, requests)
            && requests > report.requests
        {
            let (csv, of_report) = (document::name(path), report.requests);
            results.fault(format!(
                "{csv} has {requests} requests, and {json} only {of_report}"
            ));
        }
    }
    if let (Some(span), Some(first), Some(path)) = (
        report.span,
        history.and_then(|history| history.points.first()),
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
    use std::fs;

    use super::super::{Format, fixtures, read};

    #[test]
    fn csv_files_are_not_ahead_of_the_json() {
        let (_folder, files) = fixtures::copy("passed");
        fs::write(&files.results, "[]").expect("a file to write to");
        let results = read(Format::Locust, &files);
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
        let (_folder, files) = fixtures::copy("passed");
        // A run that was killed in its first second, in the folder of the run before.
        for (file, path) in [
            ("stats_history.csv", &files.history),
            ("stats.csv", &files.stats),
        ] {
            let killed = fixtures::path(&format!("locust/killed/{file}"));
            fs::write(
                path.as_ref().expect("a path"),
                fs::read(killed).expect("a recorded file"),
            )
            .expect("a file to write to");
        }
        let results = read(Format::Locust, &files);
        assert!(!results.complete);
        assert_eq!(
            results.notes,
            ["`stats.json` is of an earlier run: it ends before `stats_history.csv` starts"]
        );
    }
}
