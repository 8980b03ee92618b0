//! The next action of a decision: its name, a sentence about it, and its JSON.

use serde::Serialize;

use super::fields::ByName;
#[cfg(test)]
use super::fields::shapes;
use super::names::Named as _;
use super::promotion::{Action, Conclusion, LoadTestRun, Urgency};
use super::reason_documents::{AttributeDocument, documents};
use super::settings::LOAD_TEST;
use crate::text::escape::escape;

/// The name of an action: `deploy`, `observe`, `load-test`, `notify`, `ask`, `perform`, `measure`, `roll-back`,
/// `wait` or `finish`.
pub fn name(action: &Action) -> &'static str {
    match action {
        Action::Deploy(_) => "deploy",
        Action::Observe(_) => "observe",
        Action::LoadTest(_) => "load-test",
        Action::Notify(_) => "notify",
        Action::Ask(_) => "ask",
        Action::Perform(_) => "perform",
        Action::Measure(_) => "measure",
        Action::RollBack(_) => "roll-back",
        Action::Wait(_) => "wait",
        Action::Finish(_) => "finish",
    }
}

/// Describes an action. Names from outside are escaped.
pub fn sentence(action: &Action) -> String {
    match action {
        Action::Deploy(environment) => format!("deploy to `{}`", escape(environment)),
        Action::Observe(environment) => {
            format!(
                "ask the nodes of `{}` for their version",
                escape(environment)
            )
        }
        Action::LoadTest(run) if run.name == LOAD_TEST => {
            format!("run the load test against `{}`", escape(&run.environment))
        }
        Action::LoadTest(run) => format!(
            "run load test `{}` against `{}`",
            escape(&run.name),
            escape(&run.environment)
        ),
        Action::Notify(notice) => format!(
            "send a notification ({}): {}",
            notice.urgency.name(),
            escape(&notice.text)
        ),
        Action::Ask(question) => format!("ask people: {}", escape(&question.text)),
        Action::Perform(step) => format!(
            "run step `{}` in `{}`",
            escape(&step.name),
            escape(&step.environment)
        ),
        Action::Measure(environment) => {
            format!("read the metrics of `{}`", escape(environment))
        }
        Action::RollBack(environment) => format!(
            "deploy the release again that was live in `{}` before",
            escape(environment)
        ),
        Action::Wait(seconds) => format!("wait {seconds} s, then decide again"),
        Action::Finish(conclusion) => match conclusion {
            Conclusion::Promoted | Conclusion::PromotedWithWarning => {
                "nothing, the deployment is complete"
            }
            Conclusion::Stopped => "nothing, the release is stopped",
            Conclusion::Superseded => "nothing, a newer release takes its place",
            Conclusion::RolledBack => "nothing, the release was rolled back",
            Conclusion::Canceled => "nothing, the deployment is canceled",
        }
        .to_owned(),
    }
}

/// What to do next.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum ActionDocument {
    /// Deploy the release.
    Deploy {
        /// The environment to deploy to.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
    },
    /// Ask the nodes for their versions.
    Observe {
        /// The environment of the nodes.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
    },
    /// Run a load test.
    LoadTest {
        /// The environment under test.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
        /// The name of the load test.
        name: String,
    },
    /// Send a notification.
    Notify {
        /// How much it matters.
        urgency: ByName<Urgency>,
        /// The identity of the notification: one key is sent once.
        key: String,
        /// The text to send.
        text: String,
    },
    /// Ask people. The release waits for the answer.
    Ask {
        /// The identity of the question: one key is asked once.
        key: String,
        /// The environment that the answer is about.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
        /// The question.
        text: String,
    },
    /// Run a step.
    Perform {
        /// The name of the step.
        name: String,
        /// The environment of the step.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
        /// What the command receives as variables.
        arguments: Vec<AttributeDocument>,
    },
    /// Read the metrics.
    Measure {
        /// The environment of the metrics.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
    },
    /// Deploy the release again that was live before.
    RollBack {
        /// The environment to deploy to.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
    },
    /// Decide again later.
    Wait {
        /// The time until then, in seconds.
        seconds: u32,
    },
    /// Nothing: the deployment has ended.
    Finish {
        /// How it ends.
        conclusion: ByName<Conclusion>,
    },
}

impl From<Action> for ActionDocument {
    fn from(action: Action) -> Self {
        match action {
            Action::Deploy(environment) => Self::Deploy { environment },
            Action::Observe(environment) => Self::Observe { environment },
            Action::LoadTest(LoadTestRun { environment, name }) => {
                Self::LoadTest { environment, name }
            }
            Action::Notify(notice) => Self::Notify {
                urgency: ByName(notice.urgency),
                key: notice.key,
                text: notice.text,
            },
            Action::Ask(it) => Self::Ask {
                key: it.key,
                environment: it.environment,
                text: it.text,
            },
            Action::Perform(step) => Self::Perform {
                name: step.name,
                environment: step.environment,
                arguments: documents(step.arguments),
            },
            Action::Measure(environment) => Self::Measure { environment },
            Action::RollBack(environment) => Self::RollBack { environment },
            Action::Wait(seconds) => Self::Wait { seconds },
            Action::Finish(conclusion) => Self::Finish {
                conclusion: ByName(conclusion),
            },
        }
    }
}
