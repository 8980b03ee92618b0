//! A blocking client of `PostgreSQL` that limits the size and the time of an answer.
//!
//! The library limits neither. This client counts the bytes that arrive after each statement, so that a hostile or
//! damaged server can't make it use more memory than the limit.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{self, Runtime};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, NoTls, Row};

use super::encrypt::{encrypt, refusal};
use super::socket::{self, Limited, Server};
use crate::journal::Address;
use crate::journal::sql::{Answer, Fault};
use crate::limits::DATABASE;

/// The task that moves bytes between the socket and the client. It runs only during a call.
type Connection = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The values of a statement.
pub type Parameters<'a> = [&'a (dyn ToSql + Sync)];

/// Starts a transaction that changes something. Stricter levels fail where this one waits, and every change locks the
/// rows that it depends on.
pub const CHANGE: &str = "START TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Starts a transaction in which each statement sees the same state of the database.
pub const SNAPSHOT: &str = "START TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A connection to a server.
pub struct Client {
    runtime: Runtime,
    inner: tokio_postgres::Client,
    /// `None` after the connection was lost.
    connection: Option<Connection>,
    /// How many bytes arrived since the last statement was sent.
    received: Arc<AtomicU64>,
}

impl Client {
    /// Connects to the first server of an address that answers and allows the access that the address requires.
    pub fn connect(address: &Address, time_limit: Duration) -> Answer<Self> {
        let config = address.config();
        let time_limit = time_limit.min(DATABASE.time());
        let mut fault = Fault::Lost("the address names no server".to_owned());
        for server in socket::servers(config) {
            match Self::connect_to(&server, address, time_limit) {
                Ok(client) => return Ok(client),
                Err(why) => fault = why,
            }
        }
        Err(fault)
    }

    fn connect_to(server: &Server, address: &Address, time_limit: Duration) -> Answer<Self> {
        let config = address.config();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Fault::Lost(error.to_string()))?;
        let received = Arc::new(AtomicU64::new(0));
        let connected = runtime.block_on(async {
            let connecting = async {
                let stream = socket::open(server, config).await?;
                let stream = Limited::new(stream, Arc::clone(&received));
                let stream = encrypt(stream, server, address.encryption()).await?;
                let connected = config.connect_raw(stream, NoTls).await;
                connected.map_err(|error| refusal(error, server, address.encryption()))
            };
            let connected = tokio::time::timeout(time_limit, connecting).await;
            connected.unwrap_or_else(|_| Err(silent(time_limit)))
        });
        let (inner, connection) = connected?;
        let mut client = Self {
            runtime,
            inner,
            connection: Some(Box::pin(connection)),
            received,
        };
        client.check_access(config.get_target_session_attrs())?;
        Ok(client)
    }

    /// Checks that the server allows the access that the address requires: `target_session_attrs`.
    fn check_access(&mut self, wanted: TargetSessionAttrs) -> Answer<()> {
        let (wanted, why) = match wanted {
            TargetSessionAttrs::ReadWrite => ("off", "the database does not allow writes"),
            TargetSessionAttrs::ReadOnly => ("on", "the database is not read only"),
            _ => return Ok(()),
        };
        let found: String = self.one("SHOW transaction_read_only", &[])?.try_get(0)?;
        if found == wanted {
            Ok(())
        } else {
            Err(Fault::Lost(why.to_owned()))
        }
    }

    /// Runs statements without values.
    pub fn batch(&mut self, statements: &str) -> Answer<()> {
        self.ask(async |client| client.batch_execute(statements).await)
    }

    /// Runs a statement, and returns how many rows it changed.
    pub fn execute(&mut self, statement: &str, values: &Parameters<'_>) -> Answer<u64> {
        self.ask(async |client| client.execute(statement, values).await)
    }

    /// Runs a statement, and returns the rows that it found.
    pub fn query(&mut self, statement: &str, values: &Parameters<'_>) -> Answer<Vec<Row>> {
        self.ask(async |client| client.query(statement, values).await)
    }

    /// Runs a statement that finds one row.
    pub fn one(&mut self, statement: &str, values: &Parameters<'_>) -> Answer<Row> {
        self.ask(async |client| client.query_one(statement, values).await)
    }

    /// Runs statements in a transaction, which is rolled back if one of them fails. `start` is [`CHANGE`] or
    /// [`SNAPSHOT`].
    pub fn transaction<T>(
        &mut self,
        start: &str,
        change: impl FnOnce(&mut Self) -> Answer<T>,
    ) -> Answer<T> {
        self.batch(start)?;
        let transaction = Transaction(self);
        let done = change(transaction.0)?;
        transaction.0.batch("COMMIT")?;
        std::mem::forget(transaction);
        Ok(done)
    }

    /// Sends statements and waits for the answer. The limits apply to the whole answer.
    fn ask<T>(
        &mut self,
        send: impl AsyncFnOnce(&tokio_postgres::Client) -> Result<T, Error>,
    ) -> Answer<T> {
        let Some(connection) = &mut self.connection else {
            return Err(Fault::Lost("the connection is closed".to_owned()));
        };
        let client = &self.inner;
        let mut is_over = false;
        self.received.store(0, Ordering::Relaxed);
        let time_limit = DATABASE.time();
        let answer = self.runtime.block_on(async {
            let mut asked = pin!(send(client));
            let answer = poll_fn(|context| {
                // The connection must move the bytes before the answer can be complete.
                let ended = connection.as_mut().poll(context);
                is_over = ended.is_ready();
                match (asked.as_mut().poll(context), ended) {
                    (Poll::Ready(Ok(answer)), _) => Poll::Ready(Ok(answer)),
                    // An error of the server explains more than the end of the connection, which explains more than
                    // any other error.
                    (Poll::Ready(Err(error)), _) if error.as_db_error().is_some() => {
                        Poll::Ready(Err(error.into()))
                    }
                    (_, Poll::Ready(Err(error))) | (Poll::Ready(Err(error)), _) => {
                        Poll::Ready(Err(error.into()))
                    }
                    (Poll::Pending, Poll::Ready(Ok(()))) => {
                        let why = "the server closed the connection".to_owned();
                        Poll::Ready(Err(Fault::Lost(why)))
                    }
                    (Poll::Pending, Poll::Pending) => Poll::Pending,
                }
            });
            tokio::time::timeout(time_limit, answer).await
        });
        let answer = answer.unwrap_or_else(|_| {
            is_over = true;
            Err(silent(time_limit))
        });
        if is_over {
            self.connection = None;
        }
        answer
    }
}

/// A transaction that has not been committed.
struct Transaction<'a>(&'a mut Client);

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // A connection whose transaction may be open must not be used again.
        if self.0.batch("ROLLBACK").is_err() {
            self.0.connection = None;
        }
    }
}

fn silent(time_limit: Duration) -> Fault {
    Fault::Lost(format!(
        "the server did not answer within {} s",
        time_limit.as_secs_f32().round()
    ))
}
