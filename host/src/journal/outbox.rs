//! The outbox: messages to people, which stay in the journal until a channel has accepted them.
//!
//! The outbox stores a message before a process sends it, and records the beginning of each attempt. If the process
//! dies during an attempt, the message may have arrived, so no process sends it again.

use std::time::Duration;

use super::Result;
use crate::contract::names::names;

/// A message that a deployment stores in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutboxMessage {
    /// The number of the deployment that the message is about.
    pub deployment: u64,
    /// The name of the message. A deployment has at most one message with each name.
    pub name: String,
    /// The contents: one JSON object, which a store does not parse.
    pub body: String,
    /// Whether the message replaces an earlier message with this name.
    pub replaces: Replaces,
}

/// Whether a message replaces an earlier message with the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// The earlier message stays unchanged.
    Never,
    /// The new contents replace the earlier ones, unless the outcome of the earlier message is unknown. Such a message
    /// can't be updated.
    Known,
    /// The new contents replace the earlier ones. If the outcome of the earlier message is unknown, the channel may get
    /// a second message.
    Always,
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxMessage {
    /// The number of the message, which is larger than the numbers of earlier messages.
    pub id: u64,
    /// The number of the deployment that the message is about.
    pub deployment: u64,
    /// The name of the message.
    pub name: String,
    /// When the contents were stored, in milliseconds since 1970, by the clock of the store.
    pub at: u64,
    /// The contents: one JSON object.
    pub body: String,
    /// How many times contents were stored under this name.
    pub revision: u64,
    /// The state of the message.
    pub state: OutboxState,
    /// How many attempts were made with these contents, including the current attempt.
    pub attempts: u32,
    /// When the next attempt is due, or when the claim of the current attempt ends, in milliseconds since 1970.
    pub due: u64,
    /// The channel's identifier of the message, if the message can be updated.
    pub place: Option<String>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The claim of the process that sends the message.
    pub(super) sender: Option<i64>,
}

/// The state of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// The message waits for an attempt.
    Waiting,
    /// A process is sending the message.
    Sending,
    /// The channel has accepted the message.
    Sent,
    /// The message may have arrived. No process sends it again, because it could arrive twice.
    Unknown,
    /// The message did not arrive in time. No process sends it again.
    GivenUp,
}

names! {
    OutboxState {
        Waiting = "waiting",
        Sending = "sending",
        Sent = "sent",
        Unknown = "unknown",
        GivenUp = "given-up",
    }
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The channel has accepted the message.
    Sent {
        /// The channel's identifier of the message, if the message can be updated.
        place: Option<String>,
    },
    /// The message certainly did not arrive.
    Failed {
        /// Why the attempt failed.
        error: String,
        /// The delay until the next attempt.
        again_in: Duration,
        /// Whether the channel is unreachable. Then no other message is tried before the delay has passed.
        is_away: bool,
        /// Whether the message that the channel has can no longer be updated.
        forget_place: bool,
    },
    /// The message may have arrived.
    Unknown {
        /// Why the outcome is unknown.
        error: String,
    },
}

/// A request to claim the next message.
#[derive(Clone, Copy, Debug)]
pub struct OutboxRequest {
    /// The deployment whose messages are claimed; any deployment if absent.
    pub deployment: Option<u64>,
    /// The maximum duration of an attempt. An older claim belongs to a process that died.
    pub time_to_live: Duration,
    /// How long attempts to send a message are repeated.
    pub give_up_after: Duration,
}

/// Keeps messages to people until a channel has accepted them. The errors are those of a [`Store`](super::Store).
pub trait Outbox {
    /// Stores a message. [`Replaces`] says whether an earlier message with the same name changes.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn hand_over(&mut self, message: &NewOutboxMessage) -> Result<()>;

    /// Claims the next message that is due. The messages of a deployment are sent in the order in which they were
    /// stored, so a waiting message delays the later ones.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn claim_message(&mut self, request: &OutboxRequest) -> Result<Option<OutboxMessage>>;

    /// Stores the result of an attempt. The call has no effect if the claim has ended.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn attempted(&mut self, claimed: &OutboxMessage, result: &Attempted) -> Result<()>;

    /// Lists the messages about a deployment, the oldest first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn outbox_of(&mut self, deployment: u64) -> Result<Vec<OutboxMessage>>;

    /// Lists the messages that the channel has not accepted, the oldest first: those that wait or are being sent.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn unsent(&mut self, limit: usize) -> Result<Vec<OutboxMessage>>;
}
