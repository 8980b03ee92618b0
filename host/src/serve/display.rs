//! States and reasons as text, for the status page and the inbox.

use crate::contract::names::{Named as _, names};
use crate::contract::promotion::Conclusion;
use crate::contract::types::Reason;
use crate::journal::inbox::{DeploymentRequestState, PushEventState};

/// The state of a deployment request, for style sheets and metrics.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum RequestState {
    /// It waits for its turn.
    Queued,
    /// The policy holds it.
    Waiting,
    /// Its deployment is being started, or searched for.
    Starting,
    /// Starting it failed, and is repeated later.
    Retrying,
    /// Its deployment was started.
    Started,
    /// Its deployment was not started, and will not be.
    Closed,
    /// Its deployment may have been started.
    Unconfirmed,
}

names! {
    RequestState {
        Queued = "queued",
        Waiting = "waiting",
        Starting = "starting",
        Retrying = "retrying",
        Started = "started",
        Closed = "closed",
        Unconfirmed = "unconfirmed",
    }
}

impl RequestState {
    /// The state without its details.
    pub const fn of(state: &DeploymentRequestState) -> Self {
        match state {
            DeploymentRequestState::Wanted => Self::Queued,
            DeploymentRequestState::Waiting { .. } => Self::Waiting,
            DeploymentRequestState::Starting { .. } => Self::Starting,
            DeploymentRequestState::Retrying { .. } => Self::Retrying,
            DeploymentRequestState::Started { .. } => Self::Started,
            DeploymentRequestState::Stopped { .. } => Self::Closed,
            DeploymentRequestState::Unknown { .. } => Self::Unconfirmed,
        }
    }
}

/// Writes reasons in one line.
pub fn reasons_text(reasons: &[Reason]) -> String {
    let texts: Vec<_> = reasons
        .iter()
        .map(|it| format!("{} [{}]", it.message, it.code))
        .collect();
    without_nul(&texts.join("; "))
}

/// Replaces NUL characters, which not every store accepts.
pub fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Describes the state of a deployment request. A started deployment may have a conclusion.
pub fn request_state_text(
    state: &DeploymentRequestState,
    conclusion: Option<Conclusion>,
) -> String {
    let name = RequestState::of(state).name();
    match state {
        DeploymentRequestState::Wanted | DeploymentRequestState::Starting { why: None, .. } => {
            name.to_owned()
        }
        DeploymentRequestState::Waiting { why, .. } | DeploymentRequestState::Stopped { why } => {
            format!("{name}: {why}")
        }
        DeploymentRequestState::Starting { why: Some(why), .. } => {
            format!("{name}; searching for the deployment: {why}")
        }
        DeploymentRequestState::Retrying { why, .. } => format!("failed to start; {name}: {why}"),
        DeploymentRequestState::Started { reference } => match conclusion {
            None => format!("{name}: {reference}"),
            Some(conclusion) => format!(
                "{}: {reference}; for the reasons, run `greenlight status`",
                conclusion.name()
            ),
        },
        DeploymentRequestState::Unknown { why } => format!("{name}; check manually: {why}"),
    }
}

/// The name of the state of a push event, for style sheets, and its description.
pub fn push_event_state(state: PushEventState) -> (&'static str, String) {
    match state {
        PushEventState::Pending { why: None, .. } => ("pending", "queued".to_owned()),
        PushEventState::Pending { why: Some(why), .. } => {
            ("pending", format!("not resolved yet: {why}"))
        }
        PushEventState::Ignored { why } => ("ignored", format!("ignored: {why}")),
        PushEventState::Wanted { request } => {
            ("requested", format!("deployment request {request}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_described_with_its_reason() {
        let why = || "because".to_owned();
        for (state, text) in [
            (DeploymentRequestState::Wanted, "queued"),
            (
                DeploymentRequestState::Waiting {
                    why: why(),
                    again_at: 0,
                },
                "waiting: because",
            ),
            (
                DeploymentRequestState::Starting {
                    attempt: 1,
                    why: Some(why()),
                    again_at: 0,
                },
                "starting; searching for the deployment: because",
            ),
            (
                DeploymentRequestState::Retrying {
                    why: why(),
                    again_at: 0,
                },
                "failed to start; retrying: because",
            ),
            (
                DeploymentRequestState::Started {
                    reference: "deployment 7".to_owned(),
                },
                "started: deployment 7",
            ),
            (
                DeploymentRequestState::Stopped { why: why() },
                "closed: because",
            ),
            (
                DeploymentRequestState::Unknown { why: why() },
                "unconfirmed; check manually: because",
            ),
        ] {
            assert_eq!(request_state_text(&state, None), text);
        }
    }

    #[test]
    fn a_started_deployment_is_described_with_its_conclusion() {
        let started = DeploymentRequestState::Started {
            reference: "deployment 7".to_owned(),
        };
        assert_eq!(
            request_state_text(&started, Some(Conclusion::Promoted)),
            "promoted: deployment 7; for the reasons, run `greenlight status`"
        );
    }

    #[test]
    fn reasons_have_their_codes_and_can_be_stored() {
        let reason = |code: &str, message: &str| Reason {
            code: code.to_owned(),
            message: message.to_owned(),
            evidence: Vec::new(),
            help: None,
        };
        let reasons = [reason("a", "one\0"), reason("b", "two")];
        assert_eq!(reasons_text(&reasons), "one\u{fffd} [a]; two [b]");
    }
}
