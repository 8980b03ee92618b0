//! The JSON documents that commands print. Each one names its version in `schema`, and any change that a
//! reader can notice takes the next number. `host/schemas/` has the JSON Schema of each.

use serde::Serialize;

use super::actions::ActionDocument;
use super::fields::{ByName, Commit, Digest};
use crate::contract::labels::Labels;
use crate::contract::promotion::{Decision, NodeState, Permission, Progress, Release};
use crate::contract::types::{
    Diagnostic, Evidence, LoadTestAction, Reason, Severity, Span, Verdict,
};

#[cfg(test)]
use super::fields::shapes;

/// What `greenlight label --format json` prints: what a commit message asks for.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct LabelDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// The commit; null if the message was given by itself.
    pub commit: Option<Commit>,
    /// What a failed load test does to the release.
    pub action: ByName<LoadTestAction>,
    /// True if a label in the message sets the action, false if it is the default.
    pub explicit: bool,
    /// The place of the label in the message; null for the default.
    pub span: Option<SpanDocument>,
    /// Notes, warnings and errors about the message.
    pub diagnostics: Vec<DiagnosticDocument>,
}

/// A place in the commit message as UTF-8 byte offsets.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct SpanDocument {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// A note, a warning or an error about a commit message.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct DiagnosticDocument {
    /// How much it matters.
    pub severity: ByName<Severity>,
    /// Stable code of the kind of diagnostic.
    #[cfg_attr(test, schemars(with = "shapes::Code"))]
    pub code: String,
    /// One sentence.
    pub message: String,
    /// Its place in the message; null if it has none.
    pub span: Option<SpanDocument>,
    /// The corrected text, or what to do next.
    pub help: Option<String>,
}

/// What `greenlight tags --format json` prints: the tags to push for a build.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct TagsDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// The commit that was built.
    pub commit: Commit,
    /// What a failed load test does to the release.
    pub action: ByName<LoadTestAction>,
    /// The tags to push.
    #[cfg_attr(
        test,
        schemars(with = "Vec<shapes::Tag>", length(min = 1), extend("uniqueItems" = true))
    )]
    pub tags: Vec<String>,
    /// Notes, warnings and errors about the message.
    pub diagnostics: Vec<DiagnosticDocument>,
}

/// What `greenlight resolve --format json` prints: the target of a tag.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct TargetDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// The environment that the image is deployed to.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    pub environment: String,
    /// What a failed load test does to the release; null if the tag does not say it.
    pub load_test: Option<ByName<LoadTestAction>>,
    /// The commit that the image was built from.
    pub commit: Commit,
}

/// What a command prints with `--format json`, and exit status 1, if the policy refuses to answer.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct RefusalDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// Why the policy refuses.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub reasons: Vec<ReasonDocument>,
}

/// What `greenlight decide --format json` and `greenlight run --format json` print: whether a release may
/// enter the next environment, what to do next, and why.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct DecisionDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// The tag of the release.
    pub tag: String,
    /// The digest of its image; null if it was not given.
    pub digest: Option<Digest>,
    /// Whether the release may go on.
    pub permission: ByName<Permission>,
    /// What to do next.
    pub next: ActionDocument,
    /// Why; the first reason decided.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub reasons: Vec<ReasonDocument>,
    /// How far the release is in each environment.
    pub environments: Vec<StandingDocument>,
}

/// Why an answer is what it is.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ReasonDocument {
    /// Stable code of the kind of reason.
    #[cfg_attr(test, schemars(with = "shapes::Code"))]
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The facts that it rests on.
    pub evidence: Vec<EvidenceDocument>,
    /// What to do about it.
    pub help: Option<String>,
}

/// One fact that a reason rests on: an object with one key, which names the kind of fact. The fact is
/// repeated as it was given, valid or not.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceDocument {
    /// A place in the commit message.
    Label(SpanDocument),
    /// A tag.
    Tag(String),
    /// A branch.
    Branch(String),
    /// A job of the build.
    Job(String),
    /// A commit.
    Commit(String),
    /// The digest of an image.
    Digest(String),
    /// An environment.
    Environment(String),
    /// The index of an event in the history, from 0.
    Event(u32),
    /// A setting.
    Setting(String),
}

/// How far a release is in one environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct StandingDocument {
    /// The name of the environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    pub environment: String,
    /// How far the deployment is.
    pub progress: ByName<Progress>,
    /// The verdict of its load test; null if it did not run.
    pub load_test: Option<ByName<Verdict>>,
    /// Its nodes in the latest round.
    pub nodes: Vec<NodeDocument>,
}

/// One node in the latest round.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct NodeDocument {
    /// Its name.
    pub name: String,
    /// What it serves.
    pub state: ByName<NodeState>,
}

impl LabelDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.label/2";

    /// Makes the document from the policy's answer.
    pub fn new(commit: Option<String>, labels: Labels) -> Self {
        Self {
            schema: Self::SCHEMA,
            commit: commit.map(Commit),
            action: ByName(labels.action),
            explicit: labels.source.is_some(),
            span: labels.source.map(Into::into),
            diagnostics: documents(labels.diagnostics),
        }
    }
}

impl TagsDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.tags/2";

    /// Makes the document from the policy's answer.
    pub fn new(commit: String, labels: Labels, tags: Vec<String>) -> Self {
        Self {
            schema: Self::SCHEMA,
            commit: Commit(commit),
            action: ByName(labels.action),
            tags,
            diagnostics: documents(labels.diagnostics),
        }
    }
}

impl TargetDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.resolve/2";
}

impl RefusalDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.refusal/2";

    /// Makes the document from the policy's answer.
    pub fn new(reasons: Vec<Reason>) -> Self {
        Self {
            schema: Self::SCHEMA,
            reasons: documents(reasons),
        }
    }
}

impl DecisionDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.decision/2";

    /// Makes the document from the policy's answer.
    pub fn new(release: &Release, decision: Decision) -> Self {
        Self {
            schema: Self::SCHEMA,
            tag: release.tag.clone(),
            digest: release.digest.clone().map(Digest),
            permission: ByName(decision.permission),
            next: decision.next.into(),
            reasons: documents(decision.reasons),
            environments: decision
                .standings
                .into_iter()
                .map(|standing| StandingDocument {
                    environment: standing.environment,
                    progress: ByName(standing.progress),
                    load_test: standing.load_test.map(ByName),
                    nodes: standing
                        .nodes
                        .into_iter()
                        .map(|node| NodeDocument {
                            name: node.name,
                            state: ByName(node.state),
                        })
                        .collect(),
                })
                .collect(),
        }
    }
}

/// Converts a list of the contract's records to documents.
pub fn documents<T, D: From<T>>(items: Vec<T>) -> Vec<D> {
    items.into_iter().map(D::from).collect()
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
            severity: ByName(diagnostic.severity),
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
