//! Deliveries and hints.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::starts;
use crate::journal::Result;
use crate::journal::inbox::stored::{self, hint_state, key, limit as at_most};
use crate::journal::inbox::{ClaimedHint, Delivery, Hint, HintRow, Settled};
use crate::journal::sqlite::error::explain;

/// Refuses what the other database can't store.
pub fn without_nul<'a>(hints: impl IntoIterator<Item = &'a Hint>) -> Result<()> {
    let texts = hints.into_iter().map(key);
    stored::without_nul(texts.flat_map(|(repository, tag, digest)| [repository, tag, digest]))
}

/// Stores deliveries with their hints.
pub fn accept(connection: &Connection, deliveries: &[Delivery]) -> Result<()> {
    let all = || {
        let mut upsert = connection.prepare(
            "INSERT INTO hints (repository, tag, digest, deliveries, first_at, last_at, state)
             VALUES (?1, ?2, ?3, 1, ?4, ?4, 'pending')
             ON CONFLICT (repository, tag, digest) DO UPDATE SET deliveries = deliveries + 1,
                 first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
                 state = 'pending', why = NULL, attempts = 0, again_at = 0
             RETURNING id",
        )?;
        let mut insert = connection
            .prepare("INSERT INTO deliveries (at, source, body, hints) VALUES (?1, ?2, ?3, ?4)")?;
        for delivery in deliveries {
            let at = delivery.at.cast_signed();
            let mut said = Vec::new();
            let distinct: BTreeSet<_> = delivery.hints.iter().map(key).collect();
            for (repository, tag, digest) in distinct {
                let hint = params![repository, tag, digest, at];
                let id: i64 = upsert.query_row(hint, |row| row.get(0))?;
                said.push(id.to_string());
            }
            let said = format!("[{}]", said.join(","));
            insert.execute(params![at, delivery.source, delivery.body, said])?;
        }
        Ok(())
    };
    all().map_err(explain)
}

/// Reads a hint that has just been claimed.
pub fn claimed(connection: &Connection, id: i64) -> Result<ClaimedHint> {
    connection
        .query_row(
            "SELECT repository, tag, digest, deliveries, attempts, fence FROM hints WHERE id = ?1",
            [id],
            |row| {
                Ok(ClaimedHint {
                    id: id.cast_unsigned(),
                    hint: hint(row, 0)?,
                    deliveries: row.get::<_, i64>(3)?.cast_unsigned(),
                    attempts: row.get(4)?,
                    fence: row.get::<_, i64>(5)?.cast_unsigned(),
                })
            },
        )
        .map_err(explain)
}

/// Refuses what the other database can't store.
pub fn can_be_settled(settled: &Settled) -> Result<()> {
    match settled {
        Settled::Ignored { why } => stored::without_nul([why.as_str()]),
        Settled::Wanted(new) => starts::without_nul(new),
    }
}

/// Stores what a hint comes to, if the claim is still the caller's.
pub fn settle(connection: &Connection, claimed: &ClaimedHint, settled: &Settled) -> Result<bool> {
    let id = claimed.id.cast_signed();
    let deliveries: Option<i64> = connection
        .query_row(
            "SELECT deliveries FROM hints WHERE id = ?1 AND fence = ?2",
            [id, claimed.fence.cast_signed()],
            |row| row.get(0),
        )
        .optional()
        .map_err(explain)?;
    let Some(deliveries) = deliveries else {
        return Ok(false);
    };
    let (state, why, start) = match settled {
        Settled::Ignored { why } => ("ignored", Some(why), None),
        Settled::Wanted(new) => ("wanted", None, Some(starts::want(connection, new)?)),
    };
    let done = if deliveries == claimed.deliveries.cast_signed() {
        connection.execute(
            "UPDATE hints SET state = ?2, why = ?3, start = ?4, attempts = 0, again_at = 0, expires = 0
             WHERE id = ?1",
            params![id, state, why, start],
        )
    } else {
        connection.execute("UPDATE hints SET expires = 0 WHERE id = ?1", [id])
    };
    done.map_err(explain)?;
    Ok(true)
}

/// Gives a hint back for later.
pub fn postpone(
    connection: &Connection,
    claimed: &ClaimedHint,
    again_at: u64,
    why: &str,
) -> Result<bool> {
    let postponed = connection
        .execute(
            "UPDATE hints SET again_at = ?3, why = ?4, attempts = ?5, expires = 0
             WHERE id = ?1 AND fence = ?2 AND state = 'pending'",
            params![
                claimed.id.cast_signed(),
                claimed.fence.cast_signed(),
                again_at.cast_signed(),
                why,
                claimed.attempts.saturating_add(1)
            ],
        )
        .map_err(explain)?;
    Ok(postponed == 1)
}

/// Picks those that have never been heard of.
pub fn unknown(connection: &Connection, listed: &[Hint]) -> Result<Vec<Hint>> {
    let all = || {
        let mut question = connection.prepare(
            "SELECT EXISTS (SELECT 1 FROM hints
                            WHERE repository = ?1 AND tag = ?2 AND (?3 = '' OR digest = ?3))
                 OR EXISTS (SELECT 1 FROM starts
                            WHERE repository = ?1 AND tag = ?2 AND digest = ?3 AND ?3 <> '')",
        )?;
        let mut unknown = Vec::new();
        for hint in listed {
            if !question.query_row(key(hint), |row| row.get(0))? {
                unknown.push(hint.clone());
            }
        }
        Ok(unknown)
    };
    all().map_err(explain)
}

/// Stores hints that nothing is to come of, where there are none yet.
pub fn ignore(connection: &Connection, at: u64, listed: &[Hint], why: &str) -> Result<()> {
    let all = || {
        let mut insert = connection.prepare(
            "INSERT INTO hints (repository, tag, digest, deliveries, first_at, last_at, state, why)
             VALUES (?1, ?2, ?3, 0, ?4, ?4, 'ignored', ?5)
             ON CONFLICT (repository, tag, digest) DO NOTHING",
        )?;
        for hint in listed {
            let (repository, tag, digest) = key(hint);
            insert.execute(params![repository, tag, digest, at.cast_signed(), why])?;
        }
        Ok(())
    };
    all().map_err(explain)
}

/// Lists hints, the one that came in last first.
pub fn newest(connection: &Connection, limit: usize) -> Result<Vec<HintRow>> {
    let mut question = connection
        .prepare(
            "SELECT repository, tag, digest, id, deliveries, first_at, last_at, state, why, again_at, start
             FROM hints ORDER BY last_at DESC, id DESC LIMIT ?1",
        )
        .map_err(explain)?;
    let mut rows = question.query([at_most(limit)]).map_err(explain)?;
    let mut hints = Vec::new();
    while let Some(row) = rows.next().map_err(explain)? {
        hints.push(hint_row(row)?);
    }
    Ok(hints)
}

fn hint_row(row: &rusqlite::Row) -> Result<HintRow> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let read = || {
        let start: Option<i64> = row.get(10)?;
        Ok((
            hint(row, 0)?,
            [number(3)?, number(4)?, number(5)?, number(6)?, number(9)?],
            row.get::<_, String>(7)?,
            row.get(8)?,
            start.map(i64::cast_unsigned),
        ))
    };
    let (hint, [id, deliveries, first, last, again_at], word, why, start) =
        read().map_err(explain)?;
    Ok(HintRow {
        id,
        hint,
        deliveries,
        first,
        last,
        state: hint_state(&word, why, again_at, start)?,
    })
}

fn hint(row: &rusqlite::Row, first: usize) -> rusqlite::Result<Hint> {
    Ok(Hint {
        repository: row.get(first)?,
        tag: row.get(first + 1)?,
        digest: stored::digest(row.get(first + 2)?),
    })
}
