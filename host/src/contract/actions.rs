//! The next action of a decision: its name, a sentence about it, and its JSON.

use serde::Serialize;

use super::fields::ByName;
#[cfg(test)]
use super::fields::shapes;
use super::names::Named as _;
use super::promotion::{Action, Conclusion, Urgency};
use crate::text::escape::escape;

/// The name of an action: `deploy`, `observe`, `load-test`, `notify`, `wait` or `finish`.
pub fn name(action: &Action) -> &'static str {
    match action {
        Action::Deploy(_) => "deploy",
        Action::Observe(_) => "observe",
        Action::LoadTest(_) => "load-test",
        Action::Notify(_) => "notify",
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
        Action::LoadTest(environment) => {
            format!("run the load test against `{}`", escape(environment))
        }
        Action::Notify(notice) => format!(
            "send a notification ({}): {}",
            notice.urgency.name(),
            escape(&notice.text)
        ),
        Action::Wait(seconds) => format!("wait {seconds} s, then decide again"),
        Action::Finish(conclusion) => match conclusion {
            Conclusion::Promoted | Conclusion::PromotedWithWarning => {
                "nothing, the deployment is complete"
            }
            Conclusion::Stopped => "nothing, the release is stopped",
            Conclusion::Superseded => "nothing, a newer release takes its place",
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
    /// Run the load test.
    LoadTest {
        /// The environment under test.
        #[cfg_attr(test, schemars(with = "shapes::Environment"))]
        environment: String,
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
