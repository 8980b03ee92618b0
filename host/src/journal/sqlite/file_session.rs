//! Statements on a connection to a file.

use std::collections::BTreeSet;

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Params, Statement, ToSql, params, params_from_iter};
use sha2::{Digest as _, Sha256};

use crate::clock;
use crate::journal::anchor::Table;
use crate::journal::inbox::{Delivery, PushEvent};
use crate::journal::seal::PUSH_EVENTS;
use crate::journal::sql::{Answer, Cell, Cells, Dialect, Fault, Session, Value, completed, values};
use crate::journal::{Error, Holder, NewDeployment};

/// The name of the function that [`add_functions`] adds.
const ROW_CHECKSUM: &str = "row_checksum";

/// Adds the function that computes the checksum of a row. The type and the length of each value are part of the checksum.
pub fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(ROW_CHECKSUM, -1, flags, |values| {
        let mut sum = Sha256::new();
        for place in 0..values.len() {
            let number;
            let (kind, bytes): (u8, &[u8]) = match values.get_raw(place) {
                ValueRef::Null => (0, &[]),
                ValueRef::Integer(value) => {
                    number = value.to_be_bytes();
                    (1, &number)
                }
                ValueRef::Real(value) => {
                    number = value.to_be_bytes();
                    (2, &number)
                }
                ValueRef::Text(bytes) => (3, bytes),
                ValueRef::Blob(bytes) => (4, bytes),
            };
            sum.update([kind]);
            sum.update((bytes.len() as u64).to_be_bytes());
            sum.update(bytes);
        }
        Ok(sum.finalize().to_vec())
    })
}

/// A connection, inside of a transaction or not.
pub struct Statements<'a>(pub &'a Connection);

impl Statements<'_> {
    fn prepare(&self, statement: &str) -> rusqlite::Result<Statement<'_>> {
        let now = clock::milliseconds().to_string();
        let (boot, elapsed) = match (Holder::boot(), clock::since_boot()) {
            (Some(boot), Some(elapsed)) => (
                format!("'{}'", boot.replace('\'', "")),
                clock::in_milliseconds(elapsed).to_string(),
            ),
            _ => ("NULL".to_owned(), "NULL".to_owned()),
        };
        let dialect = Dialect {
            now: &now,
            boot: &boot,
            elapsed: &elapsed,
            lock: "",
            sum: (ROW_CHECKSUM, ""),
        };
        self.0.prepare(&completed(statement, &dialect))
    }

    fn seal_push_events(&self, ids: &BTreeSet<i64>) -> rusqlite::Result<()> {
        let mut seal = self.prepare(&PUSH_EVENTS.sealing("id = ?1"))?;
        for id in ids {
            seal.execute([id])?;
        }
        Ok(())
    }
}

impl Session for Statements<'_> {
    fn execute(&mut self, statement: &str, values: &[Value<'_>]) -> Answer<u64> {
        let changed = self.prepare(statement)?.execute(params_from_iter(values))?;
        Ok(changed as u64)
    }

    fn query(&mut self, statement: &str, values: &[Value<'_>]) -> Answer<Vec<Cells>> {
        let mut prepared = self.prepare(statement)?;
        Ok(rows(&mut prepared, params_from_iter(values))?)
    }

    fn query_by_ids(&mut self, statement: &str, ids: &[i64]) -> Answer<Vec<Cells>> {
        let mut prepared = self.prepare(&format!("{statement} WHERE id = ?1"))?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.append(&mut rows(&mut prepared, [id])?);
        }
        Ok(found)
    }

    fn insert_deployment(&mut self, new: &NewDeployment, _: i64) -> Answer<u64> {
        if let Some(request) = &new.request {
            let session: &mut dyn Session = self;
            let found = session.first(
                "SELECT number FROM deployments WHERE request = ?1",
                values![request],
            )?;
            if let Some(row) = found {
                return Err(Error::Requested(row.number(0)?).into());
            }
        }
        self.execute(
            "INSERT INTO deployments (tag, digest, commit_id, began, request)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            values![&new.tag, &new.digest, &new.commit, new.began, &new.request],
        )?;
        Table::Deployments.grow(self, 1)?;
        Ok(self.0.last_insert_rowid().cast_unsigned())
    }

    fn insert_deliveries(&mut self, list: &[Delivery]) -> Answer<()> {
        let (ids, added) = insert_deliveries(self.0, list)?;
        self.seal_push_events(&ids)?;
        Table::PushEvents.grow(self, added)
    }

    fn delete_settled_deliveries(&mut self, before: u64) -> Answer<u64> {
        self.execute(DELETE_SETTLED, values![before])
    }

    fn unknown(&mut self, listed: &[PushEvent]) -> Answer<Vec<PushEvent>> {
        Ok(unknown(self.0, listed)?)
    }

    fn insert_ignored(&mut self, at: u64, listed: &[PushEvent], why: &str) -> Answer<()> {
        let ids = insert_ignored(self.0, at, listed, why)?;
        self.seal_push_events(&ids)?;
        Table::PushEvents.grow(self, ids.len() as u64)
    }
}

fn rows(prepared: &mut Statement<'_>, params: impl Params) -> rusqlite::Result<Vec<Cells>> {
    let count = prepared.column_count();
    let mut rows = prepared.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = (0..count).map(|column| {
            Ok(match row.get_ref(column)? {
                ValueRef::Integer(number) => Cell::Number(number),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
                ValueRef::Null | ValueRef::Real(_) => Cell::Null,
            })
        });
        found.push(Cells(cells.collect::<rusqlite::Result<_>>()?));
    }
    Ok(found)
}

/// Removes some of the oldest deliveries from before a moment whose push events are all settled.
const DELETE_SETTLED: &str = "
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries d WHERE at < ?1 AND NOT EXISTS (
            SELECT 1 FROM json_each(d.hints) said JOIN hints h ON h.id = said.value
            WHERE h.state = 'pending')
        ORDER BY at LIMIT 1000)";

/// Stores deliveries with their push events. Returns the numbers of the push events, and how many of them are new.
fn insert_deliveries(
    connection: &Connection,
    deliveries: &[Delivery],
) -> rusqlite::Result<(BTreeSet<i64>, u64)> {
    let mut find = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM hints WHERE repository = ?1 AND tag = ?2 AND digest = ?3)",
    )?;
    let mut upsert = connection.prepare(
        "INSERT INTO hints (repository, tag, digest, deliveries, first_at, last_at, state)
         VALUES (?1, ?2, ?3, 1, ?4, ?4, 'pending')
         ON CONFLICT (repository, tag, digest) DO UPDATE SET deliveries = deliveries + 1,
             first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at),
             state = 'pending', why = NULL, attempts = 0, again_at = 0, boot_again_at = 0
         RETURNING id",
    )?;
    let mut insert = connection
        .prepare("INSERT INTO deliveries (at, source, body, hints) VALUES (?1, ?2, ?3, ?4)")?;
    let (mut ids, mut added) = (BTreeSet::new(), 0);
    for delivery in deliveries {
        let at = delivery.at.cast_signed();
        let mut said = Vec::new();
        let distinct: BTreeSet<_> = delivery.push_events.iter().map(PushEvent::key).collect();
        for (repository, tag, digest) in distinct {
            let is_known: bool = find.query_row([repository, tag, digest], |row| row.get(0))?;
            added += u64::from(!is_known);
            let push_event = params![repository, tag, digest, at];
            let id: i64 = upsert.query_row(push_event, |row| row.get(0))?;
            ids.insert(id);
            said.push(id.to_string());
        }
        let said = format!("[{}]", said.join(","));
        insert.execute(params![at, delivery.source, delivery.body, said])?;
    }
    Ok((ids, added))
}

/// Picks the push events that the inbox does not know.
fn unknown(connection: &Connection, listed: &[PushEvent]) -> rusqlite::Result<Vec<PushEvent>> {
    let mut question = connection.prepare(
        "SELECT EXISTS (SELECT 1 FROM hints
                        WHERE repository = ?1 AND tag = ?2 AND (?3 = '' OR digest = ?3))
             OR EXISTS (SELECT 1 FROM starts
                        WHERE repository = ?1 AND tag = ?2 AND digest = ?3 AND ?3 <> '')",
    )?;
    let mut unknown = Vec::new();
    for push_event in listed {
        if !question.query_row(push_event.key(), |row| row.get(0))? {
            unknown.push(push_event.clone());
        }
    }
    Ok(unknown)
}

/// Stores push events as ignored where the inbox does not know them. Returns the numbers of the new ones.
fn insert_ignored(
    connection: &Connection,
    at: u64,
    listed: &[PushEvent],
    why: &str,
) -> rusqlite::Result<BTreeSet<i64>> {
    let mut insert = connection.prepare(
        "INSERT INTO hints (repository, tag, digest, deliveries, first_at, last_at, state, why)
         VALUES (?1, ?2, ?3, 0, ?4, ?4, 'ignored', ?5)
         ON CONFLICT (repository, tag, digest) DO NOTHING",
    )?;
    let mut added = BTreeSet::new();
    for push_event in listed {
        let (repository, tag, digest) = push_event.key();
        let new = insert.execute(params![repository, tag, digest, at.cast_signed(), why])?;
        if new > 0 {
            added.insert(connection.last_insert_rowid());
        }
    }
    Ok(added)
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Self::Number(number) => number.map_or(ValueRef::Null, ValueRef::Integer),
            Self::Text(text) => text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Flag(flag) => ValueRef::Integer(i64::from(flag)),
        }))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Final(error.into())
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let text = match &error {
            rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
            other => other.to_string(),
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(text),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(text),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Unavailable("another process keeps it locked".to_owned())
            }
            Some(
                ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::OutOfMemory,
            ) => Self::Unavailable(text),
            // All other errors mean that the file does not hold what this module writes.
            _ => Self::Wrong(text),
        }
    }
}
