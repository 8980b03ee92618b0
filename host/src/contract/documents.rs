//! The shapes of JSON output. Each document names its own in `schema`; a change that a reader could
//! notice takes the next number. Described by the JSON Schemas in `host/schemas/`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::names::Named as _;
use crate::contract::labels::Labels;
use crate::contract::promotion::{Action, Decision, Release};
use crate::contract::types::{Diagnostic, Evidence, Reason, Span};
use crate::text::escape::escape;

/// A word of a closed set: written from the contract, and read back from a journal.
pub type Term = Cow<'static, str>;

/// `greenlight label`.
#[derive(Debug, Serialize)]
pub struct LabelDocument {
    /// `greenlight.label/1`.
    pub schema: &'static str,
    /// The commit, where the message came from one.
    pub commit: Option<String>,
    /// `abort`, `skip` or `warn`.
    pub action: &'static str,
    /// Whether a label says so; otherwise it is the default.
    pub explicit: bool,
    /// Where the label stands in the message.
    pub span: Option<SpanDocument>,
    /// What people should know.
    pub diagnostics: Vec<DiagnosticDocument>,
}

/// A place in the message: UTF-8 byte offsets, end exclusive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpanDocument {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// Something a person should know.
#[derive(Debug, Serialize)]
pub struct DiagnosticDocument {
    /// `note`, `warning` or `error`.
    pub severity: &'static str,
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Where, if it has a place.
    pub span: Option<SpanDocument>,
    /// The corrected text, or the next thing to do.
    pub help: Option<String>,
}

/// `greenlight tags`.
#[derive(Debug, Serialize)]
pub struct TagsDocument {
    /// `greenlight.tags/1`.
    pub schema: &'static str,
    /// What was built.
    pub commit: String,
    /// What the message asks for.
    pub action: &'static str,
    /// The tags to push.
    pub tags: Vec<String>,
    /// What people should know of the message.
    pub diagnostics: Vec<DiagnosticDocument>,
}

/// `greenlight resolve`.
#[derive(Debug, Serialize)]
pub struct TargetDocument {
    /// `greenlight.resolve/1`.
    pub schema: &'static str,
    /// Where the image is to be deployed.
    pub environment: String,
    /// What the load test is to do; null where the tag does not speak of it.
    pub load_test: Option<&'static str>,
    /// What the image was built from.
    pub commit: String,
}

/// An answer that the policy refuses to give.
#[derive(Debug, Serialize)]
pub struct RefusalDocument {
    /// `greenlight.refusal/1`.
    pub schema: &'static str,
    /// Why.
    pub reasons: Vec<ReasonDocument>,
}

/// `greenlight decide`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionDocument {
    /// `greenlight.decision/1`.
    pub schema: Term,
    /// The tag that was decided about.
    pub tag: String,
    /// The digest of its image, where it was given.
    pub digest: Option<String>,
    /// `promote`, `promote-with-warning`, `hold` or `stop`.
    pub verdict: Term,
    /// What to do now.
    pub next: ActionDocument,
    /// Why; the first one decided.
    pub reasons: Vec<ReasonDocument>,
    /// How far the release has come.
    pub environments: Vec<StandingDocument>,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ActionDocument {
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
        /// `info`, `warning` or `failure`.
        urgency: Term,
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
        conclusion: Term,
    },
}

impl ActionDocument {
    /// What kind of thing it is: what the key `action` says.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deploy { .. } => "deploy",
            Self::Observe { .. } => "observe",
            Self::LoadTest { .. } => "load-test",
            Self::Notify { .. } => "notify",
            Self::Wait { .. } => "wait",
            Self::Finish { .. } => "finish",
        }
    }

    /// Says what is done, in words. Names from outside are escaped.
    pub fn sentence(&self) -> String {
        match self {
            Self::Deploy { environment } => format!("deploy to `{}`", escape(environment)),
            Self::Observe { environment } => {
                format!(
                    "ask the nodes of `{}` for their version",
                    escape(environment)
                )
            }
            Self::LoadTest { environment } => {
                format!("run the load test against `{}`", escape(environment))
            }
            Self::Notify { urgency, text, .. } => {
                format!("tell people ({urgency}): {}", escape(text))
            }
            Self::Wait { seconds } => format!("wait {seconds} s, then decide again"),
            Self::Finish { conclusion } => match conclusion.as_ref() {
                "stopped" => "nothing, it ends here",
                "superseded" => "nothing, a newer release takes its place",
                "canceled" => "nothing, it was canceled",
                _ => "nothing, it is done",
            }
            .to_owned(),
        }
    }
}

/// Why an answer is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReasonDocument {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<EvidenceDocument>,
    /// What to do about it.
    pub help: Option<String>,
}

/// One fact that a reason rests on: an object with one key, which says what kind of fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceDocument {
    /// A place in the message.
    Label(SpanDocument),
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
pub struct StandingDocument {
    /// Which environment.
    pub environment: String,
    /// `pending`, `unknown`, `deployed`, `converged` or `failed`.
    pub progress: Term,
    /// The verdict on its load test.
    pub load_test: Option<Term>,
    /// Its nodes in the latest round.
    pub nodes: Vec<NodeDocument>,
}

/// One node in the latest round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeDocument {
    /// Its name.
    pub name: String,
    /// `current`, `old`, `foreign` or `unreachable`.
    pub state: Term,
}

impl LabelDocument {
    /// Fills in what the policy answered.
    pub fn new(commit: Option<String>, labels: Labels) -> Self {
        Self {
            schema: "greenlight.label/1",
            commit,
            action: labels.action.name(),
            explicit: labels.source.is_some(),
            span: labels.source.map(Into::into),
            diagnostics: documents(labels.diagnostics),
        }
    }
}

impl TagsDocument {
    /// Fills in what the policy answered.
    pub fn new(commit: String, labels: Labels, tags: Vec<String>) -> Self {
        Self {
            schema: "greenlight.tags/1",
            commit,
            action: labels.action.name(),
            tags,
            diagnostics: documents(labels.diagnostics),
        }
    }
}

impl RefusalDocument {
    /// Fills in what the policy answered.
    pub fn new(reasons: Vec<Reason>) -> Self {
        Self {
            schema: "greenlight.refusal/1",
            reasons: documents(reasons),
        }
    }
}

impl DecisionDocument {
    /// Fills in what the policy answered.
    pub fn new(release: &Release, decision: Decision) -> Self {
        Self {
            schema: "greenlight.decision/1".into(),
            tag: release.tag.clone(),
            digest: release.digest.clone(),
            verdict: decision.permission.name().into(),
            next: decision.next.into(),
            reasons: documents(decision.reasons),
            environments: decision
                .standings
                .into_iter()
                .map(|standing| StandingDocument {
                    environment: standing.environment,
                    progress: standing.progress.name().into(),
                    load_test: standing.load_test.map(|verdict| verdict.name().into()),
                    nodes: standing
                        .nodes
                        .into_iter()
                        .map(|node| NodeDocument {
                            name: node.name,
                            state: node.state.name().into(),
                        })
                        .collect(),
                })
                .collect(),
        }
    }
}

/// Turns a list of the contract's records into documents.
pub fn documents<T, D: From<T>>(items: Vec<T>) -> Vec<D> {
    items.into_iter().map(D::from).collect()
}

impl From<SpanDocument> for Span {
    fn from(span: SpanDocument) -> Self {
        Self {
            start: span.start,
            end: span.end,
        }
    }
}

impl From<Span> for SpanDocument {
    fn from(span: Span) -> Self {
        Self {
            start: span.start,
            end: span.end,
        }
    }
}

impl From<Diagnostic> for DiagnosticDocument {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            severity: diagnostic.severity.name(),
            code: diagnostic.code,
            message: diagnostic.message,
            span: diagnostic.span.map(Into::into),
            help: diagnostic.help,
        }
    }
}

impl From<Reason> for ReasonDocument {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code,
            message: reason.message,
            evidence: documents(reason.evidence),
            help: reason.help,
        }
    }
}

impl From<Evidence> for EvidenceDocument {
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

impl From<Action> for ActionDocument {
    fn from(action: Action) -> Self {
        match action {
            Action::Deploy(environment) => Self::Deploy { environment },
            Action::Observe(environment) => Self::Observe { environment },
            Action::LoadTest(environment) => Self::LoadTest { environment },
            Action::Notify(notice) => Self::Notify {
                urgency: notice.urgency.name().into(),
                key: notice.key,
                text: notice.text,
            },
            Action::Wait(seconds) => Self::Wait { seconds },
            Action::Finish(conclusion) => Self::Finish {
                conclusion: conclusion.name().into(),
            },
        }
    }
}
