//! The decision table: what a load test means for a release that has converged.

use crate::bindings::promotion::Permission;
use crate::bindings::types::{LoadTestAction, Verdict};

/// Looks up whether the release may leave the environment it was load tested in.
///
/// An absent verdict is a load test that has not run. An absent action is one that nobody could tell;
/// then only what every action would let through goes through, and everything else waits for somebody
/// to tell.
pub(super) fn permission(action: Option<LoadTestAction>, verdict: Option<Verdict>) -> Permission {
    use LoadTestAction::{Abort, Skip, Warn};
    use Verdict::{Errored, Failed, Inconclusive, Passed};

    match (action, verdict) {
        (Some(Skip), _) | (_, Some(Passed)) => Permission::Promote,
        (Some(Abort), Some(Failed | Errored | Inconclusive)) => Permission::Stop,
        (Some(Warn), Some(Failed | Errored | Inconclusive)) => Permission::PromoteWithWarning,
        (Some(Abort | Warn) | None, None) | (None, Some(_)) => Permission::Hold,
    }
}

#[cfg(test)]
mod tests {
    use super::permission;
    use crate::bindings::promotion::Permission::{Hold, Promote, PromoteWithWarning, Stop};
    use crate::bindings::types::LoadTestAction::{Abort, Skip, Warn};
    use crate::bindings::types::Verdict::{Errored, Failed, Inconclusive, Passed};

    #[test]
    fn every_cell() {
        let verdicts = [
            Some(Passed),
            Some(Failed),
            Some(Errored),
            Some(Inconclusive),
            None,
        ];
        for (action, row) in [
            (Some(Abort), [Promote, Stop, Stop, Stop, Hold]),
            (
                Some(Warn),
                [
                    Promote,
                    PromoteWithWarning,
                    PromoteWithWarning,
                    PromoteWithWarning,
                    Hold,
                ],
            ),
            (Some(Skip), [Promote; 5]),
            (None, [Promote, Hold, Hold, Hold, Hold]),
        ] {
            assert_eq!(
                verdicts.map(|verdict| permission(action, verdict)),
                row,
                "{action:?}"
            );
        }
    }
}
