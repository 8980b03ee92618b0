//! Checksums of rows that change, which detect rows that another program or a defective disk changed.
//!
//! A statement of the database computes the checksum from the columns that decide what greenlight does: whether a message
//! is sent, whether a webhook leads to a deployment, who holds a lock. Columns that only delay an attempt or explain a
//! state have no checksum. A row is checked before it is changed or used, with one exception: a push event that is
//! received again becomes pending without a check. Each table also has an anchor, which detects missing rows.

use std::fmt::Display;

use super::Error;
use super::anchor::Table;
use super::sql::{Answer, Session, Value, values};

/// A table whose rows have checksums.
#[derive(Clone, Copy, Debug)]
pub struct Sealed {
    table: Table,
    /// The columns of the checksum. The first one identifies the row in messages.
    columns: &'static str,
    /// The word for a row in messages.
    what: &'static str,
    /// What a person should inspect if a row is damaged.
    inspect: &'static str,
}

/// Messages to people.
pub const OUTBOX: Sealed = Sealed {
    table: Table::Outbox,
    columns: "id, deployment, name, body, revision, state, place, claimed",
    what: "outbox message",
    inspect: "check in Slack whether it arrived",
};

/// Messages to drivers.
pub const MESSAGES: Sealed = Sealed {
    table: Table::Messages,
    columns: "id, deployment, at, body",
    what: "message to a deployment",
    inspect: "ask your team whether the deployment was canceled",
};

/// Push events.
pub const PUSH_EVENTS: Sealed = Sealed {
    table: Table::PushEvents,
    columns: "id, repository, tag, digest, deliveries, state, start",
    what: "push event",
    inspect: "check in the registry which tags were pushed",
};

/// Leases.
pub const LEASES: Sealed = Sealed {
    table: Table::Leases,
    columns: "environment, fence, deployment, commit_id, holder, expires, boot, boot_expires",
    what: "lease",
    inspect: "check which deployments and commands run",
};

/// Baselines of environments.
pub const BASELINES: Sealed = Sealed {
    table: Table::Baselines,
    columns: "environment, at, commit_id, person",
    what: "baseline of environment",
    inspect: "check what the environment serves",
};

/// Freezes.
pub const FREEZES: Sealed = Sealed {
    table: Table::Freezes,
    columns: "id, at, environment, ends, person, reason, thawed, thawed_by, thaw_reason",
    what: "freeze",
    inspect: "ask your team whether deployments may begin",
};

const ALL: [Sealed; 6] = [OUTBOX, MESSAGES, PUSH_EVENTS, LEASES, BASELINES, FREEZES];

impl Sealed {
    /// The statement that stores the checksums of the rows that a condition selects.
    pub fn sealing(self, condition: &str) -> String {
        let (table, columns) = (self.table.name(), self.columns);
        format!("UPDATE {table} SET checksum = :sum({columns}):end WHERE {condition}")
    }

    /// An expression that is 1 for an intact row and 0 for a damaged one.
    pub fn is_intact(self) -> String {
        let columns = self.columns;
        format!("CAST(CASE WHEN checksum = :sum({columns}):end THEN 1 ELSE 0 END AS bigint)")
    }

    /// The error for a damaged row.
    pub fn damaged(self, row: impl Display) -> Error {
        let Self { what, inspect, .. } = self;
        Error::Corrupt(format!("{what} {row} is damaged; {inspect}"))
    }

    /// Stores the checksums of the rows that a condition selects.
    pub fn seal(
        self,
        session: &mut dyn Session,
        condition: &str,
        values: &[Value<'_>],
    ) -> Answer<()> {
        session.execute(&self.sealing(condition), values)?;
        Ok(())
    }

    /// Checks the rows that a condition selects.
    pub fn check(
        self,
        session: &mut dyn Session,
        condition: &str,
        values: &[Value<'_>],
    ) -> Answer<()> {
        let (table, columns) = (self.table.name(), self.columns);
        let is_intact = self.is_intact();
        let key = columns.split(',').next().unwrap_or_default();
        let statement = format!(
            "SELECT CAST({key} AS text) FROM {table}
             WHERE ({condition}) AND {is_intact} = 0
             ORDER BY {key} LIMIT 1"
        );
        match session.first(&statement, values)? {
            None => Ok(()),
            Some(mut row) => {
                let found = row.text(0).unwrap_or_default();
                Err(self.damaged(found).into())
            }
        }
    }

    /// Checks that no row of the table is missing or damaged.
    pub fn check_all(self, session: &mut dyn Session) -> Answer<()> {
        self.table.check(session)?;
        self.check(session, "1 = 1", values![])
    }
}

/// Stores the checksums of the rows that an earlier version wrote without one.
pub fn seal_unsealed(session: &mut dyn Session) -> Answer<()> {
    for table in ALL {
        table.seal(session, "checksum IS NULL", values![])?;
    }
    Ok(())
}
