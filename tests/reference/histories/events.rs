//! The events that histories are made of.
//!
//! `guest/src/fixtures.rs` has some of them, too: these must also be built with the types of the host.

use super::super::contract::promotion::{
    Convergence, Deployment, Happening, Intervention, LoadTest, LoadTestResult, Measurement, Node,
    NodeVersion, Notification, Occupant, Outcome, Rival, Round, RunningLoadTest, StopCause,
    StoppedCommit, UnreleasedLabel,
};
use super::super::contract::types::{LoadTestAction, Verdict};
use super::releases::{DIGESTS, OWN};

pub const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub const THIRD: &str = "cccccccccccccccccccccccccccccccccccccccc";

pub fn deployed(to: &str, commit: &str, digest: Option<&str>, outcome: Outcome) -> Happening {
    Happening::Deployed(Deployment {
        environment: to.to_owned(),
        commit: commit.to_owned(),
        digest: digest.map(str::to_owned),
        outcome,
    })
}

/// One round. A node with an empty commit is unreachable.
pub fn observed(environment: &str, nodes: &[(&str, &str)]) -> Happening {
    let nodes = nodes.iter().map(|(name, commit)| Node {
        name: (*name).to_owned(),
        version: if commit.is_empty() {
            NodeVersion::Unreachable("refused".to_owned())
        } else {
            NodeVersion::Serves((*commit).to_owned())
        },
    });
    Happening::Observed(Round {
        environment: environment.to_owned(),
        convergence: Convergence::Observed(nodes.collect()),
        times: 1,
    })
}

pub fn judged(environment: &str, converged: bool) -> Happening {
    Happening::Observed(Round {
        environment: environment.to_owned(),
        convergence: Convergence::Judged(converged),
        times: 1,
    })
}

/// The same event, with this number of rounds.
pub fn times(happening: Happening, times: u32) -> Happening {
    match happening {
        Happening::Observed(round) => Happening::Observed(Round { times, ..round }),
        other => other,
    }
}

pub fn load_tested(environment: &str, verdict: Verdict) -> Happening {
    Happening::LoadTested(LoadTest {
        environment: environment.to_owned(),
        result: LoadTestResult::Judged(verdict),
    })
}

/// A measurement within all thresholds.
pub fn measurement() -> Measurement {
    Measurement {
        requests: 600,
        failures: 0,
        exceptions: 0,
        duration: 60_000,
        p95: Some(120),
        broken_thresholds: Vec::new(),
        exit_status: Some(0),
        complete: true,
        versions: vec![OWN.to_owned()],
    }
}

/// A load test with this change to a measurement within all thresholds.
pub fn measured(environment: &str, change: impl FnOnce(&mut Measurement)) -> Happening {
    let mut measurement = measurement();
    change(&mut measurement);
    Happening::LoadTested(LoadTest {
        environment: environment.to_owned(),
        result: LoadTestResult::Measured(measurement),
    })
}

pub fn notified(key: &str) -> Happening {
    Happening::Notified(Notification {
        key: key.to_owned(),
        outcome: Outcome::Succeeded,
    })
}

pub fn contains(commit: &str) -> Happening {
    Happening::Contains(StoppedCommit {
        commit: commit.to_owned(),
        deployment: 7,
        cause: StopCause::LoadTest,
        certain: true,
    })
}

pub fn accompanied(action: LoadTestAction) -> Happening {
    Happening::Accompanied(UnreleasedLabel {
        commit: OTHER.to_owned(),
        action,
    })
}

fn rival(environment: &str) -> Rival {
    Rival {
        environment: environment.to_owned(),
        commit: OTHER.to_owned(),
    }
}

pub fn overtaken(environment: &str) -> Happening {
    Happening::Overtaken(rival(environment))
}

/// The deployments to an environment: of the release with each outcome, of another image, of other commits.
pub fn deployments(to: &str) -> Vec<Happening> {
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
pub fn rounds(of: &str) -> Vec<Happening> {
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
pub fn load_tests(of: &str) -> Vec<Happening> {
    use Verdict::{Errored, Failed, Inconclusive, Passed};
    vec![
        load_tested(of, Passed),
        load_tested(of, Failed),
        load_tested(of, Errored),
        load_tested(of, Inconclusive),
        measured(of, |_| {}),
        measured(of, |it| it.failures = 4),
        measured(of, |it| it.versions.push(OTHER.to_owned())),
        measured(of, |it| it.requests = 0),
        measured(of, |it| it.exit_status = Some(1)),
    ]
}

/// What other releases do in an environment.
pub fn competing(environment: &str) -> Vec<Happening> {
    vec![
        overtaken(environment),
        Happening::Unplaced(rival(environment)),
        Happening::Occupied(Occupant {
            environment: environment.to_owned(),
            commit: OTHER.to_owned(),
            load_test: Some(RunningLoadTest { left: Some(90) }),
        }),
    ]
}

/// Events without an environment, and an event of an unknown environment.
pub fn elsewhere() -> Vec<Happening> {
    use LoadTestAction::{Abort, Skip, Warn};
    vec![
        notified("load-test-warning"),
        notified("promoted"),
        notified("stopped"),
        notified("superseded"),
        notified("canceled"),
        Happening::Waited(10),
        Happening::Intervened(Intervention::Held),
        Happening::Intervened(Intervention::Approved),
        Happening::Intervened(Intervention::Canceled),
        contains(OTHER),
        contains(THIRD),
        Happening::Waived(OTHER.to_owned()),
        accompanied(Abort),
        accompanied(Warn),
        accompanied(Skip),
        observed("qa", &[]),
    ]
}
