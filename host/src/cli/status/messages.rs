//! The Slack messages that have not been sent, or of which it is unknown whether they were sent.

use std::fmt::Write as _;

use serde::Serialize;

use crate::contract::fields::ByName;
use crate::deployment::LISTED;
use crate::journal::{OutboxMessage, OutboxState, Result, Store};
use crate::text::escape::escape;
use crate::text::time;

/// A message to Slack that has not been sent, or of which it is unknown whether it was sent.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct UndeliveredDocument {
    /// The number of the deployment that the message reports on.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: u64,
    /// The key of the notification; `deployment` for the message that is updated until the deployment ends.
    name: String,
    /// The state of delivery. A message in the state `unknown` may have arrived, and is not sent again.
    state: ByName<OutboxState>,
    /// How many attempts to send the message were made.
    attempts: u32,
    /// When the next attempt is due, in milliseconds since 1970; null if no attempt is planned.
    due: Option<u64>,
    /// Why the last attempt failed; null if no attempt has failed.
    error: Option<String>,
}

/// Lists the messages of these deployments that are not known to be sent, the oldest first. Unless `is_one` is set, the
/// list also has the messages of other deployments that are not sent yet.
pub(super) fn not_arrived(
    store: &mut dyn Store,
    deployments: &[u64],
    is_one: bool,
) -> Result<Vec<UndeliveredDocument>> {
    let mut messages = Vec::new();
    if !is_one {
        messages = store.unsent(LISTED)?;
    }
    for number in deployments {
        let more = store.outbox_of(*number)?.into_iter();
        messages.extend(more.filter(|it| it.state != OutboxState::Sent));
    }
    messages.sort_by_key(|it| it.id);
    messages.dedup_by_key(|it| it.id);
    Ok(messages.into_iter().map(UndeliveredDocument::of).collect())
}

impl UndeliveredDocument {
    fn of(message: OutboxMessage) -> Self {
        let is_waiting = message.state == OutboxState::Waiting;
        Self {
            deployment: message.deployment,
            name: message.name,
            state: ByName(message.state),
            attempts: message.attempts,
            due: is_waiting.then_some(message.due),
            error: message.error,
        }
    }
}

/// One line for each message.
pub(super) fn text(messages: &[UndeliveredDocument]) -> String {
    let mut text = String::new();
    for message in messages {
        let state = match message.state.0 {
            OutboxState::Waiting => "not sent yet",
            OutboxState::Sending => "being sent",
            OutboxState::Sent => "sent",
            OutboxState::Unknown => "may have arrived and is not sent again",
            OutboxState::GivenUp => "given up",
        };
        // Writing into a string can't fail.
        let _ = write!(
            text,
            "message to Slack {state}: `{}` of deployment {}",
            escape(&message.name),
            message.deployment
        );
        if let Some(error) = &message.error {
            let _ = write!(text, ": {}", escape(error));
        }
        if let Some(due) = message.due {
            let _ = write!(text, "; next attempt {}", time::instant(due));
        }
        text.push('\n');
    }
    text
}
