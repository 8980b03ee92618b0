//! The shapes of interventions, questions and steps in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::{AttributeForm, OutcomeForm, clipped};
use super::{Form, Many, forms_of};
use crate::contract::promotion::{
    Intervention, InterventionKind, Outcome, Question, Step, StepResult, Waiver,
};
use crate::contract::types::Attribute;

forms_of!(
    StepForm of Step,
    QuestionForm of Question,
);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Intervention")]
pub struct InterventionForm {
    #[serde(with = "InterventionKindForm")]
    kind: InterventionKind,
    #[serde(serialize_with = "clipped")]
    by: String,
    proven: bool,
    #[serde(serialize_with = "clipped")]
    why: String,
    environment: Option<String>,
    digest: Option<String>,
    question: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InterventionKind", rename_all = "kebab-case")]
pub enum InterventionKindForm {
    Approved,
    Rejected,
    Held,
    Canceled,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Waiver")]
pub struct WaiverForm {
    commit: String,
    #[serde(serialize_with = "clipped")]
    by: String,
    // Entries from before the field have none.
    #[serde(default)]
    proven: bool,
    #[serde(serialize_with = "clipped")]
    why: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Question")]
pub struct QuestionForm {
    key: String,
    environment: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Step")]
pub struct StepForm {
    name: String,
    environment: String,
    #[serde(with = "Many::<AttributeForm>")]
    arguments: Vec<Attribute>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StepResult")]
pub struct StepResultForm {
    #[serde(with = "StepForm")]
    step: Step,
    #[serde(with = "OutcomeForm")]
    outcome: Outcome,
    exit_status: Option<i32>,
    answer: Option<String>,
}
