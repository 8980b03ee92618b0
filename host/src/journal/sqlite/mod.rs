//! The journal in a `SQLite` file.
//!
//! It uses a rollback journal, not a write-ahead log. At rest the journal is one file, so a copy of it is complete,
//! even after a crash; and it needs no memory shared between processes, which network file systems lack. Readers
//! pay for it with waits of milliseconds. `synchronous` is `EXTRA`, which is `FULL` with the folder: without it, a
//! power failure can restore a deleted rollback journal, which would undo the last record.
//!
//! Only one transaction can write at a time, so rows need no locks of their own.

mod file_session;
mod open;

pub use open::{VERSION, version};

use std::cell::Cell;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use self::file_session::Statements;
use super::inbox::{CLAIM, FreeRequest, HOLDERS, dead};
use super::lease::milliseconds;
use super::sql::{Answer, Database, Session, at_most, values};
use super::{Depth, Error, Result};

/// A journal in a file.
pub struct Sqlite {
    connection: Connection,
    /// Distinguishes this store's records from those of other stores.
    writer: i64,
    turn: Turn,
}

impl Sqlite {
    /// Opens the file, and creates it if it does not exist.
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

    fn snapshot<T>(
        &mut self,
        mut question: impl FnMut(&mut dyn Session) -> Answer<T>,
    ) -> Result<T> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Deferred)?;
        let answer = question(&mut Statements(&transaction))?;
        transaction.commit()?;
        Ok(answer)
    }

    fn change_one<T>(&mut self, change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        self.change(change)
    }

    /// Runs a change in a transaction that excludes other writers.
    fn change<T>(&mut self, mut change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        self.turn.begin();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = change(&mut Statements(&transaction))?;
        transaction.commit()?;
        self.turn.end();
        Ok(done)
    }

    fn change_each<I>(
        &mut self,
        items: &[I],
        mut change: impl FnMut(&mut dyn Session, &I) -> Answer<()>,
    ) -> Result<()> {
        // In one transaction, because each transaction waits for the disk several times.
        self.change(|session| items.iter().try_for_each(|item| change(session, item)))
    }

    fn check_file(&mut self, depth: Depth) -> Result<()> {
        let question = match depth {
            Depth::Quick => "PRAGMA quick_check(1)",
            Depth::Full => "PRAGMA integrity_check(1)",
        };
        let row = self.read(|session| session.one(question, values![]));
        match row?.text(0)?.as_str() {
            "ok" => Ok(()),
            found => Err(Error::Corrupt(found.to_owned())),
        }
    }

    fn claim_free<T>(
        &mut self,
        request: &FreeRequest<'_>,
        mut read: impl FnMut(&mut dyn Session, &[i64]) -> Answer<Vec<T>>,
    ) -> Result<Vec<T>> {
        // Searched without a write lock first, so that a server that finds nothing does not block another one.
        if self.read(|session| free(session, request))?.is_empty() {
            return Ok(Vec::new());
        }
        self.change(|session| {
            let ids = free(session, request)?;
            let claim = format!("UPDATE {{table}} SET {CLAIM} WHERE id = ?1");
            let claim = request.kind.fill(&claim);
            let time_to_live = milliseconds(request.time_to_live);
            for id in &ids {
                session.execute(&claim, values![*id, request.holder.as_str(), time_to_live])?;
            }
            read(session, &ids)
        })
    }
}

/// Finds what may be claimed now, oldest first.
fn free(session: &mut dyn Session, request: &FreeRequest<'_>) -> Answer<Vec<i64>> {
    let rows = session.query(&request.kind.fill(HOLDERS), values![])?;
    let holders: Result<_> = rows.into_iter().map(|mut row| row.text(0)).collect();
    let dead = serde_json::Value::from(dead(holders?)).to_string();
    let rows = session.query(
        &request.kind.fill(
            "SELECT id FROM {table} WHERE {open} AND {due} AND ({expired}
                 OR ({reclaimable} AND holder IN (SELECT value FROM json_each(?1))))
             ORDER BY {order} LIMIT ?2",
        ),
        values![&dead, at_most(request.limit)],
    )?;
    let ids: Result<_> = rows.iter().map(|row| row.signed(0)).collect();
    Ok(ids?)
}

// `SQLite` has no queue: a process that waits looks again and again, and one that has just written may write
// again before a waiting one has looked. `SQLite`'s own busy handler waits up to 100 ms between two looks, and
// never gets in beside a process that writes one record after the other. So each store leaves a gap after each
// write, and a waiting store looks more often than the gap is long.

/// How long to wait for another process's transaction.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a store leaves the file to others after it has written.
const GAP: Duration = Duration::from_micros(500);

/// The delay between two attempts of a waiting store to lock the file: one 200th of the time that the store has waited,
/// within limits. For the first 0.1 s, the delay is shorter than the gap. On a busy machine, attempts that stay
/// frequent would take processor time from the store that writes.
const LOOK_AFTER: u32 = 200;
const LOOKS: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(5));

/// The busy handler of a connection: waits a little, and returns whether to look again.
pub fn wait(looks: i32) -> bool {
    thread_local! {
        static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    if looks == 0 {
        BEGAN.set(Some(Instant::now()));
    }
    let waited = BEGAN.get().map_or(Duration::ZERO, |began| began.elapsed());
    let next = next_look(waited);
    if let Some(delay) = next {
        thread::sleep(delay);
    }
    next.is_some()
}

/// The delay before the next attempt of a store that has waited for a given time; `None` if the store gives up.
fn next_look(waited: Duration) -> Option<Duration> {
    let (shortest, longest) = LOOKS;
    (waited < PATIENCE).then(|| (waited / LOOK_AFTER).clamp(shortest, longest))
}

/// When a store wrote last.
#[derive(Debug, Default)]
pub struct Turn(Option<Instant>);

impl Turn {
    /// Leaves the gap, if it has not passed by itself.
    pub fn begin(&self) {
        let left = self.0.and_then(|ended| GAP.checked_sub(ended.elapsed()));
        if let Some(left) = left {
            thread::sleep(left);
        }
    }

    /// Remembers that something was written.
    pub fn end(&mut self) {
        self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store with rare attempts never gets the lock; many stores with frequent attempts slow down the one that
    /// writes.
    #[test]
    fn looks_become_rare_and_end() {
        let mut waited = Duration::ZERO;
        let (mut looks, mut within_gap) = (0, 0);
        while let Some(delay) = next_look(waited) {
            looks += 1;
            within_gap += u32::from(delay < GAP);
            waited += delay;
        }
        assert!(within_gap > 100, "{within_gap} looks in a gap");
        assert!(looks < 6000, "{looks} looks");
        assert!(wait(0), "the next one waits anew");
    }

    #[test]
    fn a_store_leaves_a_gap_after_it_has_written() {
        let mut turn = Turn::default();
        turn.begin();
        turn.end();
        let ended = turn.0.expect("it ended");
        turn.begin();
        assert!(ended.elapsed() >= GAP);
    }
}
