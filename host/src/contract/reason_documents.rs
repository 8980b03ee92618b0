//! The parts of JSON documents that many commands print: reasons, what they rest on, and places in a message.

use serde::Serialize;

#[cfg(test)]
use super::fields::shapes;
use super::types::{Attribute, Evidence, Reason, Span};

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

/// A reason for an answer.
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
    /// The name of a fact.
    Fact(String),
    /// The name of a window.
    Window(String),
    /// The name of a step.
    Step(String),
    /// The name of a load test.
    LoadTest(String),
    /// The name of a metric.
    Metric(String),
    /// The name of a person.
    Person(String),
    /// A time, in seconds since 1970 UTC.
    Time(u64),
}

/// A name and a value that only the policy understands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct AttributeDocument {
    /// Its name.
    pub name: String,
    /// Its value, as JSON in a text.
    pub value: String,
}

/// Converts a list of the contract's records to documents.
pub fn documents<T, D: From<T>>(items: Vec<T>) -> Vec<D> {
    items.into_iter().map(D::from).collect()
}

impl From<Attribute> for AttributeDocument {
    fn from(attribute: Attribute) -> Self {
        Self {
            name: attribute.name,
            value: attribute.value,
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
            Evidence::Fact(fact) => Self::Fact(fact),
            Evidence::Window(window) => Self::Window(window),
            Evidence::Step(step) => Self::Step(step),
            Evidence::LoadTest(test) => Self::LoadTest(test),
            Evidence::Metric(metric) => Self::Metric(metric),
            Evidence::Person(person) => Self::Person(person),
            Evidence::Time(time) => Self::Time(time),
        }
    }
}
