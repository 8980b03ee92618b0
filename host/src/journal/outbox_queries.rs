//! The outbox in either database, and which message is sent next.

use super::anchor::Table;
use super::lease::milliseconds;
use super::seal::OUTBOX;
use super::sql::{Answer, Cells, Database, Session, at_most, values};
use super::{
    Attempted, Error, NewOutboxMessage, Outbox, OutboxMessage, OutboxRequest, OutboxState,
    Replaces, Result, due,
};
use crate::contract::names::Named as _;

/// The columns in the order of [`read`]. The time of the next attempt is shown by the current system clock.
const COLUMNS: &str = "SELECT id, deployment, name, at, body, revision, state, attempts,
        CASE WHEN boot = :boot THEN :now + (boot_due - :elapsed) ELSE due END, place, error, sender
    FROM outbox";

/// Selects the messages whose state [`claim_message`](Outbox::claim_message) changes before it claims a message: those
/// whose sending process died, and those that have waited too long.
fn ended() -> String {
    let claim_has_ended = due::has_passed("due");
    format!(
        "(state = 'sending' AND {claim_has_ended}) OR (state = 'waiting'
            AND (CASE WHEN boot = :boot THEN boot_at <= :elapsed - ?1 ELSE at <= :now - ?1 END))"
    )
}

/// Selects the next message that is due. Only the first unsent message of each deployment can be due. Of these
/// messages, the one with the fewest attempts comes first, so a message that Slack refuses repeatedly does not delay
/// the others. No delay is longer than a day. If a delay is longer, the clock was set back, and the message is due.
fn next_due() -> String {
    let is_due = due::has_passed_or("due", "due > :now + 86400000");
    format!(
        "SELECT id FROM outbox WHERE state = 'waiting' AND {is_due}
            AND (deployment = ?1 OR ?1 = 0)
            AND NOT EXISTS (
                SELECT 1 FROM outbox AS earlier
                WHERE earlier.deployment = outbox.deployment AND earlier.id < outbox.id
                    AND earlier.state IN ('waiting', 'sending'))
         ORDER BY attempts, id LIMIT 1"
    )
}

/// Assigns the current boot to a message. A message of an earlier boot keeps its age by the system clock.
const THIS_BOOT: &str = "boot = :boot,
    boot_at = CASE WHEN boot = :boot THEN boot_at ELSE :elapsed - (:now - at) END";

/// Selects a message by its number.
const OF_ID: &str = "id = ?1";

/// The error of an attempt whose process died.
const DIED: &str = "the process that sent it ended before the answer";

impl<D: Database> Outbox for D {
    fn hand_over(&mut self, message: &NewOutboxMessage) -> Result<()> {
        // A call that is repeated after a lost connection stores the same contents.
        // A waiting message keeps its delay, because its channel is unreachable.
        // Its delay is moved to the current boot.
        const REPLACE: &str = "UPDATE SET at = excluded.at, body = excluded.body, revision = outbox.revision + 1,
                 boot = excluded.boot, boot_at = excluded.boot_at,
                 boot_due = CASE WHEN outbox.state NOT IN ('waiting', 'sending') THEN excluded.boot_due
                     WHEN outbox.boot = excluded.boot THEN outbox.boot_due
                     ELSE excluded.boot_due + (outbox.due - excluded.due) END,
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
            "INSERT INTO outbox (deployment, name, at, body, revision, state, attempts, due, boot, boot_at, boot_due)
             VALUES (?1, ?2, :now, ?3, 1, 'waiting', 0, :now, :boot, :elapsed, :elapsed)
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
                    &format!(
                        "UPDATE outbox SET due = :now + ?1, boot_due = :elapsed + ?1, {THIS_BOOT}
                         WHERE state = 'waiting' AND
                             (CASE WHEN boot = :boot THEN boot_due < :elapsed + ?1 ELSE due < :now + ?1 END)"
                    ),
                    values![again_in],
                )?;
            }
            let own = values![claimed.id, claimed.sender];
            OUTBOX.check(session, "id = ?1 AND sender = ?2", own)?;
            let written = session.execute(
                &format!(
                    "UPDATE outbox SET sender = NULL, place = ?4, error = ?5,
                         due = :now + ?6, boot_due = :elapsed + ?6, {THIS_BOOT},
                         state = CASE WHEN revision = ?7 THEN ?3 ELSE 'waiting' END
                     WHERE id = ?1 AND sender = ?2 AND state = 'sending'"
                ),
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
    let ended = format!("SELECT id FROM outbox WHERE {} LIMIT 1", ended());
    let give_up_after = milliseconds(request.give_up_after);
    if session.first(&ended, values![give_up_after])?.is_some() {
        return Ok(true);
    }
    let only = request.deployment.unwrap_or_default();
    Ok(session.first(&next_due(), values![only])?.is_some())
}

/// Ends an attempt whose process died, or gives up a message that waited too long.
fn end(session: &mut dyn Session, id: u64) -> Answer<()> {
    OUTBOX.check(session, OF_ID, values![id])?;
    // A second copy of an update has no effect, and newer contents have not been sent. Both wait for another attempt.
    session.execute(
        &format!(
            "UPDATE outbox SET sender = NULL, due = :now, boot_due = :elapsed, {THIS_BOOT},
                 error = CASE WHEN state = 'sending' THEN ?2 ELSE error END,
                 state = CASE WHEN state = 'waiting' THEN 'given-up'
                              WHEN place IS NOT NULL OR revision > claimed THEN 'waiting'
                              ELSE 'unknown' END
             WHERE id = ?1"
        ),
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
    let ended = format!("SELECT id FROM outbox WHERE {} ORDER BY id :lock", ended());
    for row in session.query(&ended, values![milliseconds(request.give_up_after)])? {
        end(session, row.number(0)?)?;
    }
    let only = request.deployment.unwrap_or_default();
    let Some(found) = session.first(&format!("{} :lock", next_due()), values![only])? else {
        return Ok(None);
    };
    let id = found.number(0)?;
    OUTBOX.check(session, OF_ID, values![id])?;
    session.execute(
        &format!(
            "UPDATE outbox SET state = 'sending', sender = ?2, claimed = revision, attempts = attempts + 1,
                 due = :now + ?3, boot_due = :elapsed + ?3, {THIS_BOOT}
             WHERE id = ?1"
        ),
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
        // The clock may have been set to a time shortly after 1970.
        due: row.signed(8)?.max(0).cast_unsigned(),
        place: row.optional_text(9)?,
        error: row.optional_text(10)?,
        sender: sender.map(u64::cast_signed),
    })
}
