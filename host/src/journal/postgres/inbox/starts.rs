//! Starts.

use ::postgres::types::ToSql;
use ::postgres::{Client, GenericClient, Row, Transaction};

use crate::journal::Result as Stored;
use crate::journal::inbox::stored::{self, Columns, or_empty};
use crate::journal::inbox::{ClaimedStart, NewStart, Start, StartState};
use crate::journal::postgres::fault::Fault;
use crate::journal::postgres::lease::NOW;

/// What is read of a start, in the order of [`start`].
const STARTS: &str =
    "SELECT id, request, repository, tag, digest, environment, commit_id, created, updated,
         state, why, attempts, again_at, reference, finished, fence
     FROM greenlight.starts";

/// Makes a start if there is none, and returns its number.
pub fn want(transaction: &mut Transaction, new: &NewStart) -> Result<i64, Fault> {
    let digest = or_empty(new.digest.as_ref());
    transaction.execute(
        &format!(
            "INSERT INTO greenlight.starts
                 (request, repository, tag, digest, environment, commit_id, created, updated)
             VALUES ($1, $2, $3, $4, $5, $6, {NOW}, {NOW})
             ON CONFLICT (repository, tag, digest) DO NOTHING"
        ),
        &[
            &stored::request(),
            &new.repository,
            &new.tag,
            &digest,
            &new.environment,
            &new.commit,
        ],
    )?;
    let row = transaction.query_one(
        "SELECT id FROM greenlight.starts WHERE repository = $1 AND tag = $2 AND digest = $3",
        &[&new.repository, &new.tag, &digest],
    )?;
    Ok(row.get(0))
}

/// Reads starts that have just been claimed, in the order of their numbers given.
pub fn claimed(transaction: &mut Transaction, ids: &[i64]) -> Result<Vec<ClaimedStart>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = transaction.query(
        &format!("{STARTS} WHERE id = ANY ($1) ORDER BY array_position($1, id)"),
        &[&ids],
    )?;
    let read = |row: &Row| {
        Ok(ClaimedStart {
            start: start(row)?,
            fence: row.get::<_, i64>(15).cast_unsigned(),
        })
    };
    rows.iter().map(read).collect()
}

/// Stores how far a start is, if the claim is still the caller's.
pub fn write(
    client: &mut Client,
    claimed: &ClaimedStart,
    state: &StartState,
    keep: bool,
) -> Result<bool, Fault> {
    let columns = Columns::from(state);
    let written = client.execute(
        &format!(
            "UPDATE greenlight.starts SET state = $3, why = $4, attempts = coalesce($5, attempts),
                 again_at = $6, reference = $7, finished = $8, updated = {NOW},
                 expires = CASE WHEN $9 THEN expires ELSE 0 END
             WHERE id = $1 AND fence = $2"
        ),
        &[
            &claimed.start.id.cast_signed(),
            &claimed.fence.cast_signed(),
            &columns.word,
            &columns.why,
            &columns.attempt.map(i64::from),
            &columns.again_at.cast_signed(),
            &columns.reference,
            &columns.finished,
            &keep,
        ],
    )?;
    Ok(written == 1)
}

/// Reads starts.
pub fn read(
    client: &mut impl GenericClient,
    which: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Start>, Fault> {
    let rows = client.query(&format!("{STARTS} {which}"), params)?;
    let starts: Stored<Vec<Start>> = rows.iter().map(start).collect();
    Ok(starts?)
}

fn start(row: &Row) -> Stored<Start> {
    let number = |column| row.get::<_, i64>(column).cast_unsigned();
    let attempts = stored::attempts(row.get(11));
    let columns = Columns {
        word: row.get(9),
        why: row.get(10),
        attempt: Some(attempts),
        again_at: number(12),
        reference: row.get(13),
        finished: row.get(14),
    };
    Ok(Start {
        id: number(0),
        request: row.get(1),
        repository: row.get(2),
        tag: row.get(3),
        digest: stored::digest(row.get(4)),
        environment: row.get(5),
        commit: row.get(6),
        state: columns.state()?,
        attempts,
        created: number(7),
        updated: number(8),
    })
}
