//! What the two databases have in common: statements with values, and rows of cells.
//!
//! A statement is written once, in the dialect that both read, and a [`Session`] completes it:
//!
//! - `?1`, `?2` … are the values; `PostgreSQL` reads them as `$1`, `$2` ….
//! - `:now` is the time of the store, in milliseconds since 1970.
//! - `:boot` identifies the boot of the machine, and `:elapsed` is the time since that boot, in milliseconds. Changes of
//!   the system clock don't affect them.
//! - `:lock` at the end of a `SELECT` locks its rows until the end of the transaction. `SQLite` needs no such lock:
//!   only one transaction can write at a time.
//! - `:sum(a, b):end` is the SHA-256 checksum of these columns.
//!
//! Tables have no schema in front of them; a session of `PostgreSQL` sets its `search_path`. What differs on
//! purpose (locks and batches) is part of each session.

use std::borrow::Cow;

use super::inbox::{Delivery, PushEvent};
use super::{Depth, Error, NewDeployment, Result};

/// Why a statement failed.
#[derive(Debug)]
pub enum Fault {
    /// The connection is lost, and another one may answer.
    Lost(String),
    /// The same statement would fail again.
    Final(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Final(error) => error,
            Fault::Lost(why) => Self::Unavailable(why),
        }
    }
}

/// The result of a statement.
pub type Answer<T> = std::result::Result<T, Fault>;

/// A value of a statement.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// A number, or NULL.
    Number(Option<i64>),
    /// A text, or NULL.
    Text(Option<&'a str>),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A truth value.
    Flag(bool),
}

/// Makes the values of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::journal::sql::Value::from($value)),*] };
}
pub(super) use values;

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(Some(number.cast_signed()))
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref())
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

/// One cell of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number.
    Number(i64),
    /// A text or a blob. A text that was damaged need not be UTF-8.
    Bytes(Vec<u8>),
}

/// A row that a statement found. Its columns are counted from 0.
#[derive(Clone, Debug)]
pub struct Cells(pub Vec<Cell>);

impl Cells {
    /// A number that is never negative in this program.
    pub fn number(&self, column: usize) -> Result<u64> {
        self.signed(column).map(i64::cast_unsigned)
    }

    /// A number as the database has it.
    pub fn signed(&self, column: usize) -> Result<i64> {
        match self.0.get(column) {
            Some(Cell::Number(number)) => Ok(*number),
            _ => Err(unexpected(column)),
        }
    }

    /// A number that may be missing.
    pub fn optional_number(&self, column: usize) -> Result<Option<u64>> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.number(column).map(Some),
        }
    }

    /// A number of attempts.
    pub fn attempts(&self, column: usize) -> Result<u32> {
        let stored = self.signed(column)?;
        Ok(u32::try_from(stored).unwrap_or(u32::MAX))
    }

    /// A text, which is moved out.
    pub fn text(&mut self, column: usize) -> Result<String> {
        String::from_utf8(self.bytes(column)?).map_err(|_| unexpected(column))
    }

    /// A text that may be missing.
    pub fn optional_text(&mut self, column: usize) -> Result<Option<String>> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.text(column).map(Some),
        }
    }

    /// The bytes of a text or a blob, which are moved out.
    pub fn bytes(&mut self, column: usize) -> Result<Vec<u8>> {
        match self.0.get_mut(column) {
            Some(Cell::Bytes(bytes)) => Ok(std::mem::take(bytes)),
            _ => Err(unexpected(column)),
        }
    }

    /// Bytes that may be missing.
    pub fn optional_bytes(&mut self, column: usize) -> Result<Option<Vec<u8>>> {
        match self.0.get(column) {
            Some(Cell::Null) => Ok(None),
            _ => self.bytes(column).map(Some),
        }
    }
}

fn unexpected(column: usize) -> Error {
    Error::Wrong(format!(
        "column {column} of a row has another type than this program stores"
    ))
}

/// A connection, or a transaction on one.
pub trait Session {
    /// Runs a statement, and returns how many rows it changed.
    fn execute(&mut self, statement: &str, values: &[Value<'_>]) -> Answer<u64>;

    /// Runs a statement, and returns the rows that it found.
    fn query(&mut self, statement: &str, values: &[Value<'_>]) -> Answer<Vec<Cells>>;

    /// Finds rows by the column `id`, in the order given. The statement ends before its `WHERE`.
    fn query_by_ids(&mut self, statement: &str, ids: &[i64]) -> Answer<Vec<Cells>>;

    /// Stores a new deployment. `token` is the same when the call is repeated after a lost connection.
    ///
    /// [`Error::Requested`] if another deployment has the same idempotency key.
    fn insert_deployment(&mut self, new: &NewDeployment, token: i64) -> Answer<u64>;

    /// Stores deliveries with their push events.
    fn insert_deliveries(&mut self, deliveries: &[Delivery]) -> Answer<()>;

    /// Removes some of the oldest deliveries from before a moment whose push events are all settled.
    fn delete_settled_deliveries(&mut self, before: u64) -> Answer<u64>;

    /// Returns the push events that the inbox does not know.
    fn unknown(&mut self, listed: &[PushEvent]) -> Answer<Vec<PushEvent>>;

    /// Stores push events as ignored where the inbox does not know them.
    fn insert_ignored(&mut self, at: u64, listed: &[PushEvent], why: &str) -> Answer<()>;
}

impl dyn Session + '_ {
    /// The first row that a statement finds.
    pub fn first(&mut self, statement: &str, values: &[Value<'_>]) -> Answer<Option<Cells>> {
        Ok(self.query(statement, values)?.into_iter().next())
    }

    /// The row that a statement always finds.
    pub fn one(&mut self, statement: &str, values: &[Value<'_>]) -> Answer<Cells> {
        let found = self.first(statement, values)?;
        found.ok_or_else(|| Error::Wrong("a row is missing".to_owned()).into())
    }
}

/// A database with the tables of a journal. `Store` and `Inbox` are written once for every kind of it.
pub trait Database: Send {
    /// Distinguishes this store's records from those of other stores.
    fn writer(&self) -> i64;

    /// Runs statements that change nothing. They are repeated after a lost connection.
    fn read<T>(&mut self, question: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T>;

    /// Runs several statements that change nothing, and that all see the same state of the database. They are repeated
    /// after a lost connection.
    fn snapshot<T>(&mut self, question: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T>;

    /// Runs one changing statement. It is repeated after a lost connection.
    fn change_one<T>(&mut self, change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T>;

    /// Runs several statements in a transaction. They are repeated after a lost connection.
    fn change<T>(&mut self, change: impl FnMut(&mut dyn Session) -> Answer<T>) -> Result<T>;

    /// Checks the file of the database, if the database can do so.
    fn check_file(&mut self, depth: Depth) -> Result<()>;

    /// Claims free rows, and reads the claimed ones by their numbers.
    fn claim_free<T>(
        &mut self,
        request: &super::inbox::FreeRequest<'_>,
        read: impl FnMut(&mut dyn Session, &[i64]) -> Answer<Vec<T>>,
    ) -> Result<Vec<T>>;

    /// Runs several changes, in one transaction or in one for each.
    fn change_each<I>(
        &mut self,
        items: &[I],
        change: impl FnMut(&mut dyn Session, &I) -> Answer<()>,
    ) -> Result<()>;
}

/// A number of rows, limited to what a database can count.
pub fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The texts that complete a statement for a database.
#[derive(Debug)]
pub struct Dialect<'a> {
    /// The time of the store.
    pub now: &'a str,
    /// The boot of the machine whose clock decides about leases, as text; `NULL` if [`now`](Self::now) decides.
    pub boot: &'a str,
    /// The time since that boot, in milliseconds.
    pub elapsed: &'a str,
    /// The end of a `SELECT` that locks its rows.
    pub lock: &'static str,
    /// The beginning and the end of a checksum, without the list in parentheses between them.
    pub sum: (&'static str, &'static str),
}

/// Completes a statement for a database.
pub fn completed<'a>(statement: &'a str, dialect: &Dialect<'_>) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(statement);
    for (token, meaning) in [
        (":now", dialect.now),
        (":boot", dialect.boot),
        (":elapsed", dialect.elapsed),
        (":lock", dialect.lock),
        (":sum", dialect.sum.0),
        (":end", dialect.sum.1),
    ] {
        if text.contains(token) {
            text = Cow::Owned(text.replace(token, meaning));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_completed_for_a_database() {
        let dialect = Dialect {
            now: "now()",
            boot: "NULL",
            elapsed: "0",
            lock: "FOR UPDATE",
            sum: ("sum", "::text"),
        };
        let statement = "SELECT :sum(a, b):end, :now FROM t WHERE b = ?1 :lock";
        assert_eq!(
            completed(statement, &dialect),
            "SELECT sum(a, b)::text, now() FROM t WHERE b = ?1 FOR UPDATE"
        );
        let same = completed("SELECT 1::bigint", &dialect);
        assert!(matches!(same, Cow::Borrowed("SELECT 1::bigint")));
    }

    #[test]
    fn a_cell_of_another_type_is_refused() {
        let mut row = Cells(vec![
            Cell::Null,
            Cell::Number(-1),
            Cell::Bytes(vec![0xff]),
            Cell::Number(i64::MAX),
        ]);
        assert_eq!(row.optional_text(0), Ok(None));
        assert_eq!(row.optional_number(0), Ok(None));
        assert_eq!(row.number(1), Ok(u64::MAX));
        assert_eq!(row.attempts(3), Ok(u32::MAX));
        assert!(row.text(2).is_err(), "it is not UTF-8");
        for result in [row.number(0), row.number(2), row.number(4)] {
            assert!(matches!(result, Err(Error::Wrong(_))), "{result:?}");
        }
        assert!(row.bytes(1).is_err());
    }
}
