//! How far things are, in sentences.

use crate::contract::types::Reason;
use crate::journal::inbox::StartState;
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
pub fn state(state: &StartState) -> String {
    match state {
        StartState::Wanted => "is about to be looked at".to_owned(),
        StartState::Waiting { why, .. } => format!("waits: {why}"),
        StartState::Starting { why: None, .. } => "is being started".to_owned(),
        StartState::Starting { why: Some(why), .. } => {
            format!("may have been started, which is being found out: {why}")
        }
        StartState::Retrying { why, again_at } => {
            format!("is tried again at {}: {why}", time::clock(*again_at))
        }
        StartState::Started {
            reference,
            finished: None,
        } => format!("was started: {reference}"),
        StartState::Started {
            reference,
            finished: Some(how),
        } => {
            format!("was started as {reference}, and ended as {how}; `greenlight status` says why")
        }
        StartState::Stopped { why } => format!("is not started: {why}"),
        StartState::Unknown { why } => {
            format!("may have been started, and nobody can tell; a person has to look: {why}")
        }
    }
}

/// The name of a state, for programs and style sheets.
pub fn name(state: &StartState) -> &'static str {
    match state {
        StartState::Wanted => "wanted",
        StartState::Waiting { .. } => "waiting",
        StartState::Starting { .. } => "starting",
        StartState::Retrying { .. } => "retrying",
        StartState::Started { .. } => "started",
        StartState::Stopped { .. } => "stopped",
        StartState::Unknown { .. } => "unknown",
    }
}
