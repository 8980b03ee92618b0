use std::time::Duration;

use ::postgres::{Client, Row, Transaction};

use super::fault::Fault;
use crate::journal::lease::milliseconds;
use crate::journal::{Claim, Holder, Lease, Occupant};

/// The time of the server, and not of when the transaction began: it may have waited for a lock since.
pub const NOW: &str = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// Takes an environment if it may be taken.
pub fn claim(
    transaction: &mut Transaction,
    environment: &str,
    deployment: u64,
    commit: &str,
    holder: &Holder,
    time_to_live: Duration,
) -> Result<Claim, Fault> {
    // There has to be a row before it can be locked.
    transaction.execute(
        "INSERT INTO greenlight.leases (environment, fence, deployment, commit_id, expires)
         VALUES ($1, 0, 0, '', 0) ON CONFLICT (environment) DO NOTHING",
        &[&environment],
    )?;
    transaction.execute(
        "SELECT FROM greenlight.leases WHERE environment = $1 FOR UPDATE",
        &[&environment],
    )?;
    let row = transaction.query_one(
        &format!(
            "SELECT deployment, commit_id, holder, expires, {NOW} FROM greenlight.leases
             WHERE environment = $1"
        ),
        &[&environment],
    )?;
    let now = row.get::<_, i64>(4).cast_unsigned();
    if let Some(occupant) = occupant(&row, 0)
        && !occupant.yields(deployment, holder, now)
    {
        return Ok(Claim::Busy(occupant));
    }
    let row = transaction.query_one(
        &format!(
            "UPDATE greenlight.leases SET fence = fence + 1, deployment = $2, commit_id = $3, holder = $4,
                 expires = {NOW} + $5
             WHERE environment = $1 RETURNING fence"
        ),
        &[
            &environment,
            &deployment.cast_signed(),
            &commit,
            &holder.as_str(),
            &milliseconds(time_to_live).cast_signed(),
        ],
    )?;
    Ok(Claim::Held(Lease {
        environment: environment.to_owned(),
        fence: row.get::<_, i64>(0).cast_unsigned(),
    }))
}

/// Moves the end of a lease, and says whether there was one to move.
pub fn renew(
    client: &mut Client,
    lease: &Lease,
    holder: &Holder,
    time_to_live: Duration,
) -> Result<bool, Fault> {
    let moved = client.execute(
        &format!(
            "UPDATE greenlight.leases SET expires = {NOW} + $4
             WHERE environment = $1 AND fence = $2 AND holder = $3"
        ),
        &[
            &lease.environment,
            &lease.fence.cast_signed(),
            &holder.as_str(),
            &milliseconds(time_to_live).cast_signed(),
        ],
    )?;
    Ok(moved == 1)
}

/// Gives an environment back, if it is still the caller's. What is left of it keeps the fence.
pub fn release(client: &mut Client, lease: &Lease, holder: &Holder) -> Result<(), Fault> {
    client.execute(
        "UPDATE greenlight.leases SET holder = NULL
         WHERE environment = $1 AND fence = $2 AND holder = $3",
        &[
            &lease.environment,
            &lease.fence.cast_signed(),
            &holder.as_str(),
        ],
    )?;
    Ok(())
}

/// Lists the environments that are held.
pub fn all(client: &mut Client) -> Result<Vec<(String, Occupant)>, Fault> {
    let rows = client.query(
        "SELECT deployment, commit_id, holder, expires, environment FROM greenlight.leases
         WHERE holder IS NOT NULL ORDER BY environment",
        &[],
    )?;
    Ok(rows
        .iter()
        .filter_map(|row| Some((row.get(4), occupant(row, 0)?)))
        .collect())
}

fn occupant(row: &Row, first: usize) -> Option<Occupant> {
    Some(Occupant {
        deployment: row.get::<_, i64>(first).cast_unsigned(),
        commit: row.get(first + 1),
        holder: row.get::<_, Option<String>>(first + 2)?,
        expires: row.get::<_, i64>(first + 3).cast_unsigned(),
    })
}
