//! The JSON documents that commands print. Each one names its version in `schema`, and any change that a
//! reader can notice takes the next number. `host/schemas/` has the JSON Schema of each.

use serde::Serialize;

use super::actions::ActionDocument;
use super::fields::{ByName, Commit, Digest};
use super::reason_documents::{AttributeDocument, ReasonDocument, SpanDocument, documents};
use crate::contract::labels::Labels;
use crate::contract::promotion::{Decision, NodeState, Permission, Progress, Release};
use crate::contract::types::{Diagnostic, LoadTestAction, Reason, Severity, Verdict};

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
    /// What else the message asks for. The bundled policy reads nothing else.
    pub extra: Vec<AttributeDocument>,
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
    pub environments: Vec<EnvironmentStatusDocument>,
}

/// How far a release is in one environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentStatusDocument {
    /// The name of the environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    pub environment: String,
    /// How far the deployment is.
    pub progress: ByName<Progress>,
    /// The people whose approval counts there.
    pub approved_by: Vec<String>,
    /// The load tests that ended there after its deployment.
    pub load_tests: Vec<LoadTestDocument>,
    /// The verdict on its watch; null if it is not watched, or the watch has not ended.
    pub watch: Option<ByName<Verdict>>,
    /// Its nodes in the latest round.
    pub nodes: Vec<NodeDocument>,
}

/// The verdict on one load test.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct LoadTestDocument {
    /// Its name.
    pub name: String,
    /// Its verdict.
    pub verdict: ByName<Verdict>,
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
    pub const SCHEMA: &'static str = "greenlight.label/3";

    /// Makes the document from the policy's answer.
    pub fn new(commit: Option<String>, labels: Labels) -> Self {
        Self {
            schema: Self::SCHEMA,
            commit: commit.map(Commit),
            action: ByName(labels.action),
            explicit: labels.source.is_some(),
            span: labels.source.map(Into::into),
            diagnostics: documents(labels.diagnostics),
            extra: documents(labels.extra),
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
    pub const SCHEMA: &'static str = "greenlight.refusal/3";

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
    pub const SCHEMA: &'static str = "greenlight.decision/3";

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
                .environments
                .into_iter()
                .map(|status| EnvironmentStatusDocument {
                    environment: status.environment,
                    progress: ByName(status.progress),
                    approved_by: status.approved_by,
                    load_tests: status
                        .load_tests
                        .into_iter()
                        .map(|test| LoadTestDocument {
                            name: test.name,
                            verdict: ByName(test.verdict),
                        })
                        .collect(),
                    watch: status.watch.map(ByName),
                    nodes: status
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
