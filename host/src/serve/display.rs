//! States and reasons as text, for the status page and the inbox.

use crate::contract::types::Reason;
use crate::journal::inbox::{DeploymentRequestState, PushEventState};

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

/// Describes the state of a deployment request.
pub fn request_state_text(state: &DeploymentRequestState) -> String {
    match state {
        DeploymentRequestState::Wanted => "queued".to_owned(),
        DeploymentRequestState::Waiting { why, .. } => format!("waiting: {why}"),
        DeploymentRequestState::Starting { why: None, .. } => "starting".to_owned(),
        DeploymentRequestState::Starting { why: Some(why), .. } => {
            format!("starting; searching for the deployment: {why}")
        }
        DeploymentRequestState::Retrying { why, .. } => format!("failed to start; retrying: {why}"),
        DeploymentRequestState::Started {
            reference,
            finished: None,
        } => format!("started: {reference}"),
        DeploymentRequestState::Started {
            reference,
            finished: Some(conclusion),
        } => format!("{conclusion}: {reference}; for the reasons, run `greenlight status`"),
        DeploymentRequestState::Stopped { why } => format!("closed: {why}"),
        DeploymentRequestState::Unknown { why } => {
            format!("unconfirmed; check manually: {why}")
        }
    }
}

/// The name of the state of a deployment request, for style sheets.
pub fn request_state_name(state: &DeploymentRequestState) -> &'static str {
    match state {
        DeploymentRequestState::Wanted => "queued",
        DeploymentRequestState::Waiting { .. } => "waiting",
        DeploymentRequestState::Starting { .. } => "starting",
        DeploymentRequestState::Retrying { .. } => "retrying",
        DeploymentRequestState::Started { .. } => "started",
        DeploymentRequestState::Stopped { .. } => "closed",
        DeploymentRequestState::Unknown { .. } => "unconfirmed",
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
                    finished: Some("promoted".to_owned()),
                },
                "promoted: deployment 7; for the reasons, run `greenlight status`",
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
            assert_eq!(request_state_text(&state), text);
        }
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
