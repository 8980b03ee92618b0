//! Push events: images that registries report as pushed, and their state.

use super::deployment_request::{self, NewDeploymentRequest};
use super::request_state::unreadable;
use crate::journal::anchor::Table;
use crate::journal::due::Again;
use crate::journal::seal::PUSH_EVENTS;
use crate::journal::sql::{Answer, Cells, Session, values};
use crate::journal::{Error, Result};

/// A webhook, as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it was received, in milliseconds since 1970 by the server's clock.
    pub at: u64,
    /// Its source: the kind of registry, or polling.
    pub source: String,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// The push events in it; may be empty.
    pub push_events: Vec<PushEvent>,
}

/// An image that a registry reports as pushed. It is not verified.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PushEvent {
    /// The repository, as the registry names it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest of the image, if reported. An empty one counts as missing.
    pub digest: Option<String>,
}

/// A push event that the caller has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedPushEvent {
    /// Its number.
    pub id: u64,
    /// The push event.
    pub push_event: PushEvent,
    /// The number of deliveries that reported it.
    pub deliveries: u64,
    /// How often it has been postponed since the last delivery.
    pub attempts: u32,
    /// The fence of the claim.
    pub fence: u64,
}

/// What a push event leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing is deployed.
    Ignored {
        /// The reason.
        why: String,
    },
    /// This deployment is requested, unless it already is.
    Wanted(NewDeploymentRequest),
}

/// A push event and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushEventRow {
    /// Its number.
    pub id: u64,
    /// The push event.
    pub push_event: PushEvent,
    /// The number of deliveries that reported it; 0 if only polling found it.
    pub deliveries: u64,
    /// When it first came in, in milliseconds since 1970.
    pub first: u64,
    /// When it last came in, in milliseconds since 1970.
    pub last: u64,
    /// Its state.
    pub state: PushEventState,
}

/// The state of a push event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushEventState {
    /// It has not been settled since the last delivery.
    Pending {
        /// Why it was postponed, if it was.
        why: Option<String>,
        /// When to process it, in milliseconds since 1970; 0 means at once.
        again_at: u64,
    },
    /// Nothing is deployed.
    Ignored {
        /// The reason.
        why: String,
    },
    /// A deployment was requested.
    Wanted {
        /// The number of the deployment request.
        request: u64,
    },
}

impl PushEvent {
    /// Its identity: repository, tag, and digest, which is empty if missing.
    pub(in crate::journal) fn key(&self) -> (&str, &str, &str) {
        (&self.repository, &self.tag, or_empty(self.digest.as_ref()))
    }

    fn read(row: &mut Cells, first: usize) -> Result<Self> {
        Ok(Self {
            repository: row.text(first)?,
            tag: row.text(first + 1)?,
            digest: digest(row.text(first + 2)?),
        })
    }
}

impl Settled {
    /// The texts that are stored.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Ignored { why } => vec![why],
            Self::Wanted(new) => new.texts(),
        }
    }
}

/// A missing digest is stored as an empty one, so that it takes part in the identity.
pub(in crate::journal) fn or_empty(digest: Option<&String>) -> &str {
    digest.map_or("", String::as_str)
}

/// A digest that was stored.
pub(in crate::journal) fn digest(stored: String) -> Option<String> {
    Some(stored).filter(|digest| !digest.is_empty())
}

/// Reads push events that have just been claimed. The error is [`Error::Corrupt`] if one of them is damaged, or if any
/// push event is missing.
pub(super) fn claimed(session: &mut dyn Session, ids: &[i64]) -> Answer<Vec<ClaimedPushEvent>> {
    if !ids.is_empty() {
        Table::PushEvents.check(session)?;
    }
    let is_intact = PUSH_EVENTS.is_intact();
    let statement = format!(
        "SELECT repository, tag, digest, id, deliveries, attempts, fence, {is_intact} FROM hints"
    );
    let rows = session.query_by_ids(&statement, ids)?;
    let read = |mut row: Cells| {
        if row.number(7)? == 0 {
            return Err(PUSH_EVENTS.damaged(row.number(3)?));
        }
        Ok(ClaimedPushEvent {
            push_event: PushEvent::read(&mut row, 0)?,
            id: row.number(3)?,
            deliveries: row.number(4)?,
            attempts: row.attempts(5)?,
            fence: row.number(6)?,
        })
    };
    let claimed: Result<_> = rows.into_iter().map(read).collect();
    Ok(claimed?)
}

/// Stores what a push event leads to, if the claim is still the caller's.
pub(super) fn settle(
    session: &mut dyn Session,
    claimed: &ClaimedPushEvent,
    settled: &Settled,
) -> Answer<bool> {
    let found = session.first(
        "SELECT deliveries FROM hints WHERE id = ?1 AND fence = ?2 :lock",
        values![claimed.id, claimed.fence],
    )?;
    let Some(row) = found else {
        return Ok(false);
    };
    PUSH_EVENTS.check(session, "id = ?1", values![claimed.id])?;
    let (state, why, request) = match settled {
        Settled::Ignored { why } => ("ignored", Some(why.as_str()), None),
        Settled::Wanted(new) => (
            "wanted",
            None,
            Some(deployment_request::insert(session, new)?),
        ),
    };
    if row.number(0)? == claimed.deliveries {
        session.execute(
            "UPDATE hints SET state = ?2, why = ?3, start = ?4, attempts = 0,
                 again_at = 0, boot_again_at = 0, expires = 0, boot_expires = 0
             WHERE id = ?1",
            values![claimed.id, state, why, request],
        )?;
        PUSH_EVENTS.seal(session, "id = ?1", values![claimed.id])?;
    } else {
        session.execute(
            "UPDATE hints SET expires = 0, boot_expires = 0 WHERE id = ?1",
            values![claimed.id],
        )?;
    }
    Ok(true)
}

/// Releases a push event until later.
pub(super) fn postpone(
    session: &mut dyn Session,
    claimed: &ClaimedPushEvent,
    again: Again,
    why: &str,
) -> Answer<bool> {
    let postponed = session.execute(
        "UPDATE hints SET again_at = ?3, why = ?4, attempts = ?5, expires = 0,
             boot = :boot, boot_again_at = :elapsed + ?6, boot_expires = 0
         WHERE id = ?1 AND fence = ?2 AND state = 'pending'",
        values![
            claimed.id,
            claimed.fence,
            again.at,
            why,
            i64::from(claimed.attempts) + 1,
            again.delay,
        ],
    )?;
    Ok(postponed == 1)
}

/// Lists push events, the last received one first.
pub(super) fn newest(session: &mut dyn Session, limit: i64) -> Answer<Vec<PushEventRow>> {
    let rows = session.query(
        "SELECT repository, tag, digest, id, deliveries, first_at, last_at, state, why, again_at, start
         FROM hints ORDER BY last_at DESC, id DESC LIMIT ?1",
        values![limit],
    )?;
    let read = |mut row: Cells| {
        Ok(PushEventRow {
            push_event: PushEvent::read(&mut row, 0)?,
            id: row.number(3)?,
            deliveries: row.number(4)?,
            first: row.number(5)?,
            last: row.number(6)?,
            state: state(&mut row, 7)?,
        })
    };
    let newest: Result<_> = rows.into_iter().map(read).collect();
    Ok(newest?)
}

/// Reads a state from four columns: its word, the reason, the time and the deployment request.
fn state(row: &mut Cells, first: usize) -> Result<PushEventState> {
    let (word, why) = (row.text(first)?, row.optional_text(first + 1)?);
    let (again_at, request) = (row.number(first + 2)?, row.optional_number(first + 3)?);
    match (word.as_str(), why, request) {
        ("pending", why, _) => Ok(PushEventState::Pending { why, again_at }),
        ("ignored", Some(why), _) => Ok(PushEventState::Ignored { why }),
        ("wanted", _, Some(request)) => Ok(PushEventState::Wanted { request }),
        _ => Err(unreadable(&word)),
    }
}

/// Refuses texts with NUL characters, which one of the databases can't store.
pub(super) fn without_nul<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<()> {
    if texts.into_iter().any(|text| text.contains('\0')) {
        return Err(Error::Wrong(
            "a text for the inbox contains a NUL character".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sql::Cell;

    #[test]
    fn a_state_that_was_never_stored_is_refused() {
        for word in ["", "ignored", "wanted"] {
            let mut row = Cells(vec![
                Cell::Bytes(word.into()),
                Cell::Null,
                Cell::Number(0),
                Cell::Null,
            ]);
            let state = state(&mut row, 0);
            assert!(matches!(state, Err(Error::Wrong(_))), "{word}");
        }
    }
}
