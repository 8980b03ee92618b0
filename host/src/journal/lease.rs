//! Leases: which process holds a lock, and until when.
//!
//! The column `environment` has the name under which a lock is stored.

use std::time::Duration;

use super::anchor::Table;
use super::seal::LEASES;
use super::sql::{Answer, Cells, Session, values};
use super::{Holder, Lock, Result, due};

/// A claim of a lock.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRequest<'a> {
    /// The lock.
    pub lock: &'a Lock,
    /// The deployment that claims it.
    pub deployment: u64,
    /// That deployment's commit, in hexadecimal digits.
    pub commit: &'a str,
    /// The process that claims it.
    pub holder: &'a Holder,
    /// How long the lease lasts unless it is renewed.
    pub time_to_live: Duration,
}

/// The result of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The lock is the caller's until the lease expires.
    Held(Lease),
    /// Another holder has it.
    Busy(Occupant),
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The lock.
    pub lock: Lock,
    /// The fencing token. It grows with every successful claim of the lock, so no two are equal.
    pub fence: u64,
}

/// The holder of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// The deployment that holds it.
    pub deployment: u64,
    /// That deployment's commit, in hexadecimal digits.
    pub commit: String,
    /// The process that holds it, as a [`Holder`](super::Holder) writes itself.
    pub holder: String,
    /// When it ends unless it is renewed, in milliseconds since 1970 by the clock of the store.
    pub expires: u64,
    /// Whether the lease has expired. In a file, the boot clock of the machine decides, because the system clock can be
    /// set. After a restart of the machine, `expires` and the system clock decide.
    pub has_expired: bool,
}

impl Occupant {
    /// Whether its lock may be claimed by another holder.
    ///
    /// The same deployment continues at once after its holder died. Another deployment waits until the lease has
    /// expired, because a process that the dead holder started may still run.
    fn yields(&self, request: &ClaimRequest<'_>) -> bool {
        let gone = self.holder == request.holder.as_str() || Holder::is_known_dead(&self.holder);
        self.has_expired || (self.deployment == request.deployment && gone)
    }
}

/// The columns of an occupant.
fn occupant_columns() -> String {
    let has_expired = due::has_passed("expires");
    format!(
        "deployment, commit_id, holder, expires, CAST(CASE WHEN {has_expired} THEN 1 ELSE 0 END AS bigint)"
    )
}

/// Selects the row of a lock.
const OF_LOCK: &str = "environment = ?1";

/// Selects the row of a lease, unless another holder has claimed the lock.
const OWN: &str = "environment = ?1 AND fence = ?2 AND holder = ?3";

/// Claims a lock if it may be claimed. Called inside a transaction.
pub(super) fn claim(session: &mut dyn Session, request: &ClaimRequest<'_>) -> Answer<Claim> {
    let name = request.lock.stored();
    // A row must exist before it can be locked.
    let new = session.execute(
        "INSERT INTO leases (environment, fence, deployment, commit_id, expires)
         VALUES (?1, 0, 0, '', 0) ON CONFLICT (environment) DO NOTHING",
        values![&name],
    )?;
    if new > 0 {
        LEASES.seal(session, OF_LOCK, values![&name])?;
        Table::Leases.grow(session, new)?;
        // The lease of this lock may be stored under a damaged name.
        LEASES.check_all(session)?;
    }
    session.query(
        &format!("SELECT fence FROM leases WHERE {OF_LOCK} :lock"),
        values![&name],
    )?;
    // Another holder may have the lock if its lease is missing or damaged.
    Table::Leases.check(session)?;
    LEASES.check(session, OF_LOCK, values![&name])?;
    // The time is read after the wait for the lock.
    let statement = format!("SELECT {} FROM leases WHERE {OF_LOCK}", occupant_columns());
    let mut row = session.one(&statement, values![&name])?;
    if let Some(occupant) = occupant(&mut row, 0)?
        && !occupant.yields(request)
    {
        return Ok(Claim::Busy(occupant));
    }
    let row = session.one(
        &format!(
            "UPDATE leases SET fence = fence + 1, deployment = ?2, commit_id = ?3, holder = ?4,
                 expires = :now + ?5, boot = :boot, boot_expires = :elapsed + ?5
             WHERE {OF_LOCK} RETURNING fence"
        ),
        values![
            &name,
            request.deployment,
            request.commit,
            request.holder.as_str(),
            milliseconds(request.time_to_live)
        ],
    )?;
    LEASES.seal(session, OF_LOCK, values![&name])?;
    Ok(Claim::Held(Lease {
        lock: request.lock.clone(),
        fence: row.number(0)?,
    }))
}

/// Moves the end of a lease, and returns whether the caller still held it.
pub(super) fn renew(
    session: &mut dyn Session,
    lease: &Lease,
    holder: &Holder,
    time_to_live: Duration,
) -> Answer<bool> {
    let name = lease.lock.stored();
    let own = values![&name, lease.fence, holder.as_str()];
    LEASES.check(session, OWN, own)?;
    let moved = session.execute(
        &format!(
            "UPDATE leases SET expires = :now + ?4, boot = :boot, boot_expires = :elapsed + ?4
             WHERE {OWN}"
        ),
        values![
            &name,
            lease.fence,
            holder.as_str(),
            milliseconds(time_to_live)
        ],
    )?;
    LEASES.seal(session, OWN, own)?;
    Ok(moved == 1)
}

/// Releases a lock if it is still the caller's. The row stays, because it keeps the fence.
pub(super) fn release(session: &mut dyn Session, lease: &Lease, holder: &Holder) -> Answer<()> {
    let name = lease.lock.stored();
    let own = values![&name, lease.fence, holder.as_str()];
    LEASES.check(session, OWN, own)?;
    let released = session.execute(&format!("UPDATE leases SET holder = NULL WHERE {OWN}"), own)?;
    if released > 0 {
        LEASES.seal(session, OF_LOCK, values![&name])?;
    }
    Ok(())
}

/// Lists the locks that are held.
pub(super) fn all(session: &mut dyn Session) -> Answer<Vec<(Lock, Occupant)>> {
    let columns = occupant_columns();
    let statement = format!(
        "SELECT environment, {columns} FROM leases WHERE holder IS NOT NULL ORDER BY environment"
    );
    let rows = session.query(&statement, values![])?;
    let mut held = Vec::with_capacity(rows.len());
    for mut row in rows {
        if let Some(occupant) = occupant(&mut row, 1)? {
            held.push((Lock::from_stored(&row.text(0)?), occupant));
        }
    }
    Ok(held)
}

fn occupant(row: &mut Cells, first: usize) -> Result<Option<Occupant>> {
    let Some(holder) = row.optional_text(first + 2)? else {
        return Ok(None);
    };
    Ok(Some(Occupant {
        deployment: row.number(first)?,
        commit: row.text(first + 1)?,
        holder,
        expires: row.number(first + 3)?,
        has_expired: row.number(first + 4)? == 1,
    }))
}

/// A duration in milliseconds, limited to what a database can store.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .min(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_to_live_overflows() {
        assert!(i64::try_from(crate::clock::milliseconds() + milliseconds(Duration::MAX)).is_ok());
        assert_eq!(milliseconds(Duration::from_secs(2)), 2000);
    }
}
