//! Interventions, waivers, questions and steps in a history.

use serde::Deserialize;

#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::fields::{Attribute, ByName, Commit, Digest, JsonText, Text};
use crate::contract::promotion as contract;

/// The intervention of a person.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "InterventionEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Intervention {
    /// What the person wants.
    kind: ByName<contract::InterventionKind>,
    /// The person.
    by: Text,
    /// True if a CI system proves the name; false if absent.
    #[serde(default)]
    proven: bool,
    /// Why.
    why: Text,
    /// The environment that it is about; null or absent if it is about all of them.
    #[cfg_attr(test, schemars(with = "Option<shapes::Environment>"))]
    environment: Option<Text>,
    /// The image that it is about; null or absent if it is about any.
    digest: Option<Digest>,
    /// The key of the question that it answers; null or absent if it answers none.
    question: Option<Text>,
}

/// A person lets the release carry a stopped commit.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "WaiverEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Waiver {
    /// The stopped commit.
    commit: Commit,
    /// The person.
    by: Text,
    /// True if a CI system proves the name; false if absent.
    #[serde(default)]
    proven: bool,
    /// Why.
    why: Text,
}

/// A question that was sent to people.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "QuestionEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Question {
    /// Its key.
    key: Text,
    /// The environment that the answer is about.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// The question.
    text: Text,
}

/// A step that ended.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StepResult {
    /// The step.
    step: Step,
    /// How it ended; `unknown` if it started and its end is unknown.
    outcome: ByName<contract::Outcome>,
    /// Its exit status; null or absent if a signal or a time limit ended it.
    exit_status: Option<i32>,
    /// The JSON that it wrote as its answer, in a text; null or absent if it wrote none.
    answer: Option<JsonText>,
}

/// A step.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "StepOfEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Step {
    /// Its name in the configuration.
    name: Text,
    /// The environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// What the command receives as variables; absent if it is nothing.
    #[serde(default)]
    arguments: Vec<Attribute>,
}

impl From<Intervention> for contract::Intervention {
    fn from(it: Intervention) -> Self {
        Self {
            kind: it.kind.0,
            by: it.by.0,
            proven: it.proven,
            why: it.why.0,
            environment: it.environment.map(|it| it.0),
            digest: it.digest.map(|it| it.0),
            question: it.question.map(|it| it.0),
        }
    }
}

impl From<Waiver> for contract::Waiver {
    fn from(it: Waiver) -> Self {
        Self {
            commit: it.commit.0,
            by: it.by.0,
            proven: it.proven,
            why: it.why.0,
        }
    }
}

impl From<Question> for contract::Question {
    fn from(it: Question) -> Self {
        Self {
            key: it.key.0,
            environment: it.environment.0,
            text: it.text.0,
        }
    }
}

impl From<StepResult> for contract::StepResult {
    fn from(it: StepResult) -> Self {
        Self {
            step: contract::Step {
                name: it.step.name.0,
                environment: it.step.environment.0,
                arguments: it.step.arguments.into_iter().map(Into::into).collect(),
            },
            outcome: it.outcome.0,
            exit_status: it.exit_status,
            answer: it.answer.map(|it| it.0),
        }
    }
}
