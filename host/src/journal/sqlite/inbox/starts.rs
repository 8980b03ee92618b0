//! Starts.

use rusqlite::{Connection, params};

use crate::clock;
use crate::journal::inbox::stored::{self, Columns, or_empty};
use crate::journal::inbox::{ClaimedStart, NewStart, Start, StartState};
use crate::journal::sqlite::error::explain;
use crate::journal::{Error, Result};

/// Refuses what the other database can't store.
pub fn without_nul(new: &NewStart) -> Result<()> {
    stored::without_nul([
        new.repository.as_str(),
        &new.tag,
        or_empty(new.digest.as_ref()),
        &new.environment,
        &new.commit,
    ])
}

/// Makes a start if there is none, and returns its number.
pub fn want(connection: &Connection, new: &NewStart) -> Result<i64> {
    let digest = or_empty(new.digest.as_ref());
    connection
        .execute(
            "INSERT INTO starts (request, repository, tag, digest, environment, commit_id, created, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (repository, tag, digest) DO NOTHING",
            params![
                stored::request(),
                new.repository,
                new.tag,
                digest,
                new.environment,
                new.commit,
                clock::milliseconds().cast_signed()
            ],
        )
        .map_err(explain)?;
    connection
        .query_row(
            "SELECT id FROM starts WHERE repository = ?1 AND tag = ?2 AND digest = ?3",
            [new.repository.as_str(), &new.tag, digest],
            |row| row.get(0),
        )
        .map_err(explain)
}

/// Reads a start that has just been claimed.
pub fn claimed(connection: &Connection, id: i64) -> Result<ClaimedStart> {
    let fence: i64 = connection
        .query_row("SELECT fence FROM starts WHERE id = ?1", [id], |row| {
            row.get(0)
        })
        .map_err(explain)?;
    let start = read(connection, "WHERE id = ?1", id)?.into_iter().next();
    Ok(ClaimedStart {
        start: start.ok_or_else(|| Error::Wrong(format!("start {id} is gone")))?,
        fence: fence.cast_unsigned(),
    })
}

/// Stores how far a start is, if the claim is still the caller's.
pub fn write(
    connection: &Connection,
    claimed: &ClaimedStart,
    state: &StartState,
    keep: bool,
) -> Result<bool> {
    let columns = Columns::from(state);
    let texts = [&columns.why, &columns.reference, &columns.finished];
    stored::without_nul(texts.into_iter().flatten().map(String::as_str))?;
    let written = connection
        .execute(
            "UPDATE starts SET state = ?3, why = ?4, attempts = coalesce(?5, attempts), again_at = ?6,
                 reference = ?7, finished = ?8, updated = ?9,
                 expires = CASE WHEN ?10 THEN expires ELSE 0 END
             WHERE id = ?1 AND fence = ?2",
            params![
                claimed.start.id.cast_signed(),
                claimed.fence.cast_signed(),
                columns.word,
                columns.why,
                columns.attempt,
                columns.again_at.cast_signed(),
                columns.reference,
                columns.finished,
                clock::milliseconds().cast_signed(),
                keep
            ],
        )
        .map_err(explain)?;
    Ok(written == 1)
}

/// Counts starts by the words of their states.
pub fn by_state(connection: &Connection) -> Result<Vec<(String, u64)>> {
    connection
        .prepare("SELECT state, count(*) FROM starts GROUP BY state")
        .and_then(|mut question| {
            question
                .query_map([], |row| {
                    Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
                })?
                .collect()
        })
        .map_err(explain)
}

/// Reads starts.
pub fn read(connection: &Connection, which: &str, parameter: i64) -> Result<Vec<Start>> {
    let mut question = connection
        .prepare(&format!(
            "SELECT id, request, repository, tag, digest, environment, commit_id, created, updated,
                 state, why, attempts, again_at, reference, finished
             FROM starts {which}"
        ))
        .map_err(explain)?;
    let mut rows = question.query([parameter]).map_err(explain)?;
    let mut starts = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        let (start, columns) = start(row).map_err(explain)?;
        starts.push(Start {
            state: columns.state()?,
            ..start
        });
    }
    Ok(starts)
}

/// A start whose state is still to be read from its columns.
fn start(row: &rusqlite::Row) -> rusqlite::Result<(Start, Columns)> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let attempts = row.get(11)?;
    let start = Start {
        id: number(0)?,
        request: row.get(1)?,
        repository: row.get(2)?,
        tag: row.get(3)?,
        digest: stored::digest(row.get(4)?),
        environment: row.get(5)?,
        commit: row.get(6)?,
        state: StartState::Wanted,
        attempts,
        created: number(7)?,
        updated: number(8)?,
    };
    let columns = Columns {
        word: row.get(9)?,
        why: row.get(10)?,
        attempt: Some(attempts),
        again_at: number(12)?,
        reference: row.get(13)?,
        finished: row.get(14)?,
    };
    Ok((start, columns))
}
