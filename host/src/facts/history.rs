//! A history as JSON: what happened to a release so far, for `decide --history`.
//!
//! `{"schema": "greenlight.history/1", "events": [{"at": 0, "happening": {…}}]}`. A happening is an
//! object with one key, which says what kind it is. Keys that are not known are refused: one with a
//! typing error would be a fact that nobody reads.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Error, is_commit, is_digest};
use crate::report::words::Word;
use crate::sandbox::contract::promotion as contract;
use crate::sandbox::contract::types::Verdict;

/// The longest history that is read, in bytes.
const LONGEST: u64 = 4 << 20;

/// The longest text in it, in bytes.
const LONGEST_TEXT: usize = 256;

/// The most nodes that one round has.
pub const MOST_NODES: usize = 500;

/// What the document says that it is.
const SCHEMA: &str = "greenlight.history/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    events: Vec<Event>,
}

/// One event, as it is written and read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
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
    Intervened(Named<contract::Intervention>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deployment {
    environment: Text,
    commit: Commit,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    outcome: Named<contract::Outcome>,
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
    #[serde(deserialize_with = "nodes")]
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
    Judged(Named<Verdict>),
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
    outcome: Named<contract::Outcome>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rival {
    environment: Text,
    commit: Commit,
}

/// A name, a key or a sentence of a tool. What is longer is no such thing, and the policy, which names
/// what it decides by, could not answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
struct Text(String);

impl Text {
    /// Takes as much of a text as one may have.
    fn clipped(text: &str) -> Self {
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
struct Commit(String);

impl<'de> Deserialize<'de> for Commit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        if !is_commit(&text) {
            return Err(de::Error::custom(format!(
                "`{text}` is not a full commit hash"
            )));
        }
        Ok(Self(text))
    }
}

/// The digest of an image.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
struct Digest(String);

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Text(text) = Text::deserialize(deserializer)?;
        if !is_digest(&text) {
            let message = format!("`{text}` is not `sha256:` and 64 lowercase hexadecimal digits");
            return Err(de::Error::custom(message));
        }
        Ok(Self(text))
    }
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
struct Named<T>(T);

impl<T: Word> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.word().serialize(serializer)
    }
}

impl<'de, T: Word> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        T::read(&text).map(Named).ok_or_else(|| {
            let known: Vec<_> = T::ALL.iter().map(|(_, word)| format!("`{word}`")).collect();
            de::Error::custom(format!("`{text}` is none of {}", known.join(", ")))
        })
    }
}

/// Reads a history from a file.
///
/// # Errors
///
/// If the file can't be read, or is not a history of this version.
pub fn from_file(path: &Path) -> Result<Vec<contract::Event>, Error> {
    let name = path.display();
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
        .map_err(|error| {
            Error::new(
                format!("failed to read the history from `{name}`: {error}"),
                "name a file that holds a history as JSON",
            )
        })?;
    if text.len() as u64 > LONGEST {
        return Err(Error::new(
            format!(
                "the history in `{name}` is longer than {} MiB",
                LONGEST >> 20
            ),
            "a release has some hundred events; leave out those of other releases",
        ));
    }
    parse(&text).map_err(|why| {
        Error::new(
            format!("failed to read the history from `{name}`: {why}"),
            format!("its shape is `{SCHEMA}`; see `greenlight schema history`"),
        )
    })
}

fn parse(text: &str) -> Result<Vec<contract::Event>, String> {
    let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if document.schema != SCHEMA {
        return Err(format!("its schema is `{}`", document.schema));
    }
    Ok(document.events.into_iter().map(Into::into).collect())
}

impl From<&contract::Event> for Event {
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
                outcome: Named(it.outcome),
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
                    contract::LoadTestResult::Judged(it) => LoadTestResult::Judged(Named(*it)),
                },
            }),
            contract::Happening::Notified(it) => Self::Notified(Notification {
                key: Text::clipped(&it.key),
                outcome: Named(it.outcome),
            }),
            contract::Happening::Waited(seconds) => Self::Waited(*seconds),
            contract::Happening::Overtaken(it) => Self::Overtaken(it.into()),
            contract::Happening::Unplaced(it) => Self::Unplaced(it.into()),
            contract::Happening::Occupied(it) => Self::Occupied(it.into()),
            contract::Happening::Intervened(it) => Self::Intervened(Named(*it)),
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

    fn wrong(events: &str) -> String {
        parse(&format!(
            r#"{{"schema": "{SCHEMA}", "events": [{events}]}}"#
        ))
        .expect_err("wrong")
    }

    #[test]
    fn every_kind_of_happening() {
        let events = include_str!("../../../tests/cases/history.json");
        let events = parse(events).expect("a history");
        let kinds: Vec<_> = events
            .iter()
            .map(|event| std::mem::discriminant(&event.happening))
            .collect();
        assert_eq!(kinds.len(), 12);
        for (place, kind) in kinds.iter().enumerate().take(9) {
            assert!(
                !kinds[..place].contains(kind),
                "event {place} repeats a kind"
            );
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let events = include_str!("../../../tests/cases/history.json");
        for event in parse(events).expect("a history") {
            let text = serde_json::to_string(&Event::from(&event)).expect("JSON");
            let read: Event = serde_json::from_str(&text).expect(&text);
            assert_eq!(
                format!("{:?}", contract::Event::from(read)),
                format!("{event:?}")
            );
        }
    }

    #[test]
    fn unknown_keys_and_values_are_named() {
        for (events, said) in [
            (r#"{"at": 0, "happened": {}}"#, "unknown field `happened`"),
            (
                r#"{"at": 0, "happening": {"exploded": 1}}"#,
                "unknown variant `exploded`",
            ),
            (r#"{"at": -1, "happening": {"waited": 1}}"#, "invalid value"),
            (
                r#"{"at": 0, "happening": {"intervened": "maybe"}}"#,
                "`maybe` is none of `approved`",
            ),
            (
                r#"{"at": 0, "happening": {"overtaken": {"environment": "prod"}}}"#,
                "missing field `commit`",
            ),
        ] {
            let message = wrong(events);
            assert!(message.contains(said), "{message}");
        }
    }

    #[test]
    fn other_documents_are_not_histories() {
        assert!(
            parse(r#"{"schema": "greenlight.history/2", "events": []}"#)
                .is_err_and(|why| why.contains("greenlight.history/2"))
        );
        assert!(parse("[]").is_err());
        assert!(parse("").is_err());
    }
}
