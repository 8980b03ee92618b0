//! What the unit tests share: settings, releases, measurements, and a history with its own clock.

use crate::bindings::promotion::{
    CompetingRelease, Convergence, Decision, Deployment, Event, EventKind, Intervention,
    InterventionKind, LoadTest, LoadTestResult, LoadTestRun, LockHolder, Measurement, Node,
    NodeVersion, Notification, Outcome, Release, RequestStatistics, Round, Waiver,
};
use crate::bindings::types::{
    EnvironmentSettings, LoadTestAction, LoadTestSettings, Reason, Settings, Thresholds, Verdict,
};
use crate::promotion::decide;

mod watch;
pub mod watched;

pub use watch::{METRIC, metric, metric_reading, watch};

/// A commit.
pub const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// The settings that the host has by default.
pub fn settings() -> Settings {
    Settings {
        publish_branch: "main".to_owned(),
        required_jobs: Vec::new(),
        environments: vec![tested_environment("stage"), environment("prod")],
        default_action: LoadTestAction::Warn,
        poll_interval: 10,
        parameters: Vec::new(),
        deadline: None,
    }
}

/// An environment as the host has it by default.
pub fn environment(name: &str) -> EnvironmentSettings {
    EnvironmentSettings {
        name: name.to_owned(),
        convergence_rounds: 2,
        convergence_deadline: 600,
        min_nodes: 1,
        approvals: 0,
        author_may_approve: false,
        approval_lasts: 86_400,
        before: Vec::new(),
        after: Vec::new(),
        load_tests: Vec::new(),
        watch: None,
    }
}

/// The name of the load test.
pub const LOAD_TEST: &str = "load-test";

/// An environment with a load test, as the host has the first one by default.
pub fn tested_environment(name: &str) -> EnvironmentSettings {
    EnvironmentSettings {
        load_tests: vec![load_test()],
        ..environment(name)
    }
}

/// The load test that the host has by default.
pub fn load_test() -> LoadTestSettings {
    LoadTestSettings {
        name: LOAD_TEST.to_owned(),
        thresholds: thresholds(),
        by_name: Vec::new(),
    }
}

/// The thresholds that the host has by default.
pub fn thresholds() -> Thresholds {
    Thresholds {
        min_requests: 1,
        min_rate: None,
        max_failures: 0,
        max_exceptions: 0,
        max_p95: None,
        min_duration: None,
        max_failure_share: None,
        max_mean: None,
        max_p50: None,
        max_p99: None,
        max_increase: None,
    }
}

pub const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub const THIRD: &str = "cccccccccccccccccccccccccccccccccccccccc";

/// A release; `tag` is the part of its tag before the commit.
pub fn release(tag: &str) -> Release {
    Release {
        tag: format!("{tag}-{SHA}"),
        digest: None,
        instruction: None,
        authors: Vec::new(),
        facts: Vec::new(),
    }
}

/// Nodes and the commits that they serve; a node without a commit is unreachable.
pub fn nodes(given: &[(&str, &str)]) -> Vec<Node> {
    given
        .iter()
        .map(|(name, commit)| Node {
            name: (*name).to_owned(),
            version: match *commit {
                "" => NodeVersion::Unreachable("connection refused".to_owned()),
                commit => NodeVersion::Serves(commit.to_owned()),
            },
        })
        .collect()
}

/// A load test within all thresholds.
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
        versions: vec![SHA.to_owned()],
    }
}

/// The reasons of a rule about a load test within all thresholds, after a change to it.
pub fn said(
    reasons: fn(&Measurement, &str, &LoadTestSettings) -> Vec<Reason>,
    change: impl FnOnce(&mut Measurement, &mut Thresholds),
) -> Vec<String> {
    let mut measurement = measurement();
    let mut settings = load_test();
    change(&mut measurement, &mut settings.thresholds);
    reasons(&measurement, SHA, &settings)
        .into_iter()
        .map(|reason| format!("{}: {}", reason.code, reason.message))
        .collect()
}

/// A history that counts its own time: every event ends one second after the one before.
#[derive(Clone)]
pub struct History {
    events: Vec<Event>,
    pub now: u64,
    pub settings: Settings,
}

impl History {
    pub fn new() -> Self {
        Self {
            events: Vec::new(),
            now: 1_700_000_000,
            settings: settings(),
        }
    }

    pub fn events(&self) -> &[Event] {
        &self.events
    }

    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    pub fn decide(&self, release: &Release) -> Decision {
        decide(release, &self.events, self.now, &self.settings)
    }

    pub fn add(mut self, kind: EventKind) -> Self {
        self.now += 1;
        self.events.push(Event { at: self.now, kind });
        self
    }

    pub fn later(mut self, seconds: u64) -> Self {
        self.now += seconds;
        self
    }

    pub fn deployed(self, environment: &str, outcome: Outcome) -> Self {
        self.deployed_commit(environment, SHA, outcome)
    }

    pub fn deployed_commit(self, environment: &str, commit: &str, outcome: Outcome) -> Self {
        self.deployed_image(environment, commit, None, outcome)
    }

    pub fn deployed_image(
        self,
        environment: &str,
        commit: &str,
        digest: Option<&str>,
        outcome: Outcome,
    ) -> Self {
        self.add(EventKind::Deployed(Deployment {
            environment: environment.to_owned(),
            commit: commit.to_owned(),
            digest: digest.map(str::to_owned),
            outcome,
        }))
    }

    pub fn observed(self, environment: &str, given: &[(&str, &str)]) -> Self {
        self.rounds(environment, given, 1)
    }

    pub fn rounds(self, environment: &str, given: &[(&str, &str)], times: u32) -> Self {
        self.round(environment, Convergence::Observed(nodes(given)), times)
    }

    pub fn judged(self, environment: &str, converged: bool) -> Self {
        self.round(environment, Convergence::Judged(converged), 1)
    }

    pub fn load_tested(self, environment: &str, verdict: Verdict) -> Self {
        self.add(EventKind::LoadTested(LoadTest {
            environment: environment.to_owned(),
            name: LOAD_TEST.to_owned(),
            result: LoadTestResult::Judged(verdict),
        }))
    }

    pub fn measured(self, measurement: Measurement) -> Self {
        self.add(EventKind::LoadTested(LoadTest {
            environment: "stage".to_owned(),
            name: LOAD_TEST.to_owned(),
            result: LoadTestResult::Measured(measurement),
        }))
    }

    pub fn notified(self, key: &str) -> Self {
        self.add(EventKind::Notified(Notification {
            key: key.to_owned(),
            outcome: Outcome::Failed,
        }))
    }

    pub fn waited(self) -> Self {
        let seconds = self.settings.poll_interval;
        self.later(u64::from(seconds))
            .add(EventKind::Waited(seconds))
    }

    pub fn superseded(self, environment: &str) -> Self {
        self.add(EventKind::Superseded(competing_release(environment)))
    }

    pub fn locked(self, environment: &str) -> Self {
        self.add(EventKind::Locked(lock_holder(environment)))
    }

    pub fn intervened(self, kind: InterventionKind) -> Self {
        self.add(EventKind::Intervened(intervention(kind)))
    }

    /// The release deployed to an environment that converged.
    pub fn through(self, environment: &str) -> Self {
        self.deployed(environment, Outcome::Succeeded)
            .judged(environment, true)
    }

    fn round(self, environment: &str, convergence: Convergence, times: u32) -> Self {
        self.add(EventKind::Observed(Round {
            environment: environment.to_owned(),
            convergence,
            times,
        }))
    }
}

/// Another release that is being deployed.
pub fn lock_holder(environment: &str) -> LockHolder {
    LockHolder {
        environment: environment.to_owned(),
        commit: OTHER.to_owned(),
        load_test: None,
    }
}

/// Another release.
pub fn competing_release(environment: &str) -> CompetingRelease {
    CompetingRelease {
        environment: environment.to_owned(),
        commit: OTHER.to_owned(),
    }
}

/// What a person wants of all environments.
pub fn intervention(kind: InterventionKind) -> Intervention {
    Intervention {
        kind,
        by: "Ada".to_owned(),
        proven: false,
        why: "a test".to_owned(),
        environment: None,
        digest: None,
        question: None,
    }
}

/// A person lets the release carry a commit.
pub fn waiver(commit: &str) -> Waiver {
    Waiver {
        commit: commit.to_owned(),
        by: "Ada".to_owned(),
        proven: false,
        why: "a test".to_owned(),
    }
}

/// The load test of an environment.
pub fn load_test_run(environment: &str) -> LoadTestRun {
    LoadTestRun {
        environment: environment.to_owned(),
        name: LOAD_TEST.to_owned(),
    }
}
