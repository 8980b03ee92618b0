//! Where a tool leaves its results.

use std::path::PathBuf;

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
