//! The next action of a decision, by its name and in words.

use super::names::Named as _;
use super::promotion::{Action, Conclusion};
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
