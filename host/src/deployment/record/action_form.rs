//! The shape of an action in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::{ConclusionForm, UrgencyForm};
use super::people_forms::{QuestionForm, StepForm};
use super::{Form, forms_of};
use crate::contract::promotion::{
    Action, Conclusion, LoadTestRun, Notice, Question, Step, Urgency,
};

forms_of!(ActionForm of Action);

/// An action has another shape than in the contract: an object whose key `action` says which one it is.
#[derive(Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ActionForm {
    Deploy {
        environment: String,
    },
    Observe {
        environment: String,
    },
    LoadTest {
        environment: String,
        name: String,
    },
    Notify {
        #[serde(with = "UrgencyForm")]
        urgency: Urgency,
        key: String,
        text: String,
    },
    Ask {
        #[serde(with = "QuestionForm")]
        question: Question,
    },
    Perform {
        #[serde(with = "StepForm")]
        step: Step,
    },
    Measure {
        environment: String,
    },
    RollBack {
        environment: String,
    },
    Wait {
        seconds: u32,
    },
    Finish {
        #[serde(with = "ConclusionForm")]
        conclusion: Conclusion,
    },
}

impl ActionForm {
    pub fn serialize<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
        let action = action.clone();
        let form = match action {
            Action::Deploy(environment) => Self::Deploy { environment },
            Action::Observe(environment) => Self::Observe { environment },
            Action::LoadTest(LoadTestRun { environment, name }) => {
                Self::LoadTest { environment, name }
            }
            Action::Notify(Notice { urgency, key, text }) => Self::Notify { urgency, key, text },
            Action::Ask(question) => Self::Ask { question },
            Action::Perform(step) => Self::Perform { step },
            Action::Measure(environment) => Self::Measure { environment },
            Action::RollBack(environment) => Self::RollBack { environment },
            Action::Wait(seconds) => Self::Wait { seconds },
            Action::Finish(conclusion) => Self::Finish { conclusion },
        };
        Serialize::serialize(&form, serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Action, D::Error> {
        let form: Self = Deserialize::deserialize(deserializer)?;
        Ok(match form {
            Self::Deploy { environment } => Action::Deploy(environment),
            Self::Observe { environment } => Action::Observe(environment),
            Self::LoadTest { environment, name } => {
                Action::LoadTest(LoadTestRun { environment, name })
            }
            Self::Notify { urgency, key, text } => Action::Notify(Notice { urgency, key, text }),
            Self::Ask { question } => Action::Ask(question),
            Self::Perform { step } => Action::Perform(step),
            Self::Measure { environment } => Action::Measure(environment),
            Self::RollBack { environment } => Action::RollBack(environment),
            Self::Wait { seconds } => Action::Wait(seconds),
            Self::Finish { conclusion } => Action::Finish(conclusion),
        })
    }
}
