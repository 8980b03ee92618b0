//! What a load test left behind: the results files of Locust and of k6.
//!
//! Nothing is judged here. The files of a test that was killed, of one that made no request and of an
//! earlier one look much like those of a good one, so everything that speaks against them is said:
//! [`Results::complete`] and [`Results::notes`].

mod document;
mod k6;
mod k6_summary;
mod locust;
mod locust_csv;
mod locust_report;

#[cfg(test)]
mod fixtures;

pub use self::locust_csv::{Point, curve};

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Reads the results of a load test that has ended. Never fails: what can't be read is in the notes.
pub fn read(format: Format, files: &Files) -> Results {
    match format {
        Format::Locust => locust::read(files),
        Format::K6 => k6::read(files),
    }
}

/// What the files say, as far as they could be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Default)]
pub struct Results {
    /// Requests that were made, failed ones included.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Exceptions in the test's own code.
    ///
    /// Locust: the sum of the exceptions file, 0 where none is named. The file lags about a second behind,
    /// so this is a lower bound; that there was any also shows in Locust's exit status. k6: always 0, a
    /// summary does not count them (a script that only throws ends without requests; checks that failed
    /// are named in a note, and break thresholds where the test has one).
    pub exceptions: u64,
    /// From the first request to the last (Locust), or how long the test ran (k6), in milliseconds,
    /// rounded down. A run that was ended early is whole and short.
    pub duration: u64,
    /// The response time that 95 % of the requests kept within, in milliseconds, rounded up. Nothing where
    /// there was no request, or where it was not recorded.
    ///
    /// Locust keeps two digits of response times from 100 ms on, so this has no more.
    pub p95: Option<u64>,
    /// Thresholds of the test's own that were broken: metric, colon, expression
    /// (`http_req_duration: p(95)<200`). k6 only.
    pub broken_thresholds: Vec<String>,
    /// Whether the files are all there, whole, and agree. If not, the numbers are what could be read, and
    /// the notes say why. A run without a single request can be complete.
    pub complete: bool,
    /// What a reader of these numbers should know, one fragment each.
    pub notes: Vec<String>,
}

impl Results {
    /// Nothing, with nothing to say against it so far.
    fn nothing() -> Self {
        Self {
            requests: 0,
            failures: 0,
            exceptions: 0,
            duration: 0,
            p95: None,
            broken_thresholds: Vec::new(),
            complete: true,
            notes: Vec::new(),
        }
    }

    /// Says what is worth knowing.
    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Says what speaks against the results: they are not complete.
    fn fault(&mut self, note: impl Into<String>) {
        self.complete = false;
        self.note(note);
    }
}

/// Where a tool leaves its results. k6 has no other file than `results`; the others are not looked at.
///
/// A file that is named is expected: one that is missing or damaged makes the results incomplete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The JSON: Locust's `--json-file`, k6's summary.
    pub results: PathBuf,
    /// Locust's `PREFIX_stats_history.csv`: shows a results file of another run, and the duration of a
    /// run without requests.
    pub history: Option<PathBuf>,
    /// Locust's `PREFIX_stats.csv`: a second opinion, and what there is of a run that left no JSON.
    pub stats: Option<PathBuf>,
    /// Locust's `PREFIX_exceptions.csv`: the one place where exceptions are counted.
    pub exceptions: Option<PathBuf>,
}

/// Which tool's files are read. Written as [`Format::name`] in configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Locust: `--json-file` or `--json`, and the files of `--csv`.
    Locust,
    /// k6: the data of `handleSummary` as JSON, or the file of `--summary-export`.
    K6,
}

impl Format {
    /// Every format, in the order in which they are documented.
    pub const ALL: [Self; 2] = [Self::Locust, Self::K6];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Locust => "locust",
            Self::K6 => "k6",
        }
    }
}

/// The longest time that is believed: a year.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// A duration in seconds, rounded down: a test must not pass for longer than it was.
fn rounded_down(seconds: f64) -> Option<u64> {
    u64::try_from(believed(seconds)?.as_millis()).ok()
}

/// A response time in milliseconds, rounded up: a response must not pass for faster than it was.
fn rounded_up(milliseconds: f64) -> Option<u64> {
    let nanoseconds = believed(milliseconds / 1000.0)?.as_nanos();
    u64::try_from(nanoseconds.div_ceil(1_000_000)).ok()
}

/// How long so many events took at so many a second, in milliseconds, rounded down.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 events, and only a quotient is taken"
)]
fn at_rate(events: u64, per_second: f64) -> Option<u64> {
    (events > 0)
        .then(|| rounded_down(events as f64 / per_second))
        .flatten()
}

fn believed(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| *duration <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_from_its_word() {
        for format in Format::ALL {
            let word = format!("\"{}\"", format.name());
            assert_eq!(
                serde_json::from_str::<Format>(&word).expect("a format"),
                format
            );
        }
        assert!(serde_json::from_str::<Format>("\"Locust\"").is_err());
    }

    #[test]
    fn are_rounded_to_the_side_of_caution() {
        assert_eq!(rounded_down(4.999_9), Some(4999));
        assert_eq!(rounded_down(5.0), Some(5000));
        assert_eq!(rounded_up(2.849_800_55), Some(3));
        assert_eq!(rounded_up(500.0), Some(500));
        assert_eq!(rounded_up(300.0), Some(300));
        assert_eq!(rounded_up(0.0), Some(0));
    }

    #[test]
    fn are_nothing_where_absurd() {
        for absurd in [-1.0, f64::NAN, f64::INFINITY, f64::MAX, 1e9] {
            assert_eq!(rounded_down(absurd), None, "{absurd}");
        }
        assert_eq!(at_rate(0, 1.0), None);
        assert_eq!(at_rate(1, 0.0), None);
        assert_eq!(at_rate(1, -0.0), None);
        assert_eq!(at_rate(20, 10.0), Some(2000));
    }
}
