//! Rounds over the nodes of an environment in a history.

use serde::{Deserialize, Deserializer, de};

use super::MOST_NODES;
#[cfg(test)]
use crate::contract::fields::MOST_ROUNDS;
#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::fields::{Commit, Text, Times};
use crate::contract::promotion as contract;

/// One or several consecutive rounds over all nodes of an environment, all with the same result.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "RoundEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Round {
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

impl From<Round> for contract::Round {
    fn from(round: Round) -> Self {
        Self {
            environment: round.environment.0,
            convergence: round.convergence.into(),
            times: round.times.0,
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
