//! What the policy answered, as a journal keeps it: format 1.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::contract::documents::documents;
use crate::contract::fields::ByName;
use crate::contract::promotion::{
    Action, Conclusion, Decision, NodeState, Notice, Permission, Progress, Release, Urgency,
};
use crate::contract::types::{Evidence, Reason, Span, Verdict};

/// A place in the message: UTF-8 byte offsets, end exclusive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanRecord {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// `greenlight.decision/1`, whatever version the command's output has.
    pub schema: Cow<'static, str>,
    /// The tag that was decided about.
    pub tag: String,
    /// The digest of its image, where it was given.
    pub digest: Option<String>,
    /// Whether the release may go on.
    #[serde(rename = "verdict")]
    pub permission: ByName<Permission>,
    /// What to do now.
    pub next: ActionRecord,
    /// Why; the first one decided.
    pub reasons: Vec<ReasonRecord>,
    /// How far the release has come.
    pub environments: Vec<StandingRecord>,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ActionRecord {
    /// Deploy the release.
    Deploy {
        /// Where to.
        environment: String,
    },
    /// Ask the nodes for their versions.
    Observe {
        /// Which environment's.
        environment: String,
    },
    /// Run the load test.
    LoadTest {
        /// Against which environment.
        environment: String,
    },
    /// Tell people.
    Notify {
        /// How much it matters.
        urgency: ByName<Urgency>,
        /// What names the notice.
        key: String,
        /// What they are told.
        text: String,
    },
    /// Ask again later.
    Wait {
        /// How much later.
        seconds: u32,
    },
    /// Nothing is left to do.
    Finish {
        /// How it ends.
        conclusion: ByName<Conclusion>,
    },
}

/// Why an answer is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReasonRecord {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<EvidenceRecord>,
    /// What to do about it.
    pub help: Option<String>,
}

/// One fact that a reason rests on: an object with one key, which says what kind of fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceRecord {
    /// A place in the message.
    Label(SpanRecord),
    /// A tag.
    Tag(String),
    /// A branch.
    Branch(String),
    /// A job.
    Job(String),
    /// A commit.
    Commit(String),
    /// The digest of an image.
    Digest(String),
    /// An environment.
    Environment(String),
    /// The place of an event in the history, from 0.
    Event(u32),
    /// A setting.
    Setting(String),
}

/// How far a release has come in one environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StandingRecord {
    /// Which environment.
    pub environment: String,
    /// How far it has come.
    pub progress: ByName<Progress>,
    /// The verdict on its load test.
    pub load_test: Option<ByName<Verdict>>,
    /// Its nodes in the latest round.
    pub nodes: Vec<NodeRecord>,
}

/// One node in the latest round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Its name.
    pub name: String,
    /// What it served.
    pub state: ByName<NodeState>,
}

impl DecisionRecord {
    /// Fills in what the policy answered.
    pub fn new(release: &Release, decision: Decision) -> Self {
        Self {
            schema: "greenlight.decision/1".into(),
            tag: release.tag.clone(),
            digest: release.digest.clone(),
            permission: ByName(decision.permission),
            next: decision.next.into(),
            reasons: documents(decision.reasons),
            environments: decision
                .standings
                .into_iter()
                .map(|standing| StandingRecord {
                    environment: standing.environment,
                    progress: ByName(standing.progress),
                    load_test: standing.load_test.map(ByName),
                    nodes: standing
                        .nodes
                        .into_iter()
                        .map(|node| NodeRecord {
                            name: node.name,
                            state: ByName(node.state),
                        })
                        .collect(),
                })
                .collect(),
        }
    }
}

impl From<SpanRecord> for Span {
    fn from(span: SpanRecord) -> Self {
        Self {
            start: span.start,
            end: span.end,
        }
    }
}

impl From<Span> for SpanRecord {
    fn from(span: Span) -> Self {
        Self {
            start: span.start,
            end: span.end,
        }
    }
}

impl From<Reason> for ReasonRecord {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            message: reason.message,
            evidence: documents(reason.evidence),
            help: reason.help,
        }
    }
}

impl From<Evidence> for EvidenceRecord {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Label(span) => Self::Label(span.into()),
            Evidence::Tag(tag) => Self::Tag(tag),
            Evidence::Branch(branch) => Self::Branch(branch),
            Evidence::Job(job) => Self::Job(job),
            Evidence::Commit(commit) => Self::Commit(commit),
            Evidence::Digest(digest) => Self::Digest(digest),
            Evidence::Environment(environment) => Self::Environment(environment),
            Evidence::Event(place) => Self::Event(place),
            Evidence::Setting(setting) => Self::Setting(setting),
        }
    }
}

impl From<Action> for ActionRecord {
    fn from(action: Action) -> Self {
        match action {
            Action::Deploy(environment) => Self::Deploy { environment },
            Action::Observe(environment) => Self::Observe { environment },
            Action::LoadTest(environment) => Self::LoadTest { environment },
            Action::Notify(notice) => Self::Notify {
                urgency: ByName(notice.urgency),
                key: notice.key,
                text: notice.text,
            },
            Action::Wait(seconds) => Self::Wait { seconds },
            Action::Finish(conclusion) => Self::Finish {
                conclusion: ByName(conclusion),
            },
        }
    }
}

impl From<&ActionRecord> for Action {
    fn from(action: &ActionRecord) -> Self {
        match action {
            ActionRecord::Deploy { environment } => Self::Deploy(environment.clone()),
            ActionRecord::Observe { environment } => Self::Observe(environment.clone()),
            ActionRecord::LoadTest { environment } => Self::LoadTest(environment.clone()),
            ActionRecord::Notify { urgency, key, text } => Self::Notify(Notice {
                urgency: urgency.0,
                key: key.clone(),
                text: text.clone(),
            }),
            ActionRecord::Wait { seconds } => Self::Wait(*seconds),
            ActionRecord::Finish { conclusion } => Self::Finish(conclusion.0),
        }
    }
}
