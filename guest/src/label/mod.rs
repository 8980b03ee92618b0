//! Reads the labels of a commit message.
//!
//! The grammar is strict, so that every reader of a message comes to the same answer: exactly
//! `[load test: abort]`, `[load test: skip]` or `[load test: warn]`, anywhere. Whatever comes close is
//! reported with its corrected text, and changes nothing. Time and findings are bounded by the length
//! of the message, whatever it holds.

mod grammar;
mod inherited;
mod near_miss;
#[cfg(test)]
mod tests;

use crate::bindings::labels::{Labels, Message};
use crate::bindings::types::{Evidence, LoadTestAction, Reason};

use grammar::Label;

/// Says which action a message asks for, where, and what a person should know about its labels.
///
/// # Errors
///
/// Refuses a truncated message whose missing end could change the answer.
pub fn parse(message: &Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
    let text = message.text.as_str();
    let labels = grammar::labels(text);
    let decisive = grammar::decisive(&labels);
    if let Some(reason) = refusal(message.truncated, decisive) {
        return Err(vec![reason]);
    }
    let mut diagnostics = near_miss::near_misses(text, &labels, message.truncated);
    if let Some(decisive) = decisive {
        diagnostics.extend(inherited::inherited(text, &labels));
        diagnostics.extend(grammar::several(&labels, decisive));
    }
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| (span.start, span.end)));
    Ok(Labels {
        action: decisive.map_or(default, |label| label.action),
        source: decisive.map(Label::span),
        diagnostics,
    })
}

/// Refuses a truncated message, but for one that already asks for abort: no label overrides that.
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
