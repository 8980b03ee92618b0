//! The curves of a load test, from Locust's `PREFIX_stats_history.csv`.

use std::path::Path;

use serde::Serialize;

use super::document::{self, Unreadable};
use super::table::{Row, Table};

/// One point of the curves.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Point {
    /// When, in seconds since the Unix epoch.
    pub at: u64,
    /// Simulated users at that time.
    pub users: u64,
    /// Requests a second, over the seconds before.
    pub requests_per_second: f64,
    /// Failed requests a second, over the seconds before.
    pub failures_per_second: f64,
    /// Median of the response times since the start (of the last ten seconds with `--csv-full-history`), in
    /// milliseconds, where there was one and it was asked for.
    pub p50: Option<f64>,
    /// 95th percentile of the same.
    pub p95: Option<f64>,
    /// Requests since the start.
    pub requests: u64,
    /// Failed requests since the start.
    pub failures: u64,
}

/// Reads the curves of all requests together. A last row that was cut off is left out: the file is written
/// in blocks, and that of a run that was killed ends anywhere.
///
/// # Errors
///
/// The file is missing, is larger than 16 MiB or is no such CSV; the text names the file.
pub fn curve(history: &Path) -> Result<Vec<Point>, String> {
    read(history)
        .map(|history| history.points)
        .map_err(|error| error.explain(history))
}

/// A history file.
pub(super) struct History {
    /// In the order of the file.
    pub(super) points: Vec<Point>,
    /// Whether the file ends in the middle of a row.
    pub(super) torn: bool,
}

impl History {
    /// From the first row to the last, in milliseconds.
    pub(super) fn duration(&self) -> Option<u64> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        last.at.checked_sub(first.at)?.checked_mul(1000)
    }
}

/// Reads a history file.
pub(super) fn read(path: &Path) -> Result<History, Unreadable> {
    let table = Table::parse(&document::read(path)?)?;
    let points = table
        .aggregated()?
        .iter()
        .map(point)
        .collect::<Result<_, _>>()?;
    Ok(History {
        points,
        torn: table.is_torn(),
    })
}

fn point(row: &Row<'_>) -> Result<Point, String> {
    Ok(Point {
        at: row.count("Timestamp")?,
        users: row.count("User Count")?,
        requests_per_second: row.number("Requests/s")?,
        failures_per_second: row.number("Failures/s")?,
        p50: row.optional("50%")?,
        p95: row.optional("95%")?,
        requests: row.count("Total Request Count")?,
        failures: row.count("Total Failure Count")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    fn written(text: &str) -> Result<Vec<Point>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stats_history.csv");
        std::fs::write(&path, text).expect("a file to write to");
        curve(&path)
    }

    #[test]
    fn reads_a_recorded_history() {
        let points = curve(&fixtures::path("locust/failed/stats_history.csv")).expect("a history");
        assert_eq!(points.len(), 5);
        assert_eq!((points[0].p50, points[0].p95), (None, None));
        let last = Point {
            at: 1_795_373_068,
            users: 3,
            requests_per_second: 27.0,
            failures_per_second: 6.5,
            p50: Some(6.0),
            p95: Some(21.0),
            requests: 196,
            failures: 48,
        };
        assert_eq!(points[4], last);
    }

    #[test]
    fn reads_every_recorded_history() {
        for (run, rows) in [
            ("exceptions", 5),
            ("killed", 1),
            ("no-requests", 5),
            ("passed", 5),
            ("refused", 3),
            ("terminated", 3),
        ] {
            let path = fixtures::path(&format!("locust/{run}/stats_history.csv"));
            assert_eq!(curve(&path).expect("a history").len(), rows, "{run}");
        }
    }

    #[test]
    fn takes_other_columns_and_leaves_single_requests_out() {
        let text = "Name,Type,New,Total Failure Count,Total Request Count,Failures/s,Requests/s,User Count,Timestamp,99.9%\r\n\
            /a,GET,x,1,2,0,0,4,10,5\r\n\
            Aggregated,GET,x,1,2,0,0,4,10,5\r\n\
            Aggregated,,x,1,2,0.5,1.5,4,10,5\r\n\
            Aggregated,,x,1,2,0.5,1.5,4,1";
        let points = written(text).expect("a history");
        assert_eq!(points.len(), 1);
        assert_eq!((points[0].at, points[0].users), (10, 4));
        assert_eq!((points[0].p50, points[0].p95), (None, None));
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(written(""), Err("`stats_history.csv` is empty".into()));
        assert_eq!(
            written("a,b\r\n1,2\r\n"),
            Err("`stats_history.csv` has no column `Type`".into())
        );
        assert_eq!(
            written("Type,Name,Timestamp\r\n,Aggregated,-5\r\n"),
            Err("`stats_history.csv` has an unexpected `Timestamp` in row 1".into())
        );
        assert_eq!(
            curve(Path::new("none.csv")),
            Err("`none.csv` is not there".into())
        );
    }
}
