//! Statements on a connection to a server.

use std::error::Error as _;
use std::io;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Column, Row};

use super::batches;
use super::client::Client;
use crate::journal::anchor::Table;
use crate::journal::inbox::{CLAIM, Delivery, FreeRequest, PushEvent};
use crate::journal::sql::{
    Answer, Cell, Cells, Dialect, Fault, Session, Value, at_most, completed, values,
};
use crate::journal::{Error, NewDeployment};
use crate::limits::DATABASE;

const DIALECT: Dialect<'static> = Dialect {
    // The current time of the server, not the start of the transaction, which may have waited for a lock.
    now: "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    // Processes on several machines have no boot in common.
    boot: "NULL::text",
    elapsed: "NULL::bigint",
    lock: "FOR UPDATE",
    // The text of a row quotes each value.
    sum: ("sha256(convert_to(ROW", "::text, 'UTF8'))"),
};

/// A connection, or a transaction on one.
pub struct Statements<'a>(pub &'a mut Client);

/// A statement in the dialect of this database.
pub fn statement(text: &str) -> String {
    completed(text, &DIALECT).replace('?', "$")
}

impl Session for Statements<'_> {
    fn execute(&mut self, text: &str, values: &[Value<'_>]) -> Answer<u64> {
        self.0.execute(&statement(text), &parameters(values))
    }

    fn query(&mut self, text: &str, values: &[Value<'_>]) -> Answer<Vec<Cells>> {
        let rows = self.0.query(&statement(text), &parameters(values))?;
        rows.iter().map(cells).collect()
    }

    fn query_by_ids(&mut self, text: &str, ids: &[i64]) -> Answer<Vec<Cells>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let text = format!("{text} WHERE id = ANY (?1) ORDER BY array_position(?1, id)");
        let rows = self.0.query(&statement(&text), &[&ids])?;
        rows.iter().map(cells).collect()
    }

    fn insert_deployment(&mut self, new: &NewDeployment, token: i64) -> Answer<u64> {
        let added = self.execute(
            "INSERT INTO deployments (tag, digest, commit_id, began, token, request)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            values![
                &new.tag,
                &new.digest,
                &new.commit,
                new.began,
                token,
                &new.request
            ],
        )?;
        let session: &mut dyn Session = self;
        Table::Deployments.grow(session, added)?;
        let row = session.one(
            "SELECT number, token FROM deployments WHERE token = ?1 OR request = ?2",
            values![token, &new.request],
        )?;
        let number = row.number(0)?;
        if row.signed(1)? == token {
            Ok(number)
        } else {
            Err(Error::Requested(number).into())
        }
    }

    fn insert_deliveries(&mut self, list: &[Delivery]) -> Answer<()> {
        let added = batches::insert(self.0, list)?;
        Table::PushEvents.grow(self, added)
    }

    fn delete_settled_deliveries(&mut self, before: u64) -> Answer<u64> {
        self.execute(batches::DELETE_SETTLED, values![before])
    }

    fn unknown(&mut self, listed: &[PushEvent]) -> Answer<Vec<PushEvent>> {
        batches::unknown(self.0, listed)
    }

    fn insert_ignored(&mut self, at: u64, listed: &[PushEvent], why: &str) -> Answer<()> {
        let added = batches::insert_ignored(self.0, at, listed, why)?;
        Table::PushEvents.grow(self, added)
    }
}

impl Statements<'_> {
    /// Locks what is free, oldest first. Rows that another server is claiming right now are skipped.
    pub fn lock_free(
        &mut self,
        request: &FreeRequest<'_>,
        claim: i64,
        dead: &[String],
    ) -> Answer<Vec<i64>> {
        // Rows that this call claimed before it lost its connection come first, so that none is left behind.
        let text = request.kind.fill(
            "SELECT id FROM {table} WHERE {open} AND {due} AND ({expired} OR claim = ?1
                 OR ({reclaimable} AND holder = ANY (?2)))
             ORDER BY claim IS NOT DISTINCT FROM ?1 DESC, {order} LIMIT ?3 FOR UPDATE SKIP LOCKED",
        );
        let limit = at_most(request.limit);
        let rows = self.0.query(&statement(&text), &[&claim, &dead, &limit])?;
        let ids = rows.iter().map(|row| Ok(row.try_get(0)?));
        ids.collect()
    }

    /// Claims the locked rows.
    pub fn claim(
        &mut self,
        request: &FreeRequest<'_>,
        claim: i64,
        ids: &[i64],
        time_to_live: i64,
    ) -> Answer<()> {
        let text = format!("UPDATE {{table}} SET {CLAIM}, claim = ?4 WHERE id = ANY (?1)");
        let text = request.kind.fill(&text);
        let holder = request.holder.as_str();
        self.0
            .execute(&statement(&text), &[&ids, &holder, &time_to_live, &claim])?;
        Ok(())
    }
}

fn parameters<'a>(values: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    let parameter = |value: &'a Value<'_>| -> &'a (dyn ToSql + Sync) {
        match value {
            Value::Number(number) => number,
            Value::Text(text) => text,
            Value::Bytes(bytes) => bytes,
            Value::Flag(flag) => flag,
        }
    };
    values.iter().map(parameter).collect()
}

fn cells(row: &Row) -> Answer<Cells> {
    let cell = |(index, column): (usize, &Column)| {
        Ok(match *column.type_() {
            Type::INT8 => row
                .try_get::<_, Option<i64>>(index)?
                .map_or(Cell::Null, Cell::Number),
            Type::TEXT => row
                .try_get::<_, Option<String>>(index)?
                .map_or(Cell::Null, |text| Cell::Bytes(text.into_bytes())),
            Type::BYTEA => row
                .try_get::<_, Option<Vec<u8>>>(index)?
                .map_or(Cell::Null, Cell::Bytes),
            _ => Cell::Null,
        })
    };
    let cells = row.columns().iter().enumerate().map(cell);
    cells.collect::<Answer<_>>().map(Cells)
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let source = error.source();
            let text = match source {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            let io = source.and_then(|it| it.downcast_ref::<io::Error>());
            if io.is_some_and(|it| it.kind() == io::ErrorKind::FileTooLarge) {
                let size = DATABASE.size();
                return Self::Final(Error::Wrong(format!(
                    "an answer of the server is longer than {size}"
                )));
            }
            return if error.is_closed() || io.is_some() {
                Self::Lost(text)
            } else {
                Self::Final(Error::Wrong(text))
            };
        };
        let text = said.message().to_owned();
        match said.code() {
            &SqlState::DISK_FULL => Self::Final(Error::Full(text)),
            &SqlState::UNIQUE_VIOLATION => Self::Final(Error::Taken),
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::TOO_MANY_CONNECTIONS
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Lost(text),
            // By class; the classes are in PostgreSQL's manual, appendix A.
            code => match code.code().get(..2) {
                // Connection exception.
                Some("08") => Self::Lost(text),
                // The database rejects the statement or a value: missing table, no permission, wrong type, or
                // characters that it can't store.
                Some("42" | "3F" | "22" | "23") => Self::Final(Error::Wrong(text)),
                _ => Self::Final(Error::Unavailable(text)),
            },
        }
    }
}
