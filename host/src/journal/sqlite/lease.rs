use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::explain;
use crate::clock;
use crate::journal::lease::milliseconds;
use crate::journal::{Claim, Holder, Lease, Occupant, Result};

/// Takes an environment if it may be taken. Inside of a transaction that no other writes in.
pub fn claim(
    connection: &Connection,
    environment: &str,
    deployment: u64,
    commit: &str,
    holder: &Holder,
    time_to_live: Duration,
) -> Result<Claim> {
    let occupant = connection
        .query_row(
            "SELECT deployment, commit_id, holder, expires FROM leases
             WHERE environment = ?1 AND holder IS NOT NULL",
            [environment],
            |row| occupant(row, 0),
        )
        .optional()
        .map_err(explain)?;
    let now = clock::milliseconds();
    if let Some(occupant) = occupant
        && !occupant.yields(deployment, holder, now)
    {
        return Ok(Claim::Busy(occupant));
    }
    let expires = now.saturating_add(milliseconds(time_to_live));
    let fence: i64 = connection
        .query_row(
            "INSERT INTO leases (environment, fence, deployment, commit_id, holder, expires)
             VALUES (?1, 1, ?2, ?3, ?4, ?5)
             ON CONFLICT (environment) DO UPDATE SET fence = fence + 1, deployment = excluded.deployment,
                 commit_id = excluded.commit_id, holder = excluded.holder, expires = excluded.expires
             RETURNING fence",
            params![
                environment,
                deployment.cast_signed(),
                commit,
                holder.as_str(),
                expires.cast_signed()
            ],
            |row| row.get(0),
        )
        .map_err(explain)?;
    Ok(Claim::Held(Lease {
        environment: environment.to_owned(),
        fence: fence.cast_unsigned(),
    }))
}

/// Moves the end of a lease, and says whether there was one to move.
pub fn renew(
    connection: &Connection,
    lease: &Lease,
    holder: &Holder,
    time_to_live: Duration,
) -> Result<bool> {
    let expires = clock::milliseconds().saturating_add(milliseconds(time_to_live));
    let moved = connection
        .execute(
            "UPDATE leases SET expires = ?4 WHERE environment = ?1 AND fence = ?2 AND holder = ?3",
            params![
                lease.environment,
                lease.fence.cast_signed(),
                holder.as_str(),
                expires.cast_signed()
            ],
        )
        .map_err(explain)?;
    Ok(moved == 1)
}

/// Gives an environment back, if it is still the caller's. What is left of it keeps the fence.
pub fn release(connection: &Connection, lease: &Lease, holder: &Holder) -> Result<()> {
    connection
        .execute(
            "UPDATE leases SET holder = NULL WHERE environment = ?1 AND fence = ?2 AND holder = ?3",
            params![
                lease.environment,
                lease.fence.cast_signed(),
                holder.as_str()
            ],
        )
        .map_err(explain)?;
    Ok(())
}

/// Lists the environments that are held.
pub fn all(connection: &Connection) -> Result<Vec<(String, Occupant)>> {
    connection
        .prepare(
            "SELECT environment, deployment, commit_id, holder, expires FROM leases
             WHERE holder IS NOT NULL ORDER BY environment",
        )
        .and_then(|mut question| {
            question
                .query_map([], |row| Ok((row.get(0)?, occupant(row, 1)?)))?
                .collect()
        })
        .map_err(explain)
}

fn occupant(row: &rusqlite::Row, first: usize) -> rusqlite::Result<Occupant> {
    Ok(Occupant {
        deployment: row.get::<_, i64>(first)?.cast_unsigned(),
        commit: row.get(first + 1)?,
        holder: row.get(first + 2)?,
        expires: row.get::<_, i64>(first + 3)?.cast_unsigned(),
    })
}
