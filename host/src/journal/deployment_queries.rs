//! Deployments and their records, in either database.

use std::time::Duration;

use super::anchor::Table;
use super::baseline::{self, Baseline};
use super::chain::{self, Anchor, Stored};
use super::freeze::{self, Freeze, NewFreeze, Thaw};
use super::lease;
use super::message;
use super::pages;
use super::seal::{BASELINES, FREEZES, LEASES, MESSAGES, OUTBOX};
use super::sql::{Answer, Cells, Database, Session, Value, at_most, values};
use super::{
    Claim, ClaimRequest, Depth, Error, Header, Holder, Lease, Lock, Message, NewDeployment,
    Occupant, Result, Row, Store,
};
use crate::contract::names::Named as _;
use crate::contract::promotion::Conclusion;

/// Reads the columns of a deployment, in the order of [`header`].
const HEADERS: &str =
    "SELECT number, tag, digest, commit_id, began, conclusion, request FROM deployments";

/// Frees the idempotency key of a deployment that ended without a record.
const FREE_REQUEST: &str = "
    UPDATE deployments SET request = NULL
    WHERE request = ?1 AND conclusion IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM records WHERE deployment = number)";

impl<D: Database> Store for D {
    fn begin(&mut self, new: &NewDeployment) -> Result<u64> {
        // It identifies what this call stored before it lost its connection.
        let token = fastrand::i64(..);
        self.change(|session| {
            // A deployment that is missing from the table may have had the same idempotency key.
            Table::Deployments.check(session)?;
            session.execute(FREE_REQUEST, values![&new.request])?;
            session.insert_deployment(new, token)
        })
    }

    fn append(&mut self, deployment: u64, row: &Row) -> Result<()> {
        let writer = self.writer();
        self.change(|session| {
            let anchor = lock(session, deployment)?;
            let end = chain::end(deployment, last_two(session, deployment)?, &anchor)?;
            if row.position <= end.position {
                let own = session.first(
                    "SELECT position FROM records
                     WHERE deployment = ?1 AND position = ?2 AND at = ?3 AND body = ?4 AND writer = ?5",
                    values![deployment, row.position, row.at, &row.body, writer],
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
            // A later process may have ended a deployment without records whose process was slow.
            let ended = "SELECT number FROM deployments WHERE number = ?1 AND conclusion IS NOT NULL";
            if row.position == 1 && session.first(ended, values![deployment])?.is_some() {
                return Err(Error::Taken.into());
            }
            let body = row.body.as_bytes();
            let sum = chain::checksum(&end.checksum, deployment, row.position, row.at, body);
            session.execute(
                "INSERT INTO records (deployment, position, at, body, checksum, writer)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                values![
                    deployment,
                    row.position,
                    row.at,
                    &row.body,
                    sum.as_slice(),
                    writer
                ],
            )?;
            session.execute(
                "UPDATE deployments SET record_count = ?2, last_checksum = ?3 WHERE number = ?1",
                values![deployment, row.position, sum.as_slice()],
            )?;
            Ok(())
        })
    }

    fn records(&mut self, deployment: u64) -> Result<Vec<Row>> {
        self.snapshot(|session| pages::read(session, deployment, &pages::LIMITS))
    }

    fn check(&mut self, depth: Depth) -> Result<()> {
        self.check_file(depth)?;
        self.read(|session| {
            for rows in [OUTBOX, MESSAGES, LEASES, BASELINES, FREEZES] {
                rows.check_all(session)?;
            }
            Table::Deployments.check(session)?;
            let orphan = session.first(
                "SELECT min(deployment) FROM records
                 WHERE deployment NOT IN (SELECT number FROM deployments)",
                values![],
            )?;
            match orphan
                .map(|row| row.optional_number(0))
                .transpose()?
                .flatten()
            {
                Some(number) => Err(Error::Corrupt(format!(
                    "it has records of deployment {number}, but the deployment is missing"
                ))
                .into()),
                None => Ok(()),
            }
        })
    }

    fn conclude(&mut self, deployment: u64, conclusion: Conclusion) -> Result<()> {
        let conclusion = conclusion.name();
        self.change(|session| {
            lock(session, deployment)?;
            session.execute(
                "UPDATE deployments SET conclusion = ?2 WHERE number = ?1 AND conclusion IS NULL",
                values![deployment, conclusion],
            )?;
            let mut row = session.one(
                "SELECT conclusion FROM deployments WHERE number = ?1",
                values![deployment],
            )?;
            if row.text(0)? == conclusion {
                Ok(())
            } else {
                Err(Error::Taken.into())
            }
        })
    }

    fn deployment(&mut self, number: u64) -> Result<Option<Header>> {
        let found = headers(self, "WHERE number = ?1", values![number])?;
        Ok(found.into_iter().next())
    }

    fn deployments(&mut self, limit: usize) -> Result<Vec<Header>> {
        let limit = at_most(limit);
        headers(self, "ORDER BY number DESC LIMIT ?1", values![limit])
    }

    fn of_commit(&mut self, commit: &str) -> Result<Vec<Header>> {
        let which = "WHERE commit_id = ?1 ORDER BY number DESC";
        headers(self, which, values![commit])
    }

    fn of_request(&mut self, request: &str) -> Result<Option<Header>> {
        let found = headers(self, "WHERE request = ?1", values![request])?;
        Ok(found.into_iter().next())
    }

    fn send(&mut self, deployment: u64, at: u64, body: &str) -> Result<()> {
        // It identifies what this call stored before it lost its connection.
        let token = fastrand::i64(..);
        self.change(|session| {
            lock(session, deployment)?;
            message::send(session, deployment, at, body, token)
        })
    }

    fn messages(&mut self, deployment: u64, behind: u64) -> Result<Vec<Message>> {
        self.read(|session| message::behind(session, deployment, behind))
    }

    fn claim(&mut self, request: &ClaimRequest<'_>) -> Result<Claim> {
        self.change(|session| lease::claim(session, request))
    }

    fn renew(&mut self, lease: &Lease, holder: &Holder, time_to_live: Duration) -> Result<bool> {
        self.change(|session| lease::renew(session, lease, holder, time_to_live))
    }

    fn release(&mut self, lease: &Lease, holder: &Holder) -> Result<()> {
        self.change(|session| lease::release(session, lease, holder))
    }

    fn add_baseline(&mut self, baseline: &Baseline) -> Result<()> {
        self.change(|session| baseline::add(session, baseline))
    }

    fn baseline(&mut self, environment: &str) -> Result<Option<Baseline>> {
        self.read(|session| baseline::latest(session, environment))
    }

    fn add_freeze(&mut self, new: &NewFreeze) -> Result<u64> {
        // It identifies what this call stored before it lost its connection.
        let token = fastrand::i64(..);
        self.change(|session| freeze::add(session, new, token))
    }

    fn thaw(&mut self, number: u64, thaw: &Thaw) -> Result<()> {
        self.change(|session| freeze::thaw(session, number, thaw))
    }

    fn freezes(&mut self) -> Result<Vec<Freeze>> {
        self.read(freeze::all)
    }

    fn leases(&mut self) -> Result<Vec<(Lock, Occupant)>> {
        self.read(lease::all)
    }
}

/// Locks a deployment until the end of the transaction. It waits for every other transaction that holds the lock,
/// also for one of this process whose connection was lost: afterwards, that one is committed or rolled back.
fn lock(session: &mut dyn Session, deployment: u64) -> Answer<Anchor> {
    let found = session.first(
        "SELECT record_count, last_checksum FROM deployments WHERE number = ?1 :lock",
        values![deployment],
    )?;
    let mut row = found.ok_or(Error::Unknown(deployment))?;
    Ok(anchor(&mut row, 0)?)
}

fn headers(database: &mut impl Database, which: &str, values: &[Value<'_>]) -> Result<Vec<Header>> {
    let statement = format!("{HEADERS} {which}");
    database.read(|session| {
        let rows = session.query(&statement, values)?;
        let headers: Result<_> = rows.into_iter().map(header).collect();
        Ok(headers?)
    })
}

fn header(mut row: Cells) -> Result<Header> {
    let number = row.number(0)?;
    let conclusion = row.optional_text(5)?.map(|name| {
        Conclusion::from_name(&name).ok_or_else(|| {
            Error::Wrong(format!(
                "deployment {number} has the unknown conclusion `{name}`"
            ))
        })
    });
    Ok(Header {
        number,
        tag: row.text(1)?,
        digest: row.optional_text(2)?,
        commit: row.text(3)?,
        began: row.number(4)?,
        conclusion: conclusion.transpose()?,
        request: row.optional_text(6)?,
    })
}

/// The last two records of a deployment, the last one first.
fn last_two(session: &mut dyn Session, deployment: u64) -> Answer<Vec<Stored>> {
    let rows = session.query(
        "SELECT position, at, body, checksum FROM records WHERE deployment = ?1
         ORDER BY position DESC LIMIT 2",
        values![deployment],
    )?;
    let stored: Result<_> = rows.into_iter().map(|mut row| stored(&mut row)).collect();
    Ok(stored?)
}

pub(super) fn stored(row: &mut Cells) -> Result<Stored> {
    Ok(Stored {
        position: row.number(0)?,
        at: row.number(1)?,
        body: row.bytes(2)?,
        checksum: row.bytes(3)?,
    })
}

pub(super) fn anchor(row: &mut Cells, first: usize) -> Result<Anchor> {
    Ok(Anchor {
        count: row.number(first)?,
        checksum: row.optional_bytes(first + 1)?,
    })
}
