//! What load tests of the contract have in common: the statistics without requests, and several verdicts as one.

use super::promotion::{LoadTestStatus, RequestStatistics};
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
