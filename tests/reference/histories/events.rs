//! The events that histories are made of.
//!
//! `guest/src/fixtures.rs` has some of them, too: these must also be built with the types of the host.

use super::super::contract::promotion::{
    CompetingRelease, Convergence, Deployment, EventKind, Intervention, InterventionKind, LoadTest,
    LoadTestResult, LockHolder, Measurement, Node, NodeVersion, Notification, Outcome,
    RequestStatistics, Round, RunningLoadTest, StopCause, StoppedCommit, UnreleasedLabel, Waiver,
};
use super::super::contract::types::{LoadTestAction, Verdict};
use super::releases::{DIGESTS, LOAD_TEST, OWN};

pub const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub const THIRD: &str = "cccccccccccccccccccccccccccccccccccccccc";

pub fn deployed(to: &str, commit: &str, digest: Option<&str>, outcome: Outcome) -> EventKind {
    EventKind::Deployed(Deployment {
        environment: to.to_owned(),
        commit: commit.to_owned(),
        digest: digest.map(str::to_owned),
        outcome,
    })
}

/// One round. A node with an empty commit is unreachable.
pub fn observed(environment: &str, nodes: &[(&str, &str)]) -> EventKind {
    let nodes = nodes.iter().map(|(name, commit)| Node {
        name: (*name).to_owned(),
        version: if commit.is_empty() {
            NodeVersion::Unreachable("refused".to_owned())
        } else {
            NodeVersion::Serves((*commit).to_owned())
        },
    });
    EventKind::Observed(Round {
        environment: environment.to_owned(),
        convergence: Convergence::Observed(nodes.collect()),
        times: 1,
    })
}

pub fn judged(environment: &str, converged: bool) -> EventKind {
    EventKind::Observed(Round {
        environment: environment.to_owned(),
        convergence: Convergence::Judged(converged),
        times: 1,
    })
}

/// The same event, with this number of rounds.
pub fn times(kind: EventKind, times: u32) -> EventKind {
    match kind {
        EventKind::Observed(round) => EventKind::Observed(Round { times, ..round }),
        other => other,
    }
}

pub fn load_tested(environment: &str, verdict: Verdict) -> EventKind {
    EventKind::LoadTested(LoadTest {
        environment: environment.to_owned(),
        name: LOAD_TEST.to_owned(),
        result: LoadTestResult::Judged(verdict),
    })
}

/// The same load test, with this name.
pub fn named(kind: EventKind, name: &str) -> EventKind {
    match kind {
        EventKind::LoadTested(test) => EventKind::LoadTested(LoadTest {
            name: name.to_owned(),
            ..test
        }),
        other => other,
    }
}

/// A measurement within all thresholds.
pub fn measurement() -> Measurement {
    Measurement {
        total: RequestStatistics {
            requests: 600,
            failures: 0,
            mean: Some(80.0),
            p50: Some(70),
            p95: Some(120),
            p99: Some(200),
        },
        by_name: Vec::new(),
        baseline: None,
        exceptions: 0,
        duration: 60_000,
        broken_thresholds: Vec::new(),
        exit_status: Some(0),
        complete: true,
        versions: vec![OWN.to_owned()],
    }
}

/// A load test with this change to a measurement within all thresholds.
pub fn measured(environment: &str, change: impl FnOnce(&mut Measurement)) -> EventKind {
    let mut measurement = measurement();
    change(&mut measurement);
    EventKind::LoadTested(LoadTest {
        environment: environment.to_owned(),
        name: LOAD_TEST.to_owned(),
        result: LoadTestResult::Measured(measurement),
    })
}

pub fn notified(key: &str) -> EventKind {
    EventKind::Notified(Notification {
        key: key.to_owned(),
        outcome: Outcome::Succeeded,
    })
}

pub fn contains(commit: &str) -> EventKind {
    EventKind::Contains(StoppedCommit {
        commit: commit.to_owned(),
        deployment: 7,
        cause: StopCause::LoadTest,
        certain: true,
    })
}

/// A person lets the release carry a commit.
pub fn waived(commit: &str) -> EventKind {
    EventKind::Waived(Waiver {
        commit: commit.to_owned(),
        by: "Ada".to_owned(),
        proven: false,
        why: "a test".to_owned(),
    })
}

/// What a person wants of all environments.
pub fn intervened(kind: InterventionKind) -> EventKind {
    EventKind::Intervened(Intervention {
        kind,
        by: "Ada".to_owned(),
        proven: false,
        why: "a test".to_owned(),
        environment: None,
        digest: None,
        question: None,
    })
}

pub fn accompanied(action: LoadTestAction) -> EventKind {
    EventKind::Accompanied(UnreleasedLabel {
        commit: OTHER.to_owned(),
        action,
    })
}

fn competing_release(environment: &str) -> CompetingRelease {
    CompetingRelease {
        environment: environment.to_owned(),
        commit: OTHER.to_owned(),
    }
}

pub fn superseded(environment: &str) -> EventKind {
    EventKind::Superseded(competing_release(environment))
}

/// Another release is load tested in an environment.
pub fn locked(environment: &str) -> EventKind {
    EventKind::Locked(LockHolder {
        environment: environment.to_owned(),
        commit: OTHER.to_owned(),
        load_test: Some(RunningLoadTest { left: Some(90) }),
    })
}

/// The deployments to an environment: of the release with each outcome, of another image, of other commits.
pub fn deployments(to: &str) -> Vec<EventKind> {
    use Outcome::{Canceled, Failed, Succeeded, TimedOut, Unknown};
    vec![
        deployed(to, OWN, None, Succeeded),
        deployed(to, OWN, Some(DIGESTS[0]), Succeeded),
        deployed(to, OWN, None, Failed),
        deployed(to, OWN, None, TimedOut),
        deployed(to, OWN, None, Canceled),
        deployed(to, OWN, None, Unknown),
        deployed(to, OWN, Some(DIGESTS[1]), Succeeded),
        deployed(to, OTHER, None, Succeeded),
        deployed(to, THIRD, Some(DIGESTS[0]), Failed),
    ]
}

/// The rounds of an environment.
pub fn rounds(of: &str) -> Vec<EventKind> {
    vec![
        observed(of, &[("a", OWN), ("b", OWN)]),
        observed(of, &[("a", OWN), ("b", OTHER)]),
        observed(of, &[("a", OTHER), ("b", OTHER)]),
        observed(of, &[("a", OWN), ("b", "")]),
        observed(of, &[("a", OWN)]),
        observed(of, &[("b", OWN), ("a", OWN)]),
        observed(of, &[("a", THIRD), ("c", OWN)]),
        times(observed(of, &[("a", OWN), ("b", OWN)]), 2),
        times(observed(of, &[("a", OTHER)]), 3),
        observed(of, &[]),
        judged(of, true),
        judged(of, false),
    ]
}

/// The load tests of an environment, one for each verdict and for each code.
pub fn load_tests(of: &str) -> Vec<EventKind> {
    use Verdict::{Errored, Failed, Inconclusive, Passed};
    vec![
        load_tested(of, Passed),
        load_tested(of, Failed),
        load_tested(of, Errored),
        load_tested(of, Inconclusive),
        measured(of, |_| {}),
        measured(of, |it| it.total.failures = 4),
        measured(of, |it| it.versions.push(OTHER.to_owned())),
        measured(of, |it| it.total.requests = 0),
        measured(of, |it| it.exit_status = Some(1)),
    ]
}

/// What other releases do in an environment.
pub fn competing(environment: &str) -> Vec<EventKind> {
    vec![
        superseded(environment),
        EventKind::Diverged(competing_release(environment)),
        locked(environment),
    ]
}

/// Events without an environment, and an event of an unknown environment.
pub fn elsewhere() -> Vec<EventKind> {
    use LoadTestAction::{Abort, Skip, Warn};
    vec![
        notified("load-test-warning"),
        notified("promoted"),
        notified("stopped"),
        notified("superseded"),
        notified("canceled"),
        EventKind::Waited(10),
        intervened(InterventionKind::Held),
        intervened(InterventionKind::Approved),
        intervened(InterventionKind::Rejected),
        intervened(InterventionKind::Canceled),
        contains(OTHER),
        contains(THIRD),
        waived(OTHER),
        accompanied(Abort),
        accompanied(Warn),
        accompanied(Skip),
        observed("qa", &[]),
    ]
}
