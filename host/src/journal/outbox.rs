//! The outbox: messages to people, which stay in the journal until a channel has taken them.
//!
//! A message is stored before it is sent, and so is the beginning of each attempt. A process that dies during an attempt
//! leaves a message that may have arrived: it is not sent again.

use std::time::Duration;

use super::lease::milliseconds;
use super::sql::{Answer, Cells, Database, Session, at_most, values};
use super::{Error, Result};
use crate::contract::names::{Named as _, names};

/// A message that a deployment hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOutboxMessage {
    /// The deployment that it is about.
    pub deployment: u64,
    /// Its name: a deployment has at most one message of each name.
    pub name: String,
    /// Its contents: one JSON object, which a store does not parse.
    pub body: String,
    /// What becomes of an earlier message of this name.
    pub replaces: Replaces,
}

/// What a message does to an earlier one of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaces {
    /// Nothing: the earlier one stays as it is.
    Never,
    /// It replaces the contents, unless the earlier one may have arrived: it could not be updated.
    Known,
    /// It replaces the contents. If the earlier one may have arrived, this is a second message.
    Always,
}

/// A message in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxMessage {
    /// Its number: larger than those of earlier messages.
    pub id: u64,
    /// The deployment that it is about.
    pub deployment: u64,
    /// Its name.
    pub name: String,
    /// When its contents were handed over, in milliseconds since 1970, by the clock of the store.
    pub at: u64,
    /// Its contents: one JSON object.
    pub body: String,
    /// How often its contents were handed over.
    pub revision: u64,
    /// How far it is.
    pub state: OutboxState,
    /// How many attempts were made with these contents, the current one included.
    pub attempts: u32,
    /// When the next attempt is due, or when the claim of the current one ends, in milliseconds since 1970.
    pub due: u64,
    /// Where the channel keeps it, if it can be updated there.
    pub place: Option<String>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The claim of the process that sends it.
    sender: Option<i64>,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    /// It waits for an attempt.
    Waiting,
    /// A process is sending it.
    Sending,
    /// The channel has taken it.
    Sent,
    /// It may have arrived. It is not sent again, because it could arrive twice.
    Unknown,
    /// It did not arrive in time, and is not sent any more.
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
    /// The channel has taken it.
    Sent {
        /// Where the channel keeps it, if it can be updated there.
        place: Option<String>,
    },
    /// It certainly did not arrive.
    Failed {
        /// Why.
        error: String,
        /// When it is tried again, from now.
        again_in: Duration,
        /// Whether the channel is away: no other message is tried before.
        is_away: bool,
        /// Whether the place of an earlier revision is of no use any more.
        forget_place: bool,
    },
    /// It may have arrived.
    Unknown {
        /// Why nothing more is known.
        error: String,
    },
}

/// How the next message is claimed.
#[derive(Clone, Copy, Debug)]
pub struct OutboxRequest {
    /// The only deployment whose messages count; all of them if absent.
    pub deployment: Option<u64>,
    /// How long an attempt takes at most. A claim that is older belongs to a process that died.
    pub time_to_live: Duration,
    /// How long a message is tried.
    pub give_up_after: Duration,
}

/// Keeps messages to people until a channel has taken them. The errors are those of a [`Store`](super::Store).
pub trait Outbox {
    /// Stores a message. One of the same name is left unchanged, unless this one replaces it.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn hand_over(&mut self, message: &NewOutboxMessage) -> Result<()>;

    /// Claims the next message that is due. The messages of a deployment are sent in the order in which they were
    /// handed over, so one that waits delays those behind it.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn claim_message(&mut self, request: &OutboxRequest) -> Result<Option<OutboxMessage>>;

    /// Stores the result of an attempt. Without effect if the claim has ended.
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

    /// Lists the messages that the channel has not taken, the oldest first: those that wait or are being sent.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn unsent(&mut self, limit: usize) -> Result<Vec<OutboxMessage>>;
}

/// The columns in the order of [`read`].
const COLUMNS: &str = "SELECT id, deployment, name, at, body, revision, state, attempts, due, place, error, sender FROM outbox";

/// Which messages [`claim_message`](Outbox::claim_message) changes before it claims one: an attempt whose process died,
/// and one that is too old.
const ENDED: &str =
    "(state = 'sending' AND due <= :now) OR (state = 'waiting' AND at <= :now - ?1)";

/// The next message that is due: the first of its deployment that is not settled, and the one with the fewest attempts, so
/// that one which is refused again and again does not hold up the others.
const DUE: &str = "WHERE state = 'waiting' AND due <= :now AND (deployment = ?1 OR ?1 = 0)
    AND NOT EXISTS (
        SELECT 1 FROM outbox AS earlier
        WHERE earlier.deployment = outbox.deployment AND earlier.id < outbox.id
            AND earlier.state IN ('waiting', 'sending'))
    ORDER BY attempts, id LIMIT 1";

/// What the journal says about an attempt whose process died.
const DIED: &str = "the process that sent it ended before the answer";

impl<D: Database> Outbox for D {
    fn hand_over(&mut self, message: &NewOutboxMessage) -> Result<()> {
        // A call that is repeated after a lost connection hands over the same contents.
        // A message that waits keeps its delay: its channel is away.
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
             ON CONFLICT (deployment, name) DO {conflict}"
        );
        self.change_one(|session| {
            let values = values![message.deployment, &message.name, &message.body];
            session.execute(&statement, values)?;
            Ok(())
        })
    }

    fn claim_message(&mut self, request: &OutboxRequest) -> Result<Option<OutboxMessage>> {
        // Searched without a write lock first: most calls find nothing.
        if !self.read(|session| has_due(session, request))? {
            return Ok(None);
        }
        // It identifies what this call claimed before it lost its connection.
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
            session.execute(
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

/// Whether something is to be claimed or ended.
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

fn claim(
    session: &mut dyn Session,
    request: &OutboxRequest,
    sender: i64,
) -> Answer<Option<OutboxMessage>> {
    let own = format!("{COLUMNS} WHERE sender = ?1");
    if let Some(row) = session.first(&own, values![sender])? {
        return Ok(Some(read(row)?));
    }
    // An update that is sent twice changes nothing, and newer contents have not been sent: both wait for an attempt.
    session.execute(
        &format!(
            "UPDATE outbox SET sender = NULL, due = :now,
                 error = CASE WHEN state = 'sending' THEN ?2 ELSE error END,
                 state = CASE WHEN state = 'waiting' THEN 'given-up'
                              WHEN place IS NOT NULL OR revision > claimed THEN 'waiting'
                              ELSE 'unknown' END
             WHERE {ENDED}"
        ),
        values![milliseconds(request.give_up_after), DIED],
    )?;
    let only = request.deployment.unwrap_or_default();
    let due = format!("SELECT id FROM outbox {DUE} :lock");
    let Some(found) = session.first(&due, values![only])? else {
        return Ok(None);
    };
    session.execute(
        "UPDATE outbox SET state = 'sending', sender = ?2, claimed = revision, attempts = attempts + 1,
             due = :now + ?3
         WHERE id = ?1",
        values![found.number(0)?, sender, milliseconds(request.time_to_live)],
    )?;
    let row = session.one(&own, values![sender])?;
    Ok(Some(read(row)?))
}

fn rows(rows: Vec<Cells>) -> Answer<Vec<OutboxMessage>> {
    let messages: Result<_> = rows.into_iter().map(read).collect();
    Ok(messages?)
}

fn read(mut row: Cells) -> Result<OutboxMessage> {
    let state = row.text(6)?;
    let state = OutboxState::from_name(&state)
        .ok_or_else(|| Error::Wrong(format!("a message has the unknown state `{state}`")))?;
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
