//! Anchors of tables: the minimum number of rows of a table, which detects missing rows.
//!
//! Rows of these tables are never removed. A program of an earlier version adds rows and leaves the anchor unchanged,
//! so a table may have more rows than its anchor says.

use super::Error;
use super::sql::{Answer, Session, values};

/// A table with an anchor.
#[derive(Clone, Copy, Debug)]
pub enum Table {
    /// Deployments.
    Deployments,
    /// Deployment requests.
    Requests,
    /// Push events.
    PushEvents,
    /// Messages to people.
    Outbox,
    /// Messages to drivers.
    Messages,
    /// Leases.
    Leases,
    /// Baselines of environments.
    Baselines,
    /// Freezes.
    Freezes,
}

impl Table {
    /// The name of the table in the database.
    pub fn name(self) -> &'static str {
        self.names().0
    }

    /// The name of the table in the database, and the word for its rows in messages.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Deployments => ("deployments", "deployments"),
            Self::Requests => ("starts", "deployment requests"),
            Self::PushEvents => ("hints", "push events"),
            Self::Outbox => ("outbox", "outbox messages"),
            Self::Messages => ("messages", "messages to deployments"),
            Self::Leases => ("leases", "leases"),
            Self::Baselines => ("live_commits", "baselines of environments"),
            Self::Freezes => ("freezes", "freezes"),
        }
    }

    /// Adds new rows to the count. The caller calls it in the transaction that adds the rows.
    pub fn grow(self, session: &mut dyn Session, added: u64) -> Answer<()> {
        if added > 0 {
            session.execute(
                "UPDATE anchors SET row_count = row_count + ?2 WHERE name = ?1",
                values![self.name(), added],
            )?;
        }
        Ok(())
    }

    /// Checks that no row is missing.
    pub fn check(self, session: &mut dyn Session) -> Answer<()> {
        let (table, what) = self.names();
        // One statement reads both numbers from the same state of the database.
        let statement = format!(
            "SELECT row_count, (SELECT count(*) FROM {table}) FROM anchors WHERE name = ?1"
        );
        let found = session.first(&statement, values![table])?;
        let counts = match found {
            Some(row) => Some((row.number(0)?, row.number(1)?)),
            None => None,
        };
        match counts {
            Some((expected, found)) if found >= expected => Ok(()),
            Some((expected, found)) => Err(Error::Corrupt(format!(
                "it has {found} {what}, and {expected} were stored"
            ))
            .into()),
            None => Err(Error::Corrupt(format!("the number of {what} is missing")).into()),
        }
    }
}
