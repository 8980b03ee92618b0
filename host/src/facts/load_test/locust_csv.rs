//! Locust's CSV files: `PREFIX_stats_history.csv`, `PREFIX_stats.csv` and `PREFIX_exceptions.csv`.
//!
//! Locust appends to the first one while a run lasts. It rewrites the other two every second, and not once more at
//! the end of the run.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::document::Unreadable;
use super::table::{Row, Table};
use super::{LONGEST, at_rate, rounded_up};
use crate::contract::promotion::RequestStatistics;

/// The largest number of points that a curve keeps. A chart can't show more.
pub(super) const POINTS: usize = 600;

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

/// A history file: the curves of all requests together.
#[derive(Default)]
pub(super) struct History {
    first: Option<Point>,
    last: Option<Point>,
    /// The points of the curves, in the order of the file: one of every `step` rows.
    pub(super) curve: Vec<Point>,
    step: u64,
    rows: u64,
    /// Whether the file ends in the middle of a row. That row is dropped. Locust writes the file in blocks, so the file
    /// of a killed run can end anywhere.
    pub(super) torn: bool,
}

impl History {
    /// The first row.
    pub(super) fn first(&self) -> Option<&Point> {
        self.first.as_ref()
    }

    /// The last row.
    pub(super) fn last(&self) -> Option<&Point> {
        self.last.as_ref()
    }

    /// Time between the first and the last row, in milliseconds; `None` if it is not plausible.
    pub(super) fn duration(&self) -> Option<u64> {
        let (first, last) = (self.first()?, self.last()?);
        let seconds = last.at.checked_sub(first.at)?;
        (seconds <= LONGEST.as_secs()).then(|| seconds * 1000)
    }

    /// Adds a row. When the curves have too many points, every second point is removed.
    fn push(&mut self, point: Point) {
        if self.rows.is_multiple_of(self.step.max(1)) {
            if self.curve.len() == POINTS {
                self.step = self.step.max(1) * 2;
                let mut index = 0;
                self.curve.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
            }
            self.curve.push(point.clone());
        }
        self.rows += 1;
        self.first.get_or_insert_with(|| point.clone());
        self.last = Some(point);
    }
}

/// Reads a history file.
pub(super) fn history(path: &Path) -> Result<History, Unreadable> {
    parse_history(Table::open(path)?)
}

fn parse_history<R: Read>(table: Table<R>) -> Result<History, Unreadable> {
    let mut history = History::default();
    history.torn = table.aggregated(|row| {
        history.push(point(row)?);
        Ok(())
    })?;
    Ok(history)
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
#[derive(Debug, PartialEq)]
pub(super) struct Totals {
    /// The times are `None` without requests or without their columns.
    pub(super) statistics: RequestStatistics,
    /// In milliseconds; `None` without requests.
    pub(super) duration: Option<u64>,
}

/// Reads the totals of a statistics file.
pub(super) fn totals(path: &Path) -> Result<Totals, Unreadable> {
    parse_totals(Table::open(path)?)
}

fn parse_totals<R: Read>(table: Table<R>) -> Result<Totals, Unreadable> {
    let mut totals = None;
    let mut rows = 0;
    let is_torn = table.aggregated(|row| {
        rows += 1;
        totals = Some(totals_of(row)?);
        Ok(())
    })?;
    if is_torn {
        return Err(Unreadable::Damaged("ends in the middle of a row".into()));
    }
    totals
        .filter(|_| rows == 1)
        .ok_or_else(|| Unreadable::Damaged(format!("has {rows} `Aggregated` rows instead of one")))
}

fn totals_of(row: &Row<'_>) -> Result<Totals, String> {
    let requests = row.count("Request Count")?;
    let failures = row.count("Failure Count")?;
    if failures > requests {
        return Err("contradicts itself: more requests failed than were made".into());
    }
    let percentile = |column: &str| Ok::<_, String>(row.optional(column)?.and_then(rounded_up));
    let mean = row.optional("Average Response Time")?;
    Ok(Totals {
        statistics: RequestStatistics {
            requests,
            failures,
            mean: mean.filter(|_| requests > 0),
            p50: percentile("50%")?,
            p95: percentile("95%")?,
            p99: percentile("99%")?,
        },
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
    parse_exceptions(Table::open(path)?)
}

fn parse_exceptions<R: Read>(table: Table<R>) -> Result<Exceptions, Unreadable> {
    table.require("Count")?;
    let mut count: u64 = 0;
    let torn = table.rows(|row| {
        count = count
            .checked_add(row.count("Count")?)
            .ok_or("has too many exceptions to count")?;
        Ok(())
    })?;
    Ok(Exceptions { count, torn })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::recorded_files;
    use super::*;
    use crate::contract::load_tests::NO_REQUESTS;

    fn curve(path: &Path) -> Result<Vec<Point>, String> {
        history(path)
            .map(|history| history.curve)
            .map_err(|error| error.explain(path))
    }

    fn written(text: &str) -> Result<Vec<Point>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stats_history.csv");
        std::fs::write(&path, text).expect("a file to write to");
        curve(&path)
    }

    fn table(text: &[u8]) -> Result<Table<&[u8]>, Unreadable> {
        Table::new(text)
    }

    #[test]
    fn a_long_history_has_few_points() {
        let mut text = String::from(
            "Timestamp,User Count,Type,Name,Requests/s,Failures/s,Total Request Count,Total Failure Count\n",
        );
        for second in 0..10_000 {
            let _ = writeln!(text, "{second},1,GET,/,1,0,{second},0");
            let _ = writeln!(text, "{second},1,,Aggregated,1,0,{second},0");
        }
        let history = parse_history(table(text.as_bytes()).expect("a table")).expect("a history");
        assert!(history.curve.len() <= POINTS && history.curve.len() > POINTS / 2);
        let steps: Vec<_> = history
            .curve
            .windows(2)
            .map(|two| two[1].at - two[0].at)
            .collect();
        assert!(steps.iter().all(|step| *step == steps[0]), "{steps:?}");
        assert_eq!(history.duration(), Some(9_999_000));
        assert_eq!(history.last().expect("a row").requests, 9999);
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
            statistics: RequestStatistics {
                requests: 196,
                failures: 48,
                mean: Some(11.112_405_801_021_183),
                p50: Some(6),
                p95: Some(21),
                p99: Some(210),
            },
            duration: Some(4102),
        };
        let path = recorded_files::path("locust/failed/stats.csv");
        assert_eq!(totals(&path), Ok(expected));
        let nothing = Totals {
            statistics: NO_REQUESTS,
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
            statistics: RequestStatistics {
                requests: 10,
                failures: 1,
                ..NO_REQUESTS
            },
            duration: Some(4000),
        };
        assert_eq!(table(text).and_then(parse_totals), Ok(expected));
    }

    #[test]
    fn totals_are_whole() {
        let text = std::fs::read(recorded_files::path("locust/failed/stats.csv"))
            .expect("a recorded file");
        for end in 0..text.len() {
            assert!(table(&text[..end]).and_then(parse_totals).is_err(), "{end}");
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
            match table(&text[..end]).and_then(parse_exceptions) {
                Ok(exceptions) => assert!(exceptions.torn, "{end}"),
                Err(why) => assert!(end < header, "{end}: {why:?}"),
            }
        }
    }
}
