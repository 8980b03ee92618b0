//! Reads the labels of a commit message.
//!
//! The grammar is strict, so that every reader of a message gets the same answer: exactly
//! `[load test: abort]`, `[load test: skip]` or `[load test: warn]`, anywhere in the message. A near miss is
//! reported with its correction and changes nothing. Time is linear in the length of the message, and the
//! number of diagnostics is bounded.

mod grammar;
mod hidden;
mod inherited;
mod near_miss;
#[cfg(test)]
mod tests;

use crate::bindings::labels::{Labels, Message};
use crate::bindings::types::{Attribute, Evidence, LoadTestAction, Reason};

use grammar::Label;

/// Reads the action that a message asks for, the place of its label, and diagnostics about its labels.
///
/// # Errors
///
/// One reason, if the message is truncated and its missing end could change the action.
pub fn parse(message: &Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
    let text = message.text.as_str();
    let labels = grammar::labels(text);
    let decisive = grammar::decisive(&labels);
    if let Some(reason) = refusal(message.truncated, decisive) {
        return Err(vec![reason]);
    }
    let mut diagnostics = near_miss::near_misses(text, &labels, message.truncated);
    if let Some(decisive) = decisive {
        diagnostics.extend(hidden::hidden(text, &labels));
        diagnostics.extend(inherited::inherited(text, &labels));
        diagnostics.extend(grammar::several(&labels, decisive));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| (span.start, span.end)));
    Ok(Labels {
        action: decisive.map_or(default, |label| label.action),
        source: decisive.map(Label::span),
        diagnostics,
        extra: rollback(text),
    })
}

/// The attribute `rollback`, if the message has `[rollback: never]` anywhere. The label is exact, like the others.
fn rollback(text: &str) -> Vec<Attribute> {
    if !text.contains("[rollback: never]") {
        return Vec::new();
    }
    vec![Attribute {
        name: "rollback".to_owned(),
        value: "\"never\"".to_owned(),
    }]
}

/// Refuses a truncated message, unless it already asks for abort, which no label overrides.
fn refusal(truncated: bool, decisive: Option<&Label>) -> Option<Reason> {
    let settled = decisive.is_some_and(|label| label.action == LoadTestAction::Abort);
    (truncated && !settled).then(|| Reason {
        code: "message-truncated".into(),
        message:
            "the end of the commit message is missing, and a label there could change the action"
                .into(),
        evidence: decisive
            .map(|label| Evidence::Label(label.span()))
            .into_iter()
            .collect(),
        help: Some("read the whole message from git with `--rev`".into()),
    })
}
