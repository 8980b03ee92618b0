//! A history as JSON, which `decide --history` reads.

mod load_tests;
mod people;
mod rounds;
mod watches;
mod windows;

use serde::Deserialize;

#[cfg(test)]
use super::fields::shapes;
use super::fields::{ByName, Commit, Digest, Text};
use super::promotion as contract;
use super::types::LoadTestAction;
use load_tests::LoadTest;
use people::{Intervention, Question, StepResult, Waiver};
use rounds::Round;
use watches::WatchRound;
use windows::{Calendar, Excuse};

/// The most nodes that one round has.
pub const MOST_NODES: usize = 500;

/// What `greenlight decide --history` reads: everything that has happened to a release so far, in order.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct History {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: String,
    /// The events, in the order in which they happened.
    pub events: Vec<Event>,
}

impl History {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.history/3";
}

/// One event.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Event {
    /// When it ended, in seconds since 1970 UTC.
    at: u64,
    /// What happened.
    kind: EventKind,
}

/// What happened: an object with one key, which names the kind of event.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum EventKind {
    /// A deployment was tried.
    Deployed(Deployment),
    /// The nodes of an environment were asked for their versions.
    Observed(Round),
    /// The load test of an environment ended.
    LoadTested(LoadTest),
    /// A notification was sent, or could not be.
    Notified(Notification),
    /// One or several consecutive waits that the policy asked for are over; their total length in seconds.
    Waited(u32),
    /// Another release is on its way to an environment, or live in it, and descends from this one.
    Superseded(CompetingRelease),
    /// Another release is live in an environment, and as far as is known neither descends from the other.
    Diverged(CompetingRelease),
    /// Another release is being deployed to the environment, or load tested there.
    Locked(LockHolder),
    /// A person intervened.
    Intervened(Intervention),
    /// The release contains a commit that was stopped, and that no load test has passed since.
    Contains(StoppedCommit),
    /// A person lets the release carry this stopped commit.
    Waived(Waiver),
    /// The labels of all commits since the live release count, and this is one of them.
    Accompanied(UnreleasedLabel),
    /// A question was sent to people.
    Asked(Question),
    /// A step ended.
    Performed(StepResult),
    /// The metrics of an environment were read.
    Measured(WatchRound),
    /// The release that was live before was deployed again, or that was tried.
    RolledBack(Deployment),
    /// The windows were read, for the first time or because they changed.
    Scheduled(Calendar),
    /// A person lets the release ignore a window.
    Excused(Excuse),
}

/// One attempt to deploy.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Deployment {
    /// The environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// The commit.
    commit: Commit,
    /// The digest of the image; null or absent if it is unknown.
    digest: Option<Digest>,
    /// How it ended; `unknown` if it started and its end is unknown.
    outcome: ByName<contract::Outcome>,
}

/// A notification that was sent, or could not be.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Notification {
    /// Its key.
    key: Text,
    /// How sending it ended; `unknown` if it started and its end is unknown.
    outcome: ByName<contract::Outcome>,
}

/// Another release that competes with this one.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CompetingRelease {
    /// The environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// Its commit.
    commit: Commit,
}

/// What the message of another commit asks for that the release brings to production.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UnreleasedLabel {
    /// The commit.
    commit: Commit,
    /// What a failed load test means to it.
    action: ByName<LoadTestAction>,
}

/// Another release that holds an environment.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LockHolder {
    /// The environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// Its commit.
    commit: Commit,
    /// Its load test there; null or absent if none runs.
    load_test: Option<RunningLoadTest>,
}

/// A load test that runs.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RunningLoadTest {
    /// Seconds that are left, as the load test before it shows; null or absent if none has run.
    left: Option<u32>,
}

/// A commit that was stopped.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct StoppedCommit {
    /// The commit.
    commit: Commit,
    /// The number of the deployment that was stopped.
    deployment: u64,
    /// Why it counts as stopped; `untested` if it asks for `abort` and its deployment ended before its load test passed.
    cause: ByName<contract::StopCause>,
    /// False if the history of commits is incomplete, and does not show whether the release contains it.
    certain: bool,
}

impl From<Event> for contract::Event {
    fn from(event: Event) -> Self {
        Self {
            at: event.at,
            kind: event.kind.into(),
        }
    }
}

impl From<EventKind> for contract::EventKind {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::Deployed(it) => Self::Deployed(it.into()),
            EventKind::Observed(it) => Self::Observed(it.into()),
            EventKind::LoadTested(it) => Self::LoadTested(it.into()),
            EventKind::Notified(it) => Self::Notified(contract::Notification {
                key: it.key.0,
                outcome: it.outcome.0,
            }),
            EventKind::Waited(seconds) => Self::Waited(seconds),
            EventKind::Superseded(it) => Self::Superseded(it.into()),
            EventKind::Diverged(it) => Self::Diverged(it.into()),
            EventKind::Locked(it) => Self::Locked(contract::LockHolder {
                environment: it.environment.0,
                commit: it.commit.0,
                load_test: it
                    .load_test
                    .map(|test| contract::RunningLoadTest { left: test.left }),
            }),
            EventKind::Intervened(it) => Self::Intervened(it.into()),
            EventKind::Contains(it) => Self::Contains(contract::StoppedCommit {
                commit: it.commit.0,
                deployment: it.deployment,
                cause: it.cause.0,
                certain: it.certain,
            }),
            EventKind::Waived(it) => Self::Waived(it.into()),
            EventKind::Accompanied(it) => Self::Accompanied(contract::UnreleasedLabel {
                commit: it.commit.0,
                action: it.action.0,
            }),
            EventKind::Asked(it) => Self::Asked(it.into()),
            EventKind::Performed(it) => Self::Performed(it.into()),
            EventKind::Measured(it) => Self::Measured(it.into()),
            EventKind::RolledBack(it) => Self::RolledBack(it.into()),
            EventKind::Scheduled(it) => Self::Scheduled(it.into()),
            EventKind::Excused(it) => Self::Excused(it.into()),
        }
    }
}

impl From<Deployment> for contract::Deployment {
    fn from(it: Deployment) -> Self {
        Self {
            environment: it.environment.0,
            commit: it.commit.0,
            digest: it.digest.map(|digest| digest.0),
            outcome: it.outcome.0,
        }
    }
}

impl From<CompetingRelease> for contract::CompetingRelease {
    fn from(competing_release: CompetingRelease) -> Self {
        Self {
            environment: competing_release.environment.0,
            commit: competing_release.commit.0,
        }
    }
}
