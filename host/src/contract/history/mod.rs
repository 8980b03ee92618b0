//! The shapes of a history's JSON.

mod conversions;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::names::Named;
use super::promotion as contract;
use super::types::Verdict;
use super::validate::{is_commit, is_digest};

/// The longest text in it, in bytes.
const LONGEST_TEXT: usize = 256;

/// The most nodes that one round has.
pub const MOST_NODES: usize = 500;

/// One event, as it is written and read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub(super) at: u64,
    pub(super) happening: Happening,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Happening {
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
pub(super) struct Deployment {
    pub(super) environment: Text,
    pub(super) commit: Commit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<Digest>,
    pub(super) outcome: ByName<contract::Outcome>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Round {
    pub(super) environment: Text,
    pub(super) convergence: Convergence,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Convergence {
    #[serde(deserialize_with = "nodes")]
    Observed(Vec<Node>),
    Judged(bool),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    pub(super) name: Text,
    pub(super) version: NodeVersion,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NodeVersion {
    Serves(Commit),
    Unreachable(Text),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadTest {
    pub(super) environment: Text,
    pub(super) result: LoadTestResult,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LoadTestResult {
    Measured(Measurement),
    Judged(ByName<Verdict>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Measurement {
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) exceptions: u64,
    pub(super) duration: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) p95: Option<u64>,
    #[serde(default)]
    pub(super) broken_thresholds: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exit_status: Option<i32>,
    pub(super) complete: bool,
    pub(super) versions: Vec<Commit>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Notification {
    pub(super) key: Text,
    pub(super) outcome: ByName<contract::Outcome>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rival {
    pub(super) environment: Text,
    pub(super) commit: Commit,
}

/// A name, a key or a sentence of a tool. What is longer is no such thing, and the policy, which names
/// what it decides by, could not answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Text(pub String);

impl Text {
    /// Takes as much of a text as one may have.
    pub(super) fn clipped(text: &str) -> Self {
        Self(text[..text.floor_char_boundary(LONGEST_TEXT)].to_owned())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > LONGEST_TEXT {
            let message = format!(
                "a text has {} bytes, and at most {LONGEST_TEXT}",
                text.len()
            );
            return Err(de::Error::custom(message));
        }
        Ok(Self(text))
    }
}

/// A full commit hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Commit(pub String);

impl<'de> Deserialize<'de> for Commit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, is_commit, "a full commit hash").map(Self)
    }
}

/// The digest of an image.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Digest(pub String);

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = "`sha256:` and 64 lowercase hexadecimal digits";
        checked(deserializer, is_digest, form).map(Self)
    }
}

/// A text of a certain form.
fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
    fits: fn(&str) -> bool,
    form: &str,
) -> Result<String, D::Error> {
    let Text(text) = Text::deserialize(deserializer)?;
    if fits(&text) {
        return Ok(text);
    }
    Err(de::Error::custom(format!("`{text}` is not {form}")))
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

/// A member of a closed set, by its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ByName<T>(pub T);

impl<T: Named> Serialize for ByName<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.name().serialize(serializer)
    }
}

impl<'de, T: Named> Deserialize<'de> for ByName<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::from_name(&text).map(ByName).ok_or_else(|| {
            let known: Vec<_> = T::ALL.iter().map(|(_, word)| format!("`{word}`")).collect();
            de::Error::custom(format!("`{text}` is none of {}", known.join(", ")))
        })
    }
}
