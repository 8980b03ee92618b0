//! Messages to the process that drives a deployment: what another process, or a person through it, asks of it.

use super::Result;
use super::anchor::Table;
use super::seal::MESSAGES;
use super::sql::{Answer, Cells, Session, values};

/// A message to the driver of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its number: larger than those of earlier messages.
    pub id: u64,
    /// When it was sent, in milliseconds since 1970.
    pub at: u64,
    /// Its contents: one JSON object, which a store does not parse.
    pub body: String,
}

/// Stores a message, once for each token.
pub(super) fn send(
    session: &mut dyn Session,
    deployment: u64,
    at: u64,
    body: &str,
    token: i64,
) -> Answer<()> {
    let new = session.execute(
        "INSERT INTO messages (deployment, at, body, token) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (token) DO NOTHING",
        values![deployment, at, body, token],
    )?;
    if new > 0 {
        MESSAGES.seal(session, "token = ?1", values![token])?;
    }
    Table::Messages.grow(session, new)
}

/// Lists the messages of a deployment behind the one with this id.
pub(super) fn behind(
    session: &mut dyn Session,
    deployment: u64,
    behind: u64,
) -> Answer<Vec<Message>> {
    // A message that is missing or damaged may have canceled the deployment.
    MESSAGES.check_all(session)?;
    let rows = session.query(
        "SELECT id, at, body FROM messages WHERE deployment = ?1 AND id > ?2 ORDER BY id",
        values![deployment, behind],
    )?;
    let read = |mut row: Cells| {
        Ok(Message {
            id: row.number(0)?,
            at: row.number(1)?,
            body: row.text(2)?,
        })
    };
    let messages: Result<_> = rows.into_iter().map(read).collect();
    Ok(messages?)
}
