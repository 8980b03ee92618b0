//! The journal in a `PostgreSQL` database, for runners on several machines.
//!
//! A call that loses its connection makes a new one and asks again, as long as the address has patience.
//! Each is made such that asking twice does no harm: what was already stored is found, not stored again.

mod address;
mod connect;
mod fault;
mod inbox;
mod lease;
mod schema;

use std::thread;
use std::time::{Duration, Instant};

use ::postgres::types::ToSql;
use ::postgres::{Client, GenericClient, Transaction};

pub use self::address::Address;
use self::fault::Fault;
use super::chain::{self, Stored};
use super::{
    Claim, Error, Header, Holder, Lease, NewDeployment, Occupant, Records, Result, Row, Store,
};

/// What is read of a deployment, in the order of [`header`].
const HEADERS: &str =
    "SELECT number, tag, digest, commit_id, began, conclusion, request FROM greenlight.deployments";

/// How long to wait before a lost connection is made again.
const PAUSE: Duration = Duration::from_millis(20);

/// A journal in a database.
pub struct Postgres {
    address: Address,
    client: Option<Client>,
    /// Tells this store's records from those of others.
    writer: i64,
}

impl Postgres {
    /// Connects to the database, and makes the tables where there are none.
    pub fn open(address: &Address) -> Result<Self> {
        Ok(Self {
            client: Some(connect::connect(
                address,
                Instant::now() + address.patience(),
            )?),
            address: address.clone(),
            writer: fastrand::i64(..),
        })
    }

    /// Asks something, again if the connection is lost.
    fn ask<T>(
        &mut self,
        mut question: impl FnMut(&mut Client) -> std::result::Result<T, Fault>,
    ) -> Result<T> {
        let deadline = Instant::now() + self.address.patience();
        loop {
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
                    // A server that answers and then hangs up is not asked as fast as it can.
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Does something as one.
    fn change<T>(
        &mut self,
        mut change: impl FnMut(&mut Transaction) -> std::result::Result<T, Fault>,
    ) -> Result<T> {
        self.ask(|client| {
            // Stricter levels fail where this one waits, and every change locks what it rests on.
            let mut transaction = client
                .build_transaction()
                .isolation_level(::postgres::IsolationLevel::ReadCommitted)
                .start()?;
            let done = change(&mut transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }

    fn headers(&mut self, which: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Header>> {
        let question = format!("{HEADERS} {which}");
        self.ask(|client| {
            Ok(client
                .query(&question, params)?
                .iter()
                .map(header)
                .collect())
        })
    }
}

impl Store for Postgres {
    fn begin(&mut self, new: &NewDeployment) -> Result<u64> {
        // By it is found what was stored before the connection was lost.
        let token = fastrand::i64(..);
        let began = new.began.cast_signed();
        self.change(|transaction| {
            transaction.execute(
                "UPDATE greenlight.deployments SET request = NULL
                 WHERE request = $1 AND conclusion IS NOT NULL
                     AND NOT EXISTS (SELECT FROM greenlight.records WHERE deployment = number)",
                &[&new.request],
            )?;
            transaction.execute(
                "INSERT INTO greenlight.deployments (tag, digest, commit_id, began, token, request)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                &[
                    &new.tag,
                    &new.digest,
                    &new.commit,
                    &began,
                    &token,
                    &new.request,
                ],
            )?;
            let row = transaction.query_one(
                "SELECT number, token FROM greenlight.deployments WHERE token = $1 OR request = $2",
                &[&token, &new.request],
            )?;
            let number = row.get::<_, i64>(0).cast_unsigned();
            if row.get::<_, i64>(1) == token {
                Ok(number)
            } else {
                Err(Error::Requested(number).into())
            }
        })
    }

    fn append(&mut self, deployment: u64, row: &Row) -> Result<()> {
        let (writer, number) = (self.writer, deployment.cast_signed());
        let (position, at) = (row.position.cast_signed(), row.at.cast_signed());
        self.change(|transaction| {
            lock(transaction, deployment)?;
            let last_two = stored(transaction, deployment, "DESC LIMIT 2")?;
            let end = chain::end(deployment, last_two)?;
            if row.position <= end.position {
                let own = transaction.query_opt(
                    "SELECT FROM greenlight.records
                     WHERE deployment = $1 AND position = $2 AND at = $3 AND body = $4 AND writer = $5",
                    &[&number, &position, &at, &row.body, &writer],
                )?;
                return own.map(drop).ok_or(Error::Taken.into());
            }
            if row.position > end.position + 1 {
                return Err(Error::Damaged {
                    deployment,
                    position: end.position + 1,
                }
                .into());
            }
            let checksum = chain::checksum(
                &end.checksum,
                deployment,
                row.position,
                row.at,
                row.body.as_bytes(),
            );
            transaction.execute(
                "INSERT INTO greenlight.records (deployment, position, at, body, checksum, writer)
                 VALUES ($1, $2, $3, $4, $5, $6)",
                &[&number, &position, &at, &row.body, &checksum.as_slice(), &writer],
            )?;
            Ok(())
        })
    }

    fn records(&mut self, deployment: u64) -> Result<Records> {
        self.ask(|client| {
            Ok(chain::verify(
                deployment,
                stored(client, deployment, "ASC")?,
            )?)
        })
    }

    fn forget_torn(&mut self, deployment: u64) -> Result<()> {
        self.change(|transaction| {
            lock(transaction, deployment)?;
            let records = chain::verify(deployment, stored(transaction, deployment, "ASC")?)?;
            if records.torn {
                let last = (records.rows.len() as u64 + 1).cast_signed();
                transaction.execute(
                    "DELETE FROM greenlight.records WHERE deployment = $1 AND position = $2",
                    &[&deployment.cast_signed(), &last],
                )?;
            }
            Ok(())
        })
    }

    fn conclude(&mut self, deployment: u64, conclusion: &str) -> Result<()> {
        let number = deployment.cast_signed();
        self.change(|transaction| {
            lock(transaction, deployment)?;
            transaction.execute(
                "UPDATE greenlight.deployments SET conclusion = $2
                 WHERE number = $1 AND conclusion IS NULL",
                &[&number, &conclusion],
            )?;
            let row = transaction.query_one(
                "SELECT conclusion FROM greenlight.deployments WHERE number = $1",
                &[&number],
            )?;
            if row.get::<_, &str>(0) == conclusion {
                Ok(())
            } else {
                Err(Error::Taken.into())
            }
        })
    }

    fn deployment(&mut self, number: u64) -> Result<Option<Header>> {
        let found = self.headers("WHERE number = $1", &[&number.cast_signed()])?;
        Ok(found.into_iter().next())
    }

    fn deployments(&mut self, limit: usize) -> Result<Vec<Header>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.headers("ORDER BY number DESC LIMIT $1", &[&limit])
    }

    fn of_commit(&mut self, commit: &str) -> Result<Vec<Header>> {
        self.headers("WHERE commit_id = $1 ORDER BY number DESC", &[&commit])
    }

    fn of_request(&mut self, request: &str) -> Result<Option<Header>> {
        let found = self.headers("WHERE request = $1", &[&request])?;
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
        self.ask(|client| lease::renew(client, lease, holder, time_to_live))
    }

    fn release(&mut self, lease: &Lease, holder: &Holder) -> Result<()> {
        self.ask(|client| lease::release(client, lease, holder))
    }

    fn leases(&mut self) -> Result<Vec<(String, Occupant)>> {
        self.ask(lease::all)
    }
}

fn header(row: &::postgres::Row) -> Header {
    Header {
        number: row.get::<_, i64>(0).cast_unsigned(),
        tag: row.get(1),
        digest: row.get(2),
        commit: row.get(3),
        began: row.get::<_, i64>(4).cast_unsigned(),
        conclusion: row.get(5),
        request: row.get(6),
    }
}

fn stored(
    client: &mut impl GenericClient,
    deployment: u64,
    order: &str,
) -> std::result::Result<Vec<Stored>, Fault> {
    let question = format!(
        "SELECT position, at, body, checksum FROM greenlight.records
         WHERE deployment = $1 ORDER BY position {order}"
    );
    let rows = client.query(&question, &[&deployment.cast_signed()])?;
    let read = |row: &::postgres::Row| Stored {
        position: row.get::<_, i64>(0).cast_unsigned(),
        at: row.get::<_, i64>(1).cast_unsigned(),
        body: row.get::<_, String>(2).into_bytes(),
        checksum: row.get(3),
    };
    Ok(rows.iter().map(read).collect())
}

/// Locks a deployment until the end of the transaction. It waits for whoever has it, also for a transaction of
/// this process whose connection was lost: once the lock is here, what that one did is decided.
fn lock(transaction: &mut Transaction, deployment: u64) -> std::result::Result<(), Fault> {
    transaction
        .query_opt(
            "SELECT FROM greenlight.deployments WHERE number = $1 FOR UPDATE",
            &[&deployment.cast_signed()],
        )?
        .map(drop)
        .ok_or(Error::Unknown(deployment).into())
}
