//! Locust's CSV files: `PREFIX_stats_history.csv`, `PREFIX_stats.csv` and `PREFIX_exceptions.csv`.
//!
//! Locust appends to the first one while a run lasts. It rewrites the other two every second, and not once more at
//! the end of the run.

use std::path::Path;

use serde::Serialize;

use super::document::{self, Row, Table, Unreadable};
use super::{at_rate, rounded_up};

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

/// Reads the curves of all requests together. A last row that was truncated is left out: Locust writes the file in
/// blocks, so the file of a run that was killed can end anywhere.
///
/// # Errors
///
/// If the file is missing, is larger than 16 MiB or is not a history; the text names the file.
pub fn curve(history: &Path) -> Result<Vec<Point>, String> {
    self::history(history)
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
    /// Time between the first and the last row, in milliseconds.
    pub(super) fn duration(&self) -> Option<u64> {
        let (first, last) = (self.points.first()?, self.points.last()?);
        last.at.checked_sub(first.at)?.checked_mul(1000)
    }
}

/// Reads a history file.
pub(super) fn history(path: &Path) -> Result<History, Unreadable> {
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

/// The row of all requests together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) failures: u64,
    /// In milliseconds; `None` without requests or without the column.
    pub(super) p95: Option<u64>,
    /// In milliseconds; `None` without requests.
    pub(super) duration: Option<u64>,
}

/// Reads the totals of a statistics file.
pub(super) fn totals(path: &Path) -> Result<Totals, Unreadable> {
    Ok(parse_totals(&document::read(path)?)?)
}

fn parse_totals(bytes: &[u8]) -> Result<Totals, String> {
    let table = Table::parse(bytes)?;
    if table.is_torn() {
        return Err("ends in the middle of a row".into());
    }
    let rows = table.aggregated()?;
    let [row] = rows.as_slice() else {
        let rows = rows.len();
        return Err(format!("has {rows} `Aggregated` rows instead of one"));
    };
    let requests = row.count("Request Count")?;
    let failures = row.count("Failure Count")?;
    if failures > requests {
        return Err("contradicts itself: more requests failed than were made".into());
    }
    Ok(Totals {
        requests,
        failures,
        p95: row.optional("95%")?.and_then(rounded_up),
        // The rate is based on the time between the first and the last request, as the duration in the JSON is.
        duration: at_rate(requests, row.number("Requests/s")?),
    })
}

/// The exceptions of a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exceptions {
    /// How many, repetitions included.
    pub(super) count: u64,
    /// Whether the file ends in the middle of a row.
    pub(super) torn: bool,
}

/// Counts the exceptions of an exceptions file.
pub(super) fn exceptions(path: &Path) -> Result<Exceptions, Unreadable> {
    Ok(parse_exceptions(&document::read(path)?)?)
}

fn parse_exceptions(bytes: &[u8]) -> Result<Exceptions, String> {
    let table = Table::parse(bytes)?;
    table.require("Count")?;
    let count = table.rows().try_fold(0_u64, |sum, row| {
        sum.checked_add(row.count("Count")?)
            .ok_or("has too many exceptions to count")
            .map_err(str::to_owned)
    })?;
    Ok(Exceptions {
        count,
        torn: table.is_torn(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::recorded_files;
    use super::*;

    fn written(text: &str) -> Result<Vec<Point>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stats_history.csv");
        std::fs::write(&path, text).expect("a file to write to");
        curve(&path)
    }

    #[test]
    fn reads_a_recorded_history() {
        let points =
            curve(&recorded_files::path("locust/failed/stats_history.csv")).expect("a history");
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
            let path = recorded_files::path(&format!("locust/{run}/stats_history.csv"));
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
            Err("`none.csv` does not exist".into())
        );
    }

    #[test]
    fn reads_recorded_totals() {
        let expected = Totals {
            requests: 196,
            failures: 48,
            p95: Some(21),
            duration: Some(4102),
        };
        let path = recorded_files::path("locust/failed/stats.csv");
        assert_eq!(totals(&path), Ok(expected));
        let nothing = Totals {
            requests: 0,
            failures: 0,
            p95: None,
            duration: None,
        };
        let path = recorded_files::path("locust/no-requests/stats.csv");
        assert_eq!(totals(&path), Ok(nothing));
    }

    #[test]
    fn totals_may_have_other_columns() {
        let text = b"New,Name,Type,Requests/s,Failure Count,Request Count\r\n\
            \"a\r\nb\",Aggregated,,2.5,1,10\r\n";
        let expected = Totals {
            requests: 10,
            failures: 1,
            p95: None,
            duration: Some(4000),
        };
        assert_eq!(parse_totals(text), Ok(expected));
    }

    #[test]
    fn totals_are_whole() {
        let text = std::fs::read(recorded_files::path("locust/failed/stats.csv"))
            .expect("a recorded file");
        for end in 0..text.len() {
            assert!(parse_totals(&text[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn counts_recorded_exceptions() {
        let path = recorded_files::path("locust/exceptions/exceptions.csv");
        let expected = |count, torn| Ok(Exceptions { count, torn });
        assert_eq!(exceptions(&path), expected(117, false));
        let path = recorded_files::path("locust/passed/exceptions.csv");
        assert_eq!(exceptions(&path), expected(0, false));
    }

    #[test]
    fn a_torn_row_of_exceptions_is_seen() {
        let text = std::fs::read(recorded_files::path("locust/exceptions/exceptions.csv"))
            .expect("a recorded file");
        let header = text
            .iter()
            .position(|byte| *byte == b'\n')
            .expect("a header")
            + 1;
        for end in (0..text.len()).filter(|end| *end != header) {
            match parse_exceptions(&text[..end]) {
                Ok(exceptions) => assert!(exceptions.torn, "{end}"),
                Err(why) => assert!(end < header, "{end}: {why}"),
            }
        }
    }
}
