//! The verdicts on several load tests, as one.

use super::promotion::LoadTestStatus;
use super::types::Verdict;

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
