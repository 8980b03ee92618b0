//! The outbox: messages to people, which stay in the journal until a channel has accepted them.
//!
//! The outbox stores a message before a process sends it, and records the beginning of each attempt. If the process
//! dies during an attempt, the message may have arrived, so no process sends it again.

use std::time::Duration;

use super::anchor::Table;
use super::lease::milliseconds;
use super::seal::OUTBOX;
use super::sql::{Answer, Cells, Database, Session, at_most, values};
use super::{Error, Result};
use crate::contract::names::{Named as _, names};

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
    sender: Option<i64>,
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

/// The columns in the order of [`read`].
const COLUMNS: &str = "SELECT id, deployment, name, at, body, revision, state, attempts, due, place, error, sender FROM outbox";

/// Selects the messages whose state [`claim_message`](Outbox::claim_message) changes before it claims a message: those
/// whose sending process died, and those that have waited too long.
const ENDED: &str =
    "(state = 'sending' AND due <= :now) OR (state = 'waiting' AND at <= :now - ?1)";

/// Selects the next message that is due. Only the first unsent message of each deployment can be due. Of these
/// messages, the one with the fewest attempts comes first, so a message that Slack refuses repeatedly does not delay
/// the others. No delay is longer than a day. If a delay is longer, the clock was set back, and the message is due.
const DUE: &str = "WHERE state = 'waiting' AND (due <= :now OR due > :now + 86400000)
    AND (deployment = ?1 OR ?1 = 0)
    AND NOT EXISTS (
        SELECT 1 FROM outbox AS earlier
        WHERE earlier.deployment = outbox.deployment AND earlier.id < outbox.id
            AND earlier.state IN ('waiting', 'sending'))
    ORDER BY attempts, id LIMIT 1";

/// Selects a message by its number.
const OF_ID: &str = "id = ?1";

/// The error of an attempt whose process died.
const DIED: &str = "the process that sent it ended before the answer";

impl<D: Database> Outbox for D {
    fn hand_over(&mut self, message: &NewOutboxMessage) -> Result<()> {
        // A call that is repeated after a lost connection stores the same contents.
        // A waiting message keeps its delay, because its channel is unreachable.
        const REPLACE: &str = "UPDATE SET at = excluded.at, body = excluded.body, revision = outbox.revision + 1,
                 attempts = CASE WHEN outbox.state = 'waiting' THEN outbox.attempts ELSE 0 END,
                 due = CASE WHEN outbox.state IN ('waiting', 'sending') THEN outbox.due ELSE excluded.due END,
                 state = CASE WHEN outbox.state = 'sending' THEN 'sending' ELSE 'waiting' END
             WHERE outbox.body <> excluded.body";
        let conflict = match message.replaces {
            Replaces::Never => "NOTHING".to_owned(),
            Replaces::Known => format!("{REPLACE} AND outbox.state <> 'unknown'"),
            Replaces::Always => REPLACE.to_owned(),
        };
        let statement = format!(
            "INSERT INTO outbox (deployment, name, at, body, revision, state, attempts, due)
             VALUES (?1, ?2, :now, ?3, 1, 'waiting', 0, :now)
             ON CONFLICT (deployment, name) DO {conflict} RETURNING revision"
        );
        self.change(|session| {
            const OF_NAME: &str = "deployment = ?1 AND name = ?2";
            let key = values![message.deployment, &message.name];
            // The message may have been sent before if its row is missing or damaged.
            Table::Outbox.check(session)?;
            OUTBOX.check(session, OF_NAME, key)?;
            let values = values![message.deployment, &message.name, &message.body];
            let Some(row) = session.first(&statement, values)? else {
                return Ok(());
            };
            OUTBOX.seal(session, OF_NAME, key)?;
            let is_new = row.number(0)? == 1;
            if is_new {
                // The message may have been sent before, and be stored under a damaged name.
                OUTBOX.check_all(session)?;
            }
            Table::Outbox.grow(session, u64::from(is_new))
        })
    }

    fn claim_message(&mut self, request: &OutboxRequest) -> Result<Option<OutboxMessage>> {
        // The first search takes no write lock, because most calls find no message.
        if !self.read(|session| has_due(session, request))? {
            return Ok(None);
        }
        // The number identifies the message that this call claimed before it lost its connection.
        let sender = fastrand::i64(..);
        self.change(|session| claim(session, request, sender))
    }

    fn attempted(&mut self, claimed: &OutboxMessage, result: &Attempted) -> Result<()> {
        let (state, again_in, place, error) = match result {
            Attempted::Sent { place } => (OutboxState::Sent, 0, place.as_deref(), None),
            Attempted::Failed {
                error,
                again_in,
                forget_place,
                ..
            } => {
                let place = claimed.place.as_deref().filter(|_| !forget_place);
                let again_in = milliseconds(*again_in);
                (OutboxState::Waiting, again_in, place, Some(error.as_str()))
            }
            Attempted::Unknown { error } => {
                let place = claimed.place.as_deref();
                (OutboxState::Unknown, 0, place, Some(error.as_str()))
            }
        };
        self.change(|session| {
            if matches!(result, Attempted::Failed { is_away: true, .. }) {
                session.execute(
                    "UPDATE outbox SET due = :now + ?1 WHERE state = 'waiting' AND due < :now + ?1",
                    values![again_in],
                )?;
            }
            let own = values![claimed.id, claimed.sender];
            OUTBOX.check(session, "id = ?1 AND sender = ?2", own)?;
            let written = session.execute(
                "UPDATE outbox SET sender = NULL, place = ?4, error = ?5, due = :now + ?6,
                     state = CASE WHEN revision = ?7 THEN ?3 ELSE 'waiting' END
                 WHERE id = ?1 AND sender = ?2 AND state = 'sending'",
                values![
                    claimed.id,
                    claimed.sender,
                    state.name(),
                    place,
                    error,
                    again_in,
                    claimed.revision
                ],
            )?;
            if written > 0 {
                OUTBOX.seal(session, OF_ID, values![claimed.id])?;
            }
            Ok(())
        })
    }

    fn outbox_of(&mut self, deployment: u64) -> Result<Vec<OutboxMessage>> {
        self.read(|session| {
            let statement = format!("{COLUMNS} WHERE deployment = ?1 ORDER BY id");
            rows(session.query(&statement, values![deployment])?)
        })
    }

    fn unsent(&mut self, limit: usize) -> Result<Vec<OutboxMessage>> {
        let limit = at_most(limit);
        self.read(|session| {
            let statement =
                format!("{COLUMNS} WHERE state IN ('waiting', 'sending') ORDER BY id LIMIT ?1");
            rows(session.query(&statement, values![limit])?)
        })
    }
}

/// Whether a message is due, or the state of a message must change.
fn has_due(session: &mut dyn Session, request: &OutboxRequest) -> Answer<bool> {
    let ended = format!("SELECT id FROM outbox WHERE {ENDED} LIMIT 1");
    let give_up_after = milliseconds(request.give_up_after);
    if session.first(&ended, values![give_up_after])?.is_some() {
        return Ok(true);
    }
    let due = format!("SELECT id FROM outbox {DUE}");
    let only = request.deployment.unwrap_or_default();
    Ok(session.first(&due, values![only])?.is_some())
}

/// Ends an attempt whose process died, or gives up a message that waited too long.
fn end(session: &mut dyn Session, id: u64) -> Answer<()> {
    OUTBOX.check(session, OF_ID, values![id])?;
    // A second copy of an update has no effect, and newer contents have not been sent. Both wait for another attempt.
    session.execute(
        "UPDATE outbox SET sender = NULL, due = :now,
             error = CASE WHEN state = 'sending' THEN ?2 ELSE error END,
             state = CASE WHEN state = 'waiting' THEN 'given-up'
                          WHEN place IS NOT NULL OR revision > claimed THEN 'waiting'
                          ELSE 'unknown' END
         WHERE id = ?1",
        values![id, DIED],
    )?;
    OUTBOX.seal(session, OF_ID, values![id])
}

fn claim(
    session: &mut dyn Session,
    request: &OutboxRequest,
    sender: i64,
) -> Answer<Option<OutboxMessage>> {
    let own = format!("{COLUMNS} WHERE sender = ?1");
    if let Some(row) = session.first(&own, values![sender])? {
        return Ok(Some(read(row)?));
    }
    Table::Outbox.check(session)?;
    let ended = format!("SELECT id FROM outbox WHERE {ENDED} ORDER BY id :lock");
    for row in session.query(&ended, values![milliseconds(request.give_up_after)])? {
        end(session, row.number(0)?)?;
    }
    let only = request.deployment.unwrap_or_default();
    let due = format!("SELECT id FROM outbox {DUE} :lock");
    let Some(found) = session.first(&due, values![only])? else {
        return Ok(None);
    };
    let id = found.number(0)?;
    OUTBOX.check(session, OF_ID, values![id])?;
    session.execute(
        "UPDATE outbox SET state = 'sending', sender = ?2, claimed = revision, attempts = attempts + 1,
             due = :now + ?3
         WHERE id = ?1",
        values![id, sender, milliseconds(request.time_to_live)],
    )?;
    OUTBOX.seal(session, OF_ID, values![id])?;
    let row = session.one(&own, values![sender])?;
    Ok(Some(read(row)?))
}

fn rows(rows: Vec<Cells>) -> Answer<Vec<OutboxMessage>> {
    let messages: Result<_> = rows.into_iter().map(read).collect();
    Ok(messages?)
}

fn read(mut row: Cells) -> Result<OutboxMessage> {
    let state = row.text(6)?;
    let state = OutboxState::from_name(&state).ok_or_else(|| {
        Error::Corrupt(format!("an outbox message has the unknown state `{state}`"))
    })?;
    let sender = row.optional_number(11)?;
    Ok(OutboxMessage {
        id: row.number(0)?,
        deployment: row.number(1)?,
        name: row.text(2)?,
        at: row.number(3)?,
        body: row.text(4)?,
        revision: row.number(5)?,
        state,
        attempts: row.attempts(7)?,
        due: row.number(8)?,
        place: row.optional_text(9)?,
        error: row.optional_text(10)?,
        sender: sender.map(u64::cast_signed),
    })
}
