//! What the files of a load test say.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    pub(super) fn nothing() -> Self {
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
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Says what speaks against the results: they are not complete.
    pub(super) fn fault(&mut self, note: impl Into<String>) {
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
}
