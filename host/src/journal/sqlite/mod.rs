//! The journal in a `SQLite` file.
//!
//! It is kept with a rollback journal rather than a write-ahead log: at rest it is one file, so a copy of it is
//! whole, also after a crash before anything was moved out of a log; and it needs no memory that processes
//! share, which file systems of other machines don't offer. It costs readers a wait of milliseconds.
//! `synchronous` is `EXTRA`, that is `FULL` and the folder as well: without it, losing power may bring a
//! deleted rollback journal back, and with it undo the last record.

mod error;
mod inbox;
mod lease;
mod open;
mod turns;

use std::path::Path;
use std::time::Duration;

use rusqlite::{
    Connection, OptionalExtension as _, Params, Transaction, TransactionBehavior, params,
};

use self::error::explain;
use self::turns::Turn;
use super::chain::{self, Stored};
use super::{
    Claim, Error, Header, Holder, Lease, NewDeployment, Occupant, Records, Result, Row, Store,
};

/// What is read of a deployment, in the order of [`header`].
const HEADERS: &str =
    "SELECT number, tag, digest, commit_id, began, conclusion, request FROM deployments";

/// A journal in a file.
pub struct Sqlite {
    connection: Connection,
    /// Tells this store's records from those of others.
    writer: i64,
    turn: Turn,
}

impl Sqlite {
    /// Opens the file, and makes it where there is none.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            connection: open::open(path)?,
            writer: fastrand::i64(..),
            turn: Turn::default(),
        })
    }

    /// Does something that nobody else's writing comes in between of.
    fn change<T>(&mut self, change: impl FnOnce(&Transaction) -> Result<T>) -> Result<T> {
        self.turn.begin();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(explain)?;
        let done = change(&transaction)?;
        transaction.commit().map_err(explain)?;
        self.turn.end();
        Ok(done)
    }

    fn headers(&self, which: &str, params: impl Params) -> Result<Vec<Header>> {
        self.connection
            .prepare(&format!("{HEADERS} {which}"))
            .and_then(|mut question| question.query_map(params, header)?.collect())
            .map_err(explain)
    }
}

impl Store for Sqlite {
    fn begin(&mut self, new: &NewDeployment) -> Result<u64> {
        self.change(|transaction| {
            if let Some(request) = &new.request {
                transaction
                    .execute(
                        "UPDATE deployments SET request = NULL
                         WHERE request = ?1 AND conclusion IS NOT NULL
                             AND NOT EXISTS (SELECT 1 FROM records WHERE deployment = number)",
                        [request],
                    )
                    .map_err(explain)?;
                if let Some(number) = requested(transaction, request)? {
                    return Err(Error::Requested(number));
                }
            }
            let began = new.began.cast_signed();
            transaction
                .execute(
                    "INSERT INTO deployments (tag, digest, commit_id, began, request)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![new.tag, new.digest, new.commit, began, new.request],
                )
                .map_err(explain)?;
            Ok(transaction.last_insert_rowid().cast_unsigned())
        })
    }

    fn append(&mut self, deployment: u64, row: &Row) -> Result<()> {
        let writer = self.writer;
        self.change(|transaction| {
            exists(transaction, deployment)?;
            let end = chain::end(deployment, stored(transaction, deployment, "DESC LIMIT 2")?)?;
            if row.position <= end.position {
                return own(transaction, deployment, row, writer);
            }
            if row.position > end.position + 1 {
                return Err(Error::Damaged {
                    deployment,
                    position: end.position + 1,
                });
            }
            let checksum = chain::checksum(
                &end.checksum,
                deployment,
                row.position,
                row.at,
                row.body.as_bytes(),
            );
            transaction
                .execute(
                    "INSERT INTO records (deployment, position, at, body, checksum, writer)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        deployment.cast_signed(),
                        row.position.cast_signed(),
                        row.at.cast_signed(),
                        row.body,
                        checksum,
                        writer
                    ],
                )
                .map_err(explain)?;
            Ok(())
        })
    }

    fn records(&mut self, deployment: u64) -> Result<Records> {
        chain::verify(deployment, stored(&self.connection, deployment, "ASC")?)
    }

    fn forget_torn(&mut self, deployment: u64) -> Result<()> {
        self.change(|transaction| {
            let records = chain::verify(deployment, stored(transaction, deployment, "ASC")?)?;
            if records.torn {
                let last = (records.rows.len() as u64 + 1).cast_signed();
                transaction
                    .execute(
                        "DELETE FROM records WHERE deployment = ?1 AND position = ?2",
                        [deployment.cast_signed(), last],
                    )
                    .map_err(explain)?;
            }
            Ok(())
        })
    }

    fn conclude(&mut self, deployment: u64, conclusion: &str) -> Result<()> {
        self.change(|transaction| {
            let number = deployment.cast_signed();
            transaction
                .execute(
                    "UPDATE deployments SET conclusion = ?2 WHERE number = ?1 AND conclusion IS NULL",
                    params![number, conclusion],
                )
                .map_err(explain)?;
            let now: Option<String> = transaction
                .query_row(
                    "SELECT conclusion FROM deployments WHERE number = ?1",
                    [number],
                    |row| row.get(0),
                )
                .optional()
                .map_err(explain)?;
            match now {
                None => Err(Error::Unknown(deployment)),
                Some(now) if now == conclusion => Ok(()),
                Some(_) => Err(Error::Taken),
            }
        })
    }

    fn deployment(&mut self, number: u64) -> Result<Option<Header>> {
        let found = self.headers("WHERE number = ?1", [number.cast_signed()])?;
        Ok(found.into_iter().next())
    }

    fn deployments(&mut self, limit: usize) -> Result<Vec<Header>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.headers("ORDER BY number DESC LIMIT ?1", [limit])
    }

    fn of_commit(&mut self, commit: &str) -> Result<Vec<Header>> {
        self.headers("WHERE commit_id = ?1 ORDER BY number DESC", [commit])
    }

    fn of_request(&mut self, request: &str) -> Result<Option<Header>> {
        let found = self.headers("WHERE request = ?1", [request])?;
        Ok(found.into_iter().next())
    }

    fn claim(
        &mut self,
        environment: &str,
        deployment: u64,
        commit: &str,
        holder: &Holder,
        time_to_live: Duration,
    ) -> Result<Claim> {
        self.change(|transaction| {
            lease::claim(
                transaction,
                environment,
                deployment,
                commit,
                holder,
                time_to_live,
            )
        })
    }

    fn renew(&mut self, lease: &Lease, holder: &Holder, time_to_live: Duration) -> Result<bool> {
        self.change(|transaction| lease::renew(transaction, lease, holder, time_to_live))
    }

    fn release(&mut self, lease: &Lease, holder: &Holder) -> Result<()> {
        self.change(|transaction| lease::release(transaction, lease, holder))
    }

    fn leases(&mut self) -> Result<Vec<(String, Occupant)>> {
        lease::all(&self.connection)
    }
}

fn header(row: &rusqlite::Row) -> rusqlite::Result<Header> {
    Ok(Header {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        tag: row.get(1)?,
        digest: row.get(2)?,
        commit: row.get(3)?,
        began: row.get::<_, i64>(4)?.cast_unsigned(),
        conclusion: row.get(5)?,
        request: row.get(6)?,
    })
}

/// The deployment of a request, if there is one.
fn requested(connection: &Connection, request: &str) -> Result<Option<u64>> {
    connection
        .query_row(
            "SELECT number FROM deployments WHERE request = ?1",
            [request],
            |row| row.get::<_, i64>(0),
        )
        .optional()
        .map(|number| number.map(i64::cast_unsigned))
        .map_err(explain)
}

fn stored(connection: &Connection, deployment: u64, order: &str) -> Result<Vec<Stored>> {
    let question = format!(
        "SELECT position, at, body, checksum FROM records WHERE deployment = ?1 ORDER BY position {order}"
    );
    connection
        .prepare(&question)
        .and_then(|mut question| {
            let read = |row: &rusqlite::Row| {
                Ok(Stored {
                    position: row.get::<_, i64>(0)?.cast_unsigned(),
                    at: row.get::<_, i64>(1)?.cast_unsigned(),
                    // Not as a string: damaged text need not be UTF-8.
                    body: row.get_ref(2)?.as_bytes()?.to_vec(),
                    checksum: row.get(3)?,
                })
            };
            question
                .query_map([deployment.cast_signed()], read)?
                .collect()
        })
        .map_err(explain)
}

fn exists(connection: &Connection, deployment: u64) -> Result<()> {
    connection
        .query_row(
            "SELECT 1 FROM deployments WHERE number = ?1",
            [deployment.cast_signed()],
            |_| Ok(()),
        )
        .optional()
        .map_err(explain)?
        .ok_or(Error::Unknown(deployment))
}

/// Whether the record at a position is this store's own, as it is to be.
fn own(connection: &Connection, deployment: u64, row: &Row, writer: i64) -> Result<()> {
    connection
        .query_row(
            "SELECT 1 FROM records
             WHERE deployment = ?1 AND position = ?2 AND at = ?3 AND body = ?4 AND writer = ?5",
            params![
                deployment.cast_signed(),
                row.position.cast_signed(),
                row.at.cast_signed(),
                row.body,
                writer
            ],
            |_| Ok(()),
        )
        .optional()
        .map_err(explain)?
        .ok_or(Error::Taken)
}
