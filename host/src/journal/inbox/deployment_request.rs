//! Deployment requests: the deployments that push events request, and their state.
//!
//! A request has a checksum over the values that decide whether it is started again. A claim verifies the checksum.

use super::push_event::{digest, or_empty};
use super::request_checksum::checksum;
use super::request_state::{Columns, DeploymentRequestState};
use crate::journal::anchor::Table;
use crate::journal::due::Again;
use crate::journal::sql::{Answer, Cells, Session, Value, values};
use crate::journal::{Error, Result};

/// A deployment request that is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeploymentRequest {
    /// The repository, as the registry names it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest of the image, where known. An empty one counts as missing. A tag of a repository has one
    /// deployment request for each digest, and one without.
    pub digest: Option<String>,
    /// The environment that the tag asks for.
    pub environment: String,
    /// The commit that the tag names, in hexadecimal digits.
    pub commit: String,
}

/// A stored deployment request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRequest {
    /// Its number: unique, and larger than those of earlier ones. Numbers may be left out.
    pub id: u64,
    /// The idempotency key of the deployment, which also identifies a pipeline that was started for it: random, unique,
    /// and never changed.
    pub key: String,
    /// The repository, as the registry names it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest of the image, where known.
    pub digest: Option<String>,
    /// The environment that the tag asks for.
    pub environment: String,
    /// The commit that the tag names, in hexadecimal digits.
    pub commit: String,
    /// Its state.
    pub state: DeploymentRequestState,
    /// The last attempt to start it, counted from 1; 0 before the first.
    pub attempts: u32,
    /// When it was created, in milliseconds since 1970 by the clock of the store.
    pub created: u64,
    /// When its state was last written, in milliseconds since 1970 by the clock of the store.
    pub updated: u64,
}

/// A deployment request that the caller has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDeploymentRequest {
    /// The deployment request.
    pub request: DeploymentRequest,
    /// The fence of the claim.
    pub fence: u64,
}

/// Reads the columns of a deployment request, in the order of [`read_row`]. The column `finished` is not used: the
/// journal has the conclusion of a deployment.
const COLUMNS: &str =
    "SELECT id, request, repository, tag, digest, environment, commit_id, created, updated,
         state, why, attempts, again_at, reference, fence, checksum
     FROM starts";

impl NewDeploymentRequest {
    /// The texts that are stored.
    pub(super) fn texts(&self) -> Vec<&str> {
        vec![
            &self.repository,
            &self.tag,
            or_empty(self.digest.as_ref()),
            &self.environment,
            &self.commit,
        ]
    }
}

/// Stores a deployment request unless it exists, and returns its number.
pub(super) fn insert(session: &mut dyn Session, new: &NewDeploymentRequest) -> Answer<i64> {
    let digest = or_empty(new.digest.as_ref());
    let key = format!("{:032x}", fastrand::u128(..));
    let inserted = session.first(
        "INSERT INTO starts (request, repository, tag, digest, environment, commit_id, created, updated)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, :now, :now) ON CONFLICT (repository, tag, digest) DO NOTHING
         RETURNING id",
        values![
            &key,
            &new.repository,
            &new.tag,
            digest,
            &new.environment,
            &new.commit
        ],
    )?;
    if let Some(row) = inserted {
        let id = row.signed(0)?;
        add_checksum(session, id)?;
        Table::Requests.grow(session, 1)?;
        return Ok(id);
    }
    let row = session.one(
        "SELECT id FROM starts WHERE repository = ?1 AND tag = ?2 AND digest = ?3",
        values![&new.repository, &new.tag, digest],
    )?;
    Ok(row.signed(0)?)
}

/// Computes and stores the checksum of a request that was stored without a checksum.
fn add_checksum(session: &mut dyn Session, id: i64) -> Answer<()> {
    for request in read(session, "WHERE id = ?1", values![id])? {
        let columns = Columns::from(&request.state);
        session.execute(
            "UPDATE starts SET checksum = ?2 WHERE id = ?1",
            values![id, checksum(&request, &columns).as_slice()],
        )?;
    }
    Ok(())
}

/// Computes and stores the checksums of the requests that an earlier version stored.
pub(in crate::journal) fn add_checksums(session: &mut dyn Session) -> Answer<()> {
    let rows = session.query("SELECT id FROM starts WHERE checksum IS NULL", values![])?;
    for row in rows {
        add_checksum(session, row.signed(0)?)?;
    }
    Ok(())
}

/// Checks that no request is missing or damaged.
pub(super) fn check(session: &mut dyn Session) -> Answer<()> {
    Table::Requests.check(session)?;
    // Read in pages, because the answer of the database has a limit of size.
    let statement = format!("{COLUMNS} WHERE id > ?1 ORDER BY id LIMIT 1000");
    let mut last: u64 = 0;
    loop {
        let rows = session.query(&statement, values![last])?;
        if rows.is_empty() {
            return Ok(());
        }
        for mut row in rows {
            last = intact(&mut row)?.id;
        }
    }
}

/// Reads deployment requests that have just been claimed.
///
/// The error is [`Error::Corrupt`] if one of them is damaged, or if the table lacks any request: a claimed request may
/// be a second copy of the missing one.
pub(super) fn claimed(
    session: &mut dyn Session,
    ids: &[i64],
) -> Answer<Vec<ClaimedDeploymentRequest>> {
    if !ids.is_empty() {
        Table::Requests.check(session)?;
    }
    let rows = session.query_by_ids(COLUMNS, ids)?;
    let read = |mut row: Cells| {
        Ok(ClaimedDeploymentRequest {
            request: intact(&mut row)?,
            fence: row.number(14)?,
        })
    };
    let claimed: Result<_> = rows.into_iter().map(read).collect();
    Ok(claimed?)
}

/// Stores the state of a deployment request, if the claim is still the caller's.
pub(super) fn write(
    session: &mut dyn Session,
    claimed: &ClaimedDeploymentRequest,
    columns: &Columns,
    again: Again,
    keep: bool,
) -> Answer<bool> {
    let written = session.execute(
        "UPDATE starts SET state = ?3, why = ?4, attempts = coalesce(?5, attempts), again_at = ?6,
             reference = ?7, updated = :now, checksum = ?9,
             boot = :boot, boot_again_at = :elapsed + ?10,
             expires = CASE WHEN ?8 THEN expires ELSE 0 END,
             boot_expires = CASE WHEN ?8 THEN boot_expires ELSE 0 END
         WHERE id = ?1 AND fence = ?2",
        values![
            claimed.request.id,
            claimed.fence,
            &columns.word,
            &columns.why,
            columns.attempt.map(i64::from),
            again.at,
            &columns.reference,
            keep,
            checksum(&claimed.request, columns).as_slice(),
            again.delay,
        ],
    )?;
    Ok(written == 1)
}

/// Moves the end of a claim, and returns whether the caller still held it.
pub(super) fn renew(
    session: &mut dyn Session,
    claimed: &ClaimedDeploymentRequest,
    time_to_live: u64,
) -> Answer<bool> {
    let moved = session.execute(
        "UPDATE starts SET expires = :now + ?3, boot = :boot, boot_expires = :elapsed + ?3
         WHERE id = ?1 AND fence = ?2",
        values![claimed.request.id, claimed.fence, time_to_live],
    )?;
    Ok(moved == 1)
}

/// Reads deployment requests.
pub(super) fn read(
    session: &mut dyn Session,
    which: &str,
    values: &[Value<'_>],
) -> Answer<Vec<DeploymentRequest>> {
    let rows = session.query(&format!("{COLUMNS} {which}"), values)?;
    let read: Result<_> = rows.into_iter().map(|mut row| read_row(&mut row)).collect();
    Ok(read?)
}

/// Reads a request, and verifies its checksum.
fn intact(row: &mut Cells) -> Result<DeploymentRequest> {
    let id = row.number(0)?;
    let damaged = || Error::Corrupt(format!("deployment request {id} of the inbox is damaged"));
    let stored = row.optional_bytes(15)?;
    let request = read_row(row).map_err(|_| damaged())?;
    let computed = checksum(&request, &Columns::from(&request.state));
    if stored.as_deref() == Some(&computed) {
        Ok(request)
    } else {
        Err(damaged())
    }
}

fn read_row(row: &mut Cells) -> Result<DeploymentRequest> {
    let attempts = row.attempts(11)?;
    let columns = Columns {
        word: row.text(9)?,
        why: row.optional_text(10)?,
        attempt: Some(attempts),
        again_at: row.number(12)?,
        reference: row.optional_text(13)?,
    };
    Ok(DeploymentRequest {
        id: row.number(0)?,
        key: row.text(1)?,
        repository: row.text(2)?,
        tag: row.text(3)?,
        digest: digest(row.text(4)?),
        environment: row.text(5)?,
        commit: row.text(6)?,
        state: columns.state()?,
        attempts,
        created: row.number(7)?,
        updated: row.number(8)?,
    })
}
