//! Whether a deployment waits for people or for a window, and needs no environment meanwhile.

use super::entry::Entry;
use super::log::{self, Dated};
use crate::contract::promotion::{Action, Decision, Event, EventKind, Permission, Progress};
use crate::error::Error;

/// Whether the release waits, and has begun no environment that it has not verified. It needs no environment until it
/// continues. A release that waits for another one in an environment keeps what it has.
pub(super) fn needs_no_environment(decision: &Decision, events: &[Event]) -> bool {
    let mut latest = events.iter().rev();
    let last = latest.find(|it| !matches!(it.kind, EventKind::Waited(_)));
    let is_locked_out = last.is_some_and(|it| matches!(it.kind, EventKind::Locked(_)));
    decision.permission == Permission::Hold
        && matches!(decision.next, Action::Wait(_) | Action::Ask(_))
        && !is_locked_out
        && decision
            .environments
            .iter()
            .all(|it| matches!(it.progress, Progress::Pending | Progress::Converged))
}

/// The same about another deployment, from its entries.
pub(super) fn is_waiting(deployment: u64, entries: &[Dated]) -> Result<bool, Error> {
    let mut latest = entries.iter().rev();
    let decision = latest.find_map(|it| match &it.entry {
        Entry::Decided { decision, .. } => Some(decision),
        _ => None,
    });
    let Some(decision) = decision else {
        return Ok(false);
    };
    let history = log::history(deployment, entries)?;
    Ok(needs_no_environment(decision, history.events()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::{EnvironmentStatus, LockHolder};

    fn decision(next: Action, progress: [Progress; 2]) -> Decision {
        let environments = ["stage", "prod"].iter().zip(progress);
        Decision {
            permission: Permission::Hold,
            next,
            reasons: Vec::new(),
            environments: environments
                .map(|(name, progress)| EnvironmentStatus {
                    environment: (*name).to_owned(),
                    progress,
                    approved_by: Vec::new(),
                    load_tests: Vec::new(),
                    watch: None,
                    nodes: Vec::new(),
                })
                .collect(),
        }
    }

    const fn event(kind: EventKind) -> Event {
        Event { at: 1, kind }
    }

    #[test]
    fn only_a_wait_between_environments_needs_none() {
        use Progress::{Converged, Deployed, Failed, Pending, Unknown};
        for (progress, expected) in [
            ([Pending, Pending], true),
            ([Converged, Pending], true),
            ([Deployed, Pending], false),
            ([Converged, Deployed], false),
            ([Unknown, Pending], false),
            ([Failed, Pending], false),
        ] {
            let waits = decision(Action::Wait(60), progress);
            assert_eq!(needs_no_environment(&waits, &[]), expected, "{progress:?}");
        }
        let observes = decision(Action::Observe("stage".to_owned()), [Converged, Pending]);
        assert!(!needs_no_environment(&observes, &[]));
    }

    #[test]
    fn a_release_that_waits_for_another_one_keeps_its_environments() {
        let locked = event(EventKind::Locked(LockHolder {
            environment: "prod".to_owned(),
            commit: "a".repeat(40),
            load_test: None,
        }));
        let waits = decision(Action::Wait(10), [Progress::Converged, Progress::Pending]);
        let mut events = vec![locked, event(EventKind::Waited(10))];
        assert!(!needs_no_environment(&waits, &events));
        events.push(event(EventKind::Superseded(
            crate::deployment::survey::competing_release("prod", "b"),
        )));
        assert!(needs_no_environment(&waits, &events));
    }
}
