//! How far things are, in sentences.

use crate::contract::types::Reason;
use crate::journal::inbox::DeploymentRequestState;
use crate::text::time;

/// Reasons in one line.
pub fn sentences(reasons: &[Reason]) -> String {
    let sentences: Vec<_> = reasons
        .iter()
        .map(|it| format!("{} [{}]", it.message, it.code))
        .collect();
    storable(&sentences.join("; "))
}

/// A text without what no store keeps.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// How far a start is.
pub fn state(state: &DeploymentRequestState) -> String {
    match state {
        DeploymentRequestState::Wanted => "is about to be looked at".to_owned(),
        DeploymentRequestState::Waiting { why, .. } => format!("waits: {why}"),
        DeploymentRequestState::Starting { why: None, .. } => "is being started".to_owned(),
        DeploymentRequestState::Starting { why: Some(why), .. } => {
            format!("may have been started, which is being found out: {why}")
        }
        DeploymentRequestState::Retrying { why, again_at } => {
            format!("is tried again at {}: {why}", time::clock(*again_at))
        }
        DeploymentRequestState::Started {
            reference,
            finished: None,
        } => format!("was started: {reference}"),
        DeploymentRequestState::Started {
            reference,
            finished: Some(how),
        } => {
            format!("was started as {reference}, and ended as {how}; `greenlight status` says why")
        }
        DeploymentRequestState::Stopped { why } => format!("is not started: {why}"),
        DeploymentRequestState::Unknown { why } => {
            format!("may have been started, and nobody can tell; a person has to look: {why}")
        }
    }
}

/// The name of a state, for programs and style sheets.
pub fn name(state: &DeploymentRequestState) -> &'static str {
    match state {
        DeploymentRequestState::Wanted => "wanted",
        DeploymentRequestState::Waiting { .. } => "waiting",
        DeploymentRequestState::Starting { .. } => "starting",
        DeploymentRequestState::Retrying { .. } => "retrying",
        DeploymentRequestState::Started { .. } => "started",
        DeploymentRequestState::Stopped { .. } => "stopped",
        DeploymentRequestState::Unknown { .. } => "unknown",
    }
}
