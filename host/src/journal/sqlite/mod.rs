//! The journal in a `SQLite` file.
//!
//! It is kept with a rollback journal rather than a write-ahead log: at rest it is one file, so a copy of it is
//! whole, also after a crash before anything was moved out of a log; and it needs no memory that processes
//! share, which file systems of other machines don't offer. It costs readers a wait of milliseconds.
//! `synchronous` is `EXTRA`, that is `FULL` and the folder as well: without it, losing power may bring a
//! deleted rollback journal back, and with it undo the last record.
//!
//! A transaction is the only one that writes from its beginning to its end, so no row needs a lock of its own.

mod file_session;
mod open;
mod turns;

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use self::file_session::{Statements, explain};
use self::turns::Turn;
use super::Result;
use super::inbox::{FreeRequest, HOLDERS, dead};
use super::lease::milliseconds;
use super::sql::{Answer, Database, Session, at_most, values};

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
}

impl Database for Sqlite {
    fn writer(&self) -> i64 {
        self.writer
    }

    fn read<T>(&mut self, mut question: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        Ok(question(&mut Statements(&self.connection))?)
    }

    fn change_one<T>(&mut self, change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        self.change(change)
    }

    /// Does something that no other process writes in between of.
    fn change<T>(&mut self, mut change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        self.turn.begin();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(explain)?;
        let done = change(&mut Statements(&transaction))?;
        transaction.commit().map_err(explain)?;
        self.turn.end();
        Ok(done)
    }

    fn change_each<I>(
        &mut self,
        items: &[I],
        mut change: impl FnMut(&mut dyn Session, &I) -> Answer<()>,
    ) -> Result<()> {
        // In one transaction: each costs a file several waits for the disk.
        self.change(|session| items.iter().try_for_each(|item| change(session, item)))
    }

    fn claim_free<T>(
        &mut self,
        request: &FreeRequest<'_>,
        mut read: impl FnMut(&mut dyn Session, &[i64]) -> Answer<Vec<T>>,
    ) -> Result<Vec<T>> {
        // Looked for without writing first, so that a receiver that finds nothing keeps no other one waiting.
        if self.read(|session| free(session, request))?.is_empty() {
            return Ok(Vec::new());
        }
        self.change(|session| {
            let ids = free(session, request)?;
            let claim = request
                .kind
                .fill("UPDATE {table} SET fence = fence + 1, holder = ?2, expires = :now + ?3 WHERE id = ?1");
            let time_to_live = milliseconds(request.time_to_live);
            for id in &ids {
                session.execute(&claim, values![*id, request.holder.as_str(), time_to_live])?;
            }
            read(session, &ids)
        })
    }
}

/// Finds what may be claimed now, the oldest first.
fn free(session: &mut dyn Session, request: &FreeRequest<'_>) -> Answer<Vec<i64>> {
    let rows = session.query(&request.kind.fill(HOLDERS), values![])?;
    let holders: Result<_> = rows.into_iter().map(|mut row| row.text(0)).collect();
    let dead = serde_json::Value::from(dead(holders?)).to_string();
    let rows = session.query(
        &request.kind.fill(
            "SELECT id FROM {table} WHERE {open} AND again_at <= :now AND (expires <= :now
                 OR ({harmless} AND holder IN (SELECT value FROM json_each(?1))))
             ORDER BY {order} LIMIT ?2",
        ),
        values![&dead, at_most(request.limit)],
    )?;
    let ids: Result<_> = rows.iter().map(|row| row.signed(0)).collect();
    Ok(ids?)
}
