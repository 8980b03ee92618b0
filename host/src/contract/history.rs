//! A history as JSON, which `decide --history` reads.

use serde::{Deserialize, Deserializer, de};

#[cfg(test)]
use super::fields::MOST_ROUNDS;
#[cfg(test)]
use super::fields::shapes;
use super::fields::{ByName, Commit, Digest, Text, Times};
use super::promotion as contract;
use super::types::{LoadTestAction, Verdict};

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
    pub const SCHEMA: &'static str = "greenlight.history/2";
}

/// One event.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Event {
    /// When it ended, in seconds since 1970 UTC.
    at: u64,
    /// What happened.
    happening: Happening,
}

/// What happened: an object with one key, which names the kind of event.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Happening {
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
    Overtaken(Rival),
    /// Another release is live in an environment, and as far as is known neither descends from the other.
    Unplaced(Rival),
    /// Another release is being deployed to the environment, or load tested there.
    Occupied(Occupant),
    /// A person intervened. The last intervention counts.
    Intervened(ByName<contract::Intervention>),
    /// The release contains a commit that was stopped, and that no load test has passed since.
    Contains(StoppedCommit),
    /// A person lets the release carry this stopped commit.
    Waived(Commit),
    /// The labels of all commits since the live release count, and this is one of them.
    Accompanied(UnreleasedLabel),
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

/// One or several consecutive rounds over all nodes of an environment, all with the same result.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "RoundEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Round {
    /// The environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// The answers, or whether another tool found the environment converged.
    convergence: Convergence,
    /// The number of rounds; 1 if absent. Only waits were between them.
    #[serde(default)]
    #[cfg_attr(test, schemars(with = "u32", range(min = 1, max = MOST_ROUNDS)))]
    times: Times,
}

/// The outcome of a round.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Convergence {
    /// The answer of each node.
    #[serde(deserialize_with = "nodes")]
    Observed(#[cfg_attr(test, schemars(length(max = MOST_NODES)))] Vec<Node>),
    /// Whether every node serves the release and nothing else.
    Judged(bool),
}

/// One node of an environment.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "NodeAnswer"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Node {
    /// Its name, the same in every round.
    name: Text,
    /// Its answer when it was asked for its version.
    version: NodeVersion,
}

/// The answer of a node.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum NodeVersion {
    /// The commit that it serves.
    Serves(Commit),
    /// Why there is no usable answer.
    Unreachable(Text),
}

/// One load test that ended.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "LoadTestEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct LoadTest {
    /// The environment under test.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// The measurement, or the verdict of another tool.
    result: LoadTestResult,
}

/// The result of a load test.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum LoadTestResult {
    /// What was measured; the policy gives the verdict.
    Measured(Measurement),
    /// The verdict.
    Judged(ByName<Verdict>),
}

/// What a load test measured.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Measurement {
    /// Requests, failed ones included.
    requests: u64,
    /// Requests that failed.
    failures: u64,
    /// Exceptions in the test's own code.
    exceptions: u64,
    /// Milliseconds between the first and the last request.
    duration: u64,
    /// 95th percentile of the response time in milliseconds; null or absent if it is unknown.
    p95: Option<u64>,
    /// Names of the tool's own thresholds that it reports as broken; absent if there are none.
    #[serde(default)]
    broken_thresholds: Vec<Text>,
    /// Exit status of the tool; null or absent if a signal ended it.
    exit_status: Option<i32>,
    /// False if results are missing, cut short or contradict each other.
    complete: bool,
    /// Every commit that the environment served from just before to just after the run.
    versions: Vec<Commit>,
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
struct Rival {
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
struct Occupant {
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

/// The nodes of one round.
fn nodes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Node>, D::Error> {
    let nodes = Vec::deserialize(deserializer)?;
    if nodes.len() > MOST_NODES {
        let message = format!(
            "a round has {} nodes, and at most {MOST_NODES}",
            nodes.len()
        );
        return Err(de::Error::custom(message));
    }
    Ok(nodes)
}

impl From<Event> for contract::Event {
    fn from(event: Event) -> Self {
        Self {
            at: event.at,
            happening: event.happening.into(),
        }
    }
}

impl From<Happening> for contract::Happening {
    fn from(happening: Happening) -> Self {
        match happening {
            Happening::Deployed(it) => Self::Deployed(contract::Deployment {
                environment: it.environment.0,
                commit: it.commit.0,
                digest: it.digest.map(|digest| digest.0),
                outcome: it.outcome.0,
            }),
            Happening::Observed(it) => Self::Observed(contract::Round {
                environment: it.environment.0,
                convergence: it.convergence.into(),
                times: it.times.0,
            }),
            Happening::LoadTested(it) => Self::LoadTested(contract::LoadTest {
                environment: it.environment.0,
                result: it.result.into(),
            }),
            Happening::Notified(it) => Self::Notified(contract::Notification {
                key: it.key.0,
                outcome: it.outcome.0,
            }),
            Happening::Waited(seconds) => Self::Waited(seconds),
            Happening::Overtaken(it) => Self::Overtaken(it.into()),
            Happening::Unplaced(it) => Self::Unplaced(it.into()),
            Happening::Occupied(it) => Self::Occupied(contract::Occupant {
                environment: it.environment.0,
                commit: it.commit.0,
                load_test: it
                    .load_test
                    .map(|test| contract::RunningLoadTest { left: test.left }),
            }),
            Happening::Intervened(it) => Self::Intervened(it.0),
            Happening::Contains(it) => Self::Contains(contract::StoppedCommit {
                commit: it.commit.0,
                deployment: it.deployment,
                cause: it.cause.0,
                certain: it.certain,
            }),
            Happening::Waived(it) => Self::Waived(it.0),
            Happening::Accompanied(it) => Self::Accompanied(contract::UnreleasedLabel {
                commit: it.commit.0,
                action: it.action.0,
            }),
        }
    }
}

impl From<Convergence> for contract::Convergence {
    fn from(convergence: Convergence) -> Self {
        match convergence {
            Convergence::Observed(nodes) => {
                Self::Observed(nodes.into_iter().map(Into::into).collect())
            }
            Convergence::Judged(converged) => Self::Judged(converged),
        }
    }
}

impl From<Node> for contract::Node {
    fn from(node: Node) -> Self {
        Self {
            name: node.name.0,
            version: match node.version {
                NodeVersion::Serves(commit) => contract::NodeVersion::Serves(commit.0),
                NodeVersion::Unreachable(why) => contract::NodeVersion::Unreachable(why.0),
            },
        }
    }
}

impl From<LoadTestResult> for contract::LoadTestResult {
    fn from(result: LoadTestResult) -> Self {
        match result {
            LoadTestResult::Judged(verdict) => Self::Judged(verdict.0),
            LoadTestResult::Measured(it) => Self::Measured(contract::Measurement {
                requests: it.requests,
                failures: it.failures,
                exceptions: it.exceptions,
                duration: it.duration,
                p95: it.p95,
                broken_thresholds: it
                    .broken_thresholds
                    .into_iter()
                    .map(|name| name.0)
                    .collect(),
                exit_status: it.exit_status,
                complete: it.complete,
                versions: it.versions.into_iter().map(|commit| commit.0).collect(),
            }),
        }
    }
}

impl From<Rival> for contract::Rival {
    fn from(rival: Rival) -> Self {
        Self {
            environment: rival.environment.0,
            commit: rival.commit.0,
        }
    }
}
