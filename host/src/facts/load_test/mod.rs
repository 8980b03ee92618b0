//! Reads the results files of a load test, those of Locust and of k6.
//!
//! The policy judges them. The files of a test that was killed, that made no request or that ran earlier look much
//! like those of a good test, so [`Results::complete`] and [`Results::notes`] report everything that casts doubt on
//! them.

mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod histogram;
mod k6;
mod k6_metric;
mod k6_requests;
mod k6_summary;
mod locust;
mod locust_csv;
mod locust_report;
mod table;

#[cfg(test)]
mod recorded_files;

pub use self::k6_requests::REQUESTS;
pub use self::locust_csv::Point;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use self::document::Unreadable;
use crate::contract::promotion::{NamedStatistics, RequestStatistics};

/// Reads the results of a load test that has ended. Never fails: the notes say what can't be read.
pub fn read(run: &Run) -> (Results, Vec<Point>) {
    match run.format {
        Format::Locust => locust::read(run),
        Format::K6 => (k6::read(run), Vec::new()),
    }
}

/// A load test that has ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The format of the results files, which names the tool.
    pub format: Format,
    /// The results files.
    pub files: Files,
    /// The metrics whose counts are the number of requests; only for k6.
    pub requests: Vec<String>,
    /// The names of requests whose statistics are read separately.
    pub names: Vec<String>,
    /// The exit status; `None` if a signal ended the test.
    pub exit_status: Option<i32>,
}

/// The results in the files, as far as they could be read.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Results {
    /// Requests, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Exceptions in the test's own code.
    ///
    /// Locust: the sum of the exceptions file, 0 without one. The file lags about a second behind, so this is a
    /// lower bound; Locust's exit status also shows whether any exception occurred. k6: always 0, because a summary
    /// does not count exceptions. A script that only throws makes no request. Failed checks are in a note, and break
    /// the test's thresholds for them.
    pub exceptions: u64,
    /// Time between the first and the last request (Locust) or duration of the test (k6), in milliseconds, rounded
    /// down. A run that was ended early is complete and short.
    pub duration: u64,
    /// 95th percentile of the response time in milliseconds, rounded up. `None` if the test made no request or did
    /// not record it.
    ///
    /// Locust rounds response times from 100 ms on to two digits.
    pub p95: Option<u64>,
    /// Mean of the response time in milliseconds, not rounded. Absent as `p95`, as the other percentiles.
    pub mean: Option<f64>,
    /// 50th percentile of the response time.
    pub p50: Option<u64>,
    /// 99th percentile of the response time.
    pub p99: Option<u64>,
    /// The requests of each name that was asked for, in that order. Only Locust's JSON and k6's summary have them.
    pub by_name: Vec<NamedStatistics>,
    /// Broken thresholds that the test itself defines, as metric, colon, expression
    /// (`http_req_duration: p(95)<200`). k6 only.
    pub broken_thresholds: Vec<String>,
    /// Whether all files exist, are whole, and agree. If not, the numbers are those that could be read, and the
    /// notes say why. A run without a request can be complete.
    pub complete: bool,
    /// Remarks for readers of these numbers, one fragment each.
    pub notes: Vec<String>,
}

impl Results {
    /// Complete results of a run without requests.
    fn nothing() -> Self {
        Self {
            requests: 0,
            failures: 0,
            exceptions: 0,
            duration: 0,
            p95: None,
            mean: None,
            p50: None,
            p99: None,
            by_name: Vec::new(),
            broken_thresholds: Vec::new(),
            complete: true,
            notes: Vec::new(),
        }
    }

    /// The statistics of all requests together.
    pub fn total(&self) -> RequestStatistics {
        RequestStatistics {
            requests: self.requests,
            failures: self.failures,
            mean: self.mean,
            p50: self.p50,
            p95: self.p95,
            p99: self.p99,
        }
    }

    /// Replaces the statistics of all requests together.
    fn set_total(&mut self, total: &RequestStatistics) {
        self.requests = total.requests;
        self.failures = total.failures;
        self.mean = total.mean;
        self.p50 = total.p50;
        self.p95 = total.p95;
        self.p99 = total.p99;
    }

    /// Adds a note.
    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds a note that says why the results are not complete.
    fn fault(&mut self, note: impl Into<String>) {
        self.complete = false;
        self.note(note);
    }
}

/// The results files of a tool. k6 writes `results` only, and the other paths are ignored for it.
///
/// If a path is set, its file is expected: a missing or damaged one makes the results incomplete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The JSON: Locust's `--json-file`, k6's summary.
    pub results: PathBuf,
    /// Locust's `PREFIX_stats_history.csv`. It has the curves and the duration of a run without requests, and it is
    /// compared with the JSON to detect a file of another run.
    pub history: Option<PathBuf>,
    /// Locust's `PREFIX_stats.csv`, which is compared with the JSON, and replaces it if a run left none.
    pub stats: Option<PathBuf>,
    /// Locust's `PREFIX_exceptions.csv`, the only file that counts exceptions.
    pub exceptions: Option<PathBuf>,
    /// The paths of files that the test did not write. They are from an earlier test and are not read.
    pub stale: Vec<PathBuf>,
}

impl Files {
    /// Reads a file, unless an earlier test wrote it.
    fn read<T>(
        &self,
        path: &Path,
        read: impl FnOnce(&Path) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if self.stale.iter().any(|it| it == path) {
            return Err(Unreadable::Stale);
        }
        read(path)
    }
}

/// The tool whose result files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Locust: `--json-file` or `--json`, and the files of `--csv`.
    Locust,
    /// k6: the data of `handleSummary` as JSON, or the file of `--summary-export`.
    K6,
}

/// The longest plausible time: a year.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Milliseconds of a duration in seconds, rounded down so that a test does not seem longer than it was.
fn rounded_down(seconds: f64) -> Option<u64> {
    u64::try_from(plausible(seconds)?.as_millis()).ok()
}

/// A response time in milliseconds, rounded up so that a response does not seem faster than it was.
fn rounded_up(milliseconds: f64) -> Option<u64> {
    let nanoseconds = plausible(milliseconds / 1000.0)?.as_nanos();
    u64::try_from(nanoseconds.div_ceil(1_000_000)).ok()
}

/// The time in which this many events happen at this rate, in milliseconds, rounded down.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 events, and only a quotient is taken"
)]
fn at_rate(events: u64, per_second: f64) -> Option<u64> {
    (events > 0)
        .then(|| rounded_down(events as f64 / per_second))
        .flatten()
}

fn plausible(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_read_from_its_name() {
        let read = |text: &str| serde_json::from_str::<Format>(text);
        assert_eq!(read("\"locust\"").expect("a format"), Format::Locust);
        assert_eq!(read("\"k6\"").expect("a format"), Format::K6);
        assert!(read("\"Locust\"").is_err());
    }

    #[test]
    fn times_are_rounded_to_the_safe_side() {
        assert_eq!(rounded_down(4.999_9), Some(4999));
        assert_eq!(rounded_down(5.0), Some(5000));
        assert_eq!(rounded_up(2.849_800_55), Some(3));
        assert_eq!(rounded_up(500.0), Some(500));
        assert_eq!(rounded_up(300.0), Some(300));
        assert_eq!(rounded_up(0.0), Some(0));
    }

    #[test]
    fn implausible_times_are_none() {
        for absurd in [-1.0, f64::NAN, f64::INFINITY, f64::MAX, 1e9] {
            assert_eq!(rounded_down(absurd), None, "{absurd}");
        }
        assert_eq!(at_rate(0, 1.0), None);
        assert_eq!(at_rate(1, 0.0), None);
        assert_eq!(at_rate(1, -0.0), None);
        assert_eq!(at_rate(20, 10.0), Some(2000));
    }
}
