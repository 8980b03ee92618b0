//! What the policy was told, as a journal keeps it: format 1.

use serde::{Deserialize, Serialize};

use crate::contract::fields::{ByName, Commit, Digest, Text};
use crate::contract::promotion as contract;
use crate::contract::types::Verdict;

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRecord {
    at: u64,
    happening: Happening,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Happening {
    Deployed(Deployment),
    Observed(Round),
    LoadTested(LoadTest),
    Notified(Notification),
    Waited(u32),
    Overtaken(Rival),
    Unplaced(Rival),
    Occupied(Rival),
    Intervened(ByName<contract::Intervention>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deployment {
    environment: Text,
    commit: Commit,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    outcome: ByName<contract::Outcome>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Round {
    environment: Text,
    convergence: Convergence,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Convergence {
    Observed(Vec<Node>),
    Judged(bool),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    name: Text,
    version: NodeVersion,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum NodeVersion {
    Serves(Commit),
    Unreachable(Text),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadTest {
    environment: Text,
    result: LoadTestResult,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LoadTestResult {
    Measured(Measurement),
    Judged(ByName<Verdict>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measurement {
    requests: u64,
    failures: u64,
    exceptions: u64,
    duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p95: Option<u64>,
    #[serde(default)]
    broken_thresholds: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_status: Option<i32>,
    complete: bool,
    versions: Vec<Commit>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notification {
    key: Text,
    outcome: ByName<contract::Outcome>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rival {
    environment: Text,
    commit: Commit,
}

impl From<&contract::Event> for EventRecord {
    fn from(event: &contract::Event) -> Self {
        Self {
            at: event.at,
            happening: (&event.happening).into(),
        }
    }
}

impl From<&contract::Happening> for Happening {
    fn from(happening: &contract::Happening) -> Self {
        match happening {
            contract::Happening::Deployed(it) => Self::Deployed(Deployment {
                environment: Text::clipped(&it.environment),
                commit: Commit(it.commit.clone()),
                digest: it.digest.clone().map(Digest),
                outcome: ByName(it.outcome),
            }),
            contract::Happening::Observed(it) => Self::Observed(Round {
                environment: Text::clipped(&it.environment),
                convergence: match &it.convergence {
                    contract::Convergence::Observed(nodes) => {
                        Convergence::Observed(nodes.iter().map(Into::into).collect())
                    }
                    contract::Convergence::Judged(converged) => Convergence::Judged(*converged),
                },
            }),
            contract::Happening::LoadTested(it) => Self::LoadTested(LoadTest {
                environment: Text::clipped(&it.environment),
                result: match &it.result {
                    contract::LoadTestResult::Measured(it) => LoadTestResult::Measured(it.into()),
                    contract::LoadTestResult::Judged(it) => LoadTestResult::Judged(ByName(*it)),
                },
            }),
            contract::Happening::Notified(it) => Self::Notified(Notification {
                key: Text::clipped(&it.key),
                outcome: ByName(it.outcome),
            }),
            contract::Happening::Waited(seconds) => Self::Waited(*seconds),
            contract::Happening::Overtaken(it) => Self::Overtaken(it.into()),
            contract::Happening::Unplaced(it) => Self::Unplaced(it.into()),
            contract::Happening::Occupied(it) => Self::Occupied(it.into()),
            contract::Happening::Intervened(it) => Self::Intervened(ByName(*it)),
        }
    }
}

impl From<&contract::Node> for Node {
    fn from(node: &contract::Node) -> Self {
        Self {
            name: Text::clipped(&node.name),
            version: match &node.version {
                contract::NodeVersion::Serves(commit) => {
                    NodeVersion::Serves(Commit(commit.clone()))
                }
                contract::NodeVersion::Unreachable(why) => {
                    NodeVersion::Unreachable(Text::clipped(why))
                }
            },
        }
    }
}

impl From<&contract::Measurement> for Measurement {
    fn from(it: &contract::Measurement) -> Self {
        Self {
            requests: it.requests,
            failures: it.failures,
            exceptions: it.exceptions,
            duration: it.duration,
            p95: it.p95,
            broken_thresholds: it
                .broken_thresholds
                .iter()
                .map(|name| Text::clipped(name))
                .collect(),
            exit_status: it.exit_status,
            complete: it.complete,
            versions: it.versions.iter().cloned().map(Commit).collect(),
        }
    }
}

impl From<&contract::Rival> for Rival {
    fn from(rival: &contract::Rival) -> Self {
        Self {
            environment: Text::clipped(&rival.environment),
            commit: Commit(rival.commit.clone()),
        }
    }
}

impl From<EventRecord> for contract::Event {
    fn from(event: EventRecord) -> Self {
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
            Happening::Occupied(it) => Self::Occupied(it.into()),
            Happening::Intervened(it) => Self::Intervened(it.0),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::history::History;

    #[test]
    fn what_is_written_is_read_back() {
        let text = include_str!("../../../../tests/cases/history.json");
        let history: History = serde_json::from_str(text).expect("a history");
        for event in history.events.into_iter().map(contract::Event::from) {
            let text = serde_json::to_string(&EventRecord::from(&event)).expect("JSON");
            let read: EventRecord = serde_json::from_str(&text).expect(&text);
            assert_eq!(contract::Event::from(read), event);
        }
    }
}
