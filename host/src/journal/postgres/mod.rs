//! The journal in a `PostgreSQL` database, for runners on several machines.
//!
//! A call that loses its connection reconnects and repeats its statements until the time limit of the address.
//! Every call is idempotent: what the lost connection had already stored is found, not stored again.

mod batches;
mod client;
pub mod connect;
mod encrypt;
mod server_session;
mod socket;

use std::thread;
use std::time::Instant;

use self::client::{CHANGE, Client, SNAPSHOT};
use self::connect::RECONNECT;
#[cfg(test)]
pub(crate) use self::connect::VERSION;
use self::server_session::Statements;
use super::inbox::{FreeRequest, HOLDERS, dead};
use super::lease::milliseconds;
use super::sql::{Answer, Database, Fault, Session};
use super::{Address, Depth, Error, Result};

/// A journal in a database.
pub struct Postgres {
    address: Address,
    client: Option<Client>,
    /// Distinguishes this store's records from those of other stores.
    writer: i64,
}

impl Postgres {
    /// Connects to the database, and creates missing tables.
    pub fn open(address: &Address) -> Result<Self> {
        let deadline = Instant::now() + address.patience();
        Ok(Self {
            client: Some(connect::connect(address, deadline)?),
            address: address.clone(),
            writer: fastrand::i64(..),
        })
    }

    /// Runs statements, and repeats them if the connection is lost.
    fn ask<T>(&mut self, mut question: impl FnMut(&mut Client) -> Answer<T>) -> Result<T> {
        let deadline = Instant::now() + self.address.patience();
        for attempt in 0.. {
            let client = match &mut self.client {
                Some(client) => client,
                none => none.insert(connect::connect(&self.address, deadline)?),
            };
            match question(client) {
                Ok(answer) => return Ok(answer),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Lost(why)) => {
                    self.client = None;
                    if Instant::now() >= deadline {
                        return Err(Error::Unavailable(format!("`{}`: {why}", self.address)));
                    }
                    // A server that accepts connections and closes them is not retried in a tight loop.
                    thread::sleep(RECONNECT.delay(attempt, fastrand::f64()));
                }
            }
        }
        unreachable!("attempts end at the deadline")
    }

    /// Runs a change in one transaction.
    fn transaction<T>(
        &mut self,
        mut change: impl FnMut(&mut Statements<'_>) -> Answer<T>,
    ) -> Result<T> {
        self.ask(|client| client.transaction(CHANGE, |client| change(&mut Statements(client))))
    }
}

impl Database for Postgres {
    fn writer(&self) -> i64 {
        self.writer
    }

    fn read<T>(&mut self, mut question: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        self.ask(|client| question(&mut Statements(client)))
    }

    fn snapshot<T>(
        &mut self,
        mut question: impl FnMut(&mut dyn Session) -> Answer<T>,
    ) -> Result<T> {
        self.ask(|client| client.transaction(SNAPSHOT, |client| question(&mut Statements(client))))
    }

    fn change_one<T>(
        &mut self,
        mut change: impl FnMut(&mut dyn Session) -> Answer<T>,
    ) -> Result<T> {
        self.ask(|client| change(&mut Statements(client)))
    }

    fn change<T>(&mut self, mut change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T> {
        self.transaction(|session| change(session))
    }

    fn change_each<I>(
        &mut self,
        items: &[I],
        mut change: impl FnMut(&mut dyn Session, &I) -> Answer<()>,
    ) -> Result<()> {
        // Each in its own transaction, so that another server does not wait for all of the locks.
        items
            .iter()
            .try_for_each(|item| self.change(|session| change(session, item)))
    }

    fn check_file(&mut self, _: Depth) -> Result<()> {
        // The server checks its files itself if `data_checksums` is on.
        Ok(())
    }

    fn claim_free<T>(
        &mut self,
        request: &FreeRequest<'_>,
        mut read: impl FnMut(&mut dyn Session, &[i64]) -> Answer<Vec<T>>,
    ) -> Result<Vec<T>> {
        // It identifies what this call claimed before it lost its connection.
        let claim = fastrand::i64(..);
        let time_to_live = milliseconds(request.time_to_live).cast_signed();
        self.transaction(|session| {
            let rows = session.query(&request.kind.fill(HOLDERS), &[])?;
            let holders: Result<_> = rows.into_iter().map(|mut row| row.text(0)).collect();
            let ids = session.lock_free(request, claim, &dead(holders?))?;
            if !ids.is_empty() {
                session.claim(request, claim, &ids, time_to_live)?;
            }
            read(session, &ids)
        })
    }
}
