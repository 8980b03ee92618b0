//! What load tests of the contract have in common: the statistics without requests, a run in words, and several verdicts
//! as one.

use super::promotion::{LoadTestRun, LoadTestStatus, RequestStatistics};
use super::settings::LOAD_TEST;
use super::types::Verdict;

/// The statistics of a load test that made no requests, or whose requests are unknown.
pub const NO_REQUESTS: RequestStatistics = RequestStatistics {
    requests: 0,
    failures: 0,
    mean: None,
    p50: None,
    p95: None,
    p99: None,
};

/// A load test in words, with its name unless it has the default name.
pub fn in_words(run: &LoadTestRun) -> String {
    match run.name.as_str() {
        LOAD_TEST => format!("load test against `{}`", run.environment),
        name => format!("load test `{name}` against `{}`", run.environment),
    }
}

/// The worst verdict on the load tests of an environment; `None` if none has ended.
pub fn worst(tests: &[LoadTestStatus]) -> Option<Verdict> {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Passed => 0,
        Verdict::Inconclusive => 1,
        Verdict::Errored => 2,
        Verdict::Failed => 3,
    };
    tests.iter().map(|it| it.verdict).max_by_key(rank)
}
