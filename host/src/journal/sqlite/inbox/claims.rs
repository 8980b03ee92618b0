//! Claims of hints and starts, which are the same but for what may be claimed.

use std::time::Duration;

use rusqlite::{Connection, params};

use crate::clock;
use crate::journal::inbox::kind::Kind;
use crate::journal::inbox::stored::{dead, limit as at_most};
use crate::journal::lease::milliseconds;
use crate::journal::sqlite::error::explain;
use crate::journal::{Error, Holder, Result};

/// Finds what may be claimed now, the oldest first.
pub fn free(connection: &Connection, kind: Kind, limit: usize) -> Result<Vec<i64>> {
    let now = clock::milliseconds().cast_signed();
    let (table, open, harmless, order) = (kind.table(), kind.open(), kind.harmless(), kind.order());
    let holders = connection
        .prepare(&format!(
            "SELECT DISTINCT holder FROM {table}
             WHERE {open} AND again_at <= ?1 AND expires > ?1 AND holder IS NOT NULL"
        ))
        .and_then(|mut question| question.query_map([now], |row| row.get(0))?.collect())
        .map_err(explain)?;
    let dead = serde_json::to_string(&dead(holders))
        .map_err(|error| Error::Wrong(format!("the name of a process: {error}")))?;
    connection
        .prepare(&format!(
            "SELECT id FROM {table} WHERE {open} AND again_at <= ?1 AND (expires <= ?1
                 OR ({harmless} AND holder IN (SELECT value FROM json_each(?2))))
             ORDER BY {order} LIMIT ?3"
        ))
        .and_then(|mut question| {
            question
                .query_map(params![now, dead, at_most(limit)], |row| row.get(0))?
                .collect()
        })
        .map_err(explain)
}

/// Claims what is free. Inside of a transaction that no other writes in.
pub fn claim(
    connection: &Connection,
    kind: Kind,
    holder: &Holder,
    time_to_live: Duration,
    limit: usize,
) -> Result<Vec<i64>> {
    let free = free(connection, kind, limit)?;
    let expires = clock::milliseconds().saturating_add(milliseconds(time_to_live));
    connection
        .prepare(&format!(
            "UPDATE {} SET fence = fence + 1, holder = ?2, expires = ?3 WHERE id = ?1",
            kind.table()
        ))
        .and_then(|mut update| {
            for id in &free {
                update.execute(params![id, holder.as_str(), expires.cast_signed()])?;
            }
            Ok(free)
        })
        .map_err(explain)
}

/// Moves the end of a claim, and says whether there was one to move.
pub fn renew(
    connection: &Connection,
    kind: Kind,
    id: u64,
    fence: u64,
    time_to_live: Duration,
) -> Result<bool> {
    let expires = clock::milliseconds().saturating_add(milliseconds(time_to_live));
    let moved = connection
        .execute(
            &format!(
                "UPDATE {} SET expires = ?3 WHERE id = ?1 AND fence = ?2",
                kind.table()
            ),
            [id.cast_signed(), fence.cast_signed(), expires.cast_signed()],
        )
        .map_err(explain)?;
    Ok(moved == 1)
}
