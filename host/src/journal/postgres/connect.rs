//! Connects to a `PostgreSQL` server, and brings its schema to this program's version.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{CHANGE, Client};
use super::server_session::Statements;
use crate::journal::seal::seal_unsealed;
use crate::journal::sql::{Answer, Fault};
use crate::journal::{Address, Error, Result, inbox};
use crate::retry::Backoff;

/// How long to wait before reconnecting. The delays are spread, so that clients that lost the server together do
/// not reconnect together.
pub const RECONNECT: Backoff = Backoff {
    first: Duration::from_millis(20),
    factor: 2.0,
    longest: Duration::from_secs(1),
    spread: (0.5, 1.5),
};

/// The settings of each session. A transaction of a silent client must not keep its locks, and a commit must be on
/// disk, even if the server's default is otherwise. Names without a schema are the journal's.
const SESSION: &str = "
SET lock_timeout = '5s';
SET statement_timeout = '10s';
SET idle_in_transaction_session_timeout = '10s';
SET search_path = pg_catalog, greenlight, pg_temp;
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local');
";

/// The minimum time limit of an attempt to log in.
const SHORTEST: Duration = Duration::from_millis(100);

/// Connects to a server, and retries until the deadline while it can't be reached.
pub fn connect(address: &Address, deadline: Instant) -> Result<Client> {
    let mut attempt = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let why = match session(address, left.max(SHORTEST)) {
            Ok(client) => return Ok(client),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Lost(why)) => why,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Error::Unavailable(format!("`{address}`: {why}")));
        }
        thread::sleep(RECONNECT.delay(attempt, fastrand::f64()).min(left));
        attempt += 1;
    }
}

fn session(address: &Address, time_limit: Duration) -> Answer<Client> {
    let mut client = Client::connect(address, time_limit)?;
    client.batch(SESSION)?;
    migrate(&mut client)?;
    Ok(client)
}

/// The version of the journal in a database; `None` if the database has none. Nothing is changed. Tries once.
pub fn found(address: &Address, time_limit: Duration) -> Result<Option<usize>> {
    let seen = Client::connect(address, time_limit).and_then(|mut it| version(&mut it));
    match seen {
        Ok(Some(version)) if version > VERSION => Err(unknown(version)),
        Ok(version) => Ok(version),
        Err(Fault::Final(error)) => Err(error),
        Err(Fault::Lost(why)) => Err(Error::Unavailable(format!("`{address}`: {why}"))),
    }
}

/// The version of the schema `greenlight`.
pub const VERSION: usize = MIGRATIONS.len();

/// The advisory lock that is held while the schema is migrated: `gl` and `jl`.
const MAKING: i64 = 0x676c_6a6c;

/// What each version adds to the one before it.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/postgres/0001-deployments.sql"),
    include_str!("../migrations/postgres/0002-inbox.sql"),
    include_str!("../migrations/postgres/0003-messages.sql"),
    include_str!("../migrations/postgres/0004-live.sql"),
    include_str!("../migrations/postgres/0005-outbox.sql"),
    include_str!("../migrations/postgres/0006-anchors.sql"),
    include_str!("../migrations/postgres/0007-checksums.sql"),
    include_str!("../migrations/postgres/0008-boot-clock.sql"),
    include_str!("../migrations/postgres/0009-boot-due.sql"),
    include_str!("../migrations/postgres/0010-freezes.sql"),
];

/// Migrates the schema `greenlight` to this program's version, or creates it. A schema of that name with other
/// contents is left unchanged.
pub fn migrate(client: &mut Client) -> Answer<()> {
    let encoding: String = client.one("SHOW server_encoding", &[])?.try_get(0)?;
    if encoding != "UTF8" {
        return Err(Error::Wrong(format!(
            "the encoding of the database is {encoding}; create the database with UTF8"
        ))
        .into());
    }
    // Checked without the lock first: a user without permission to create tables can still use them.
    if version(client)? == Some(VERSION) {
        return Ok(());
    }
    client.transaction(CHANGE, |client| {
        client.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])?;
        let version = match version(client)? {
            Some(version) if (1..=VERSION).contains(&version) => version,
            Some(version) => return Err(unknown(version).into()),
            None => {
                make_room(client)?;
                0
            }
        };
        for migration in &MIGRATIONS[version..] {
            client.batch(migration)?;
        }
        let mut session = Statements(client);
        inbox::add_checksums(&mut session)?;
        seal_unsealed(&mut session)?;
        let now = i32::try_from(VERSION).unwrap_or(i32::MAX);
        if version == 0 {
            client.execute("INSERT INTO greenlight.about VALUES ($1)", &[&now])?;
        } else {
            client.execute("UPDATE greenlight.about SET version = $1", &[&now])?;
        }
        Ok(())
    })
}

/// Creates the schema, unless it exists and is empty.
fn make_room(client: &mut Client) -> Answer<()> {
    let schema = client.one(
        "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'greenlight'),
                EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                        WHERE nspname = 'greenlight')",
        &[],
    )?;
    if schema.try_get(1)? {
        return Err(Error::Wrong(
            "the schema `greenlight` of the database belongs to another program".to_owned(),
        )
        .into());
    }
    if !schema.try_get::<_, bool>(0)? {
        client.batch("CREATE SCHEMA greenlight")?;
    }
    Ok(())
}

fn version(client: &mut Client) -> Answer<Option<usize>> {
    // Not by `to_regclass`, which answers from a cache inside a transaction.
    let table = client.one(
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'greenlight' AND c.relname = 'about')",
        &[],
    )?;
    if !table.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let about = client.query("SELECT version FROM greenlight.about", &[])?;
    // Without a row, or with another type, the version is 0, which no program has.
    let version = about.first().and_then(|row| row.try_get::<_, i32>(0).ok());
    Ok(Some(
        version.and_then(|it| usize::try_from(it).ok()).unwrap_or(0),
    ))
}

fn unknown(version: usize) -> Error {
    Error::Wrong(format!(
        "its version is {version}, and this program knows version {VERSION}; use the version of greenlight \
         that wrote it"
    ))
}
