use ::postgres::{Client, GenericClient};

use super::fault::Fault;
use crate::journal::Error;

/// The version of what is in the schema `greenlight`.
const VERSION: i32 = 2;

/// What is locked while the schema is made: `gl` and `jl`.
const MAKING: i64 = 0x676c_6a6c;

/// What version 1 had.
const FIRST: &str = "
CREATE TABLE greenlight.about (version integer NOT NULL);
CREATE TABLE greenlight.deployments (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tag text NOT NULL,
    digest text,
    commit_id text NOT NULL,
    began bigint NOT NULL,
    conclusion text,
    token bigint NOT NULL UNIQUE
);
CREATE INDEX deployments_by_commit ON greenlight.deployments (commit_id);
CREATE TABLE greenlight.records (
    deployment bigint NOT NULL REFERENCES greenlight.deployments,
    position bigint NOT NULL,
    at bigint NOT NULL,
    body text NOT NULL,
    checksum bytea NOT NULL,
    writer bigint NOT NULL,
    PRIMARY KEY (deployment, position)
);
CREATE TABLE greenlight.leases (
    environment text PRIMARY KEY,
    fence bigint NOT NULL,
    deployment bigint NOT NULL,
    commit_id text NOT NULL,
    holder text,
    expires bigint NOT NULL
);
";

/// What version 2 has beside it: what a deployment was requested by, and the inbox.
const SECOND: &str = "
ALTER TABLE greenlight.deployments ADD COLUMN request text UNIQUE;
CREATE TABLE greenlight.deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    source text NOT NULL,
    body bytea NOT NULL,
    hints bigint[] NOT NULL
);
CREATE INDEX deliveries_by_time ON greenlight.deliveries (at);
CREATE TABLE greenlight.starts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request text NOT NULL UNIQUE,
    repository text NOT NULL,
    tag text NOT NULL,
    digest text NOT NULL,
    environment text NOT NULL,
    commit_id text NOT NULL,
    state text NOT NULL DEFAULT 'wanted',
    why text,
    attempts bigint NOT NULL DEFAULT 0,
    again_at bigint NOT NULL DEFAULT 0,
    reference text,
    finished text,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    fence bigint NOT NULL DEFAULT 0,
    claim bigint,
    holder text,
    expires bigint NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
);
CREATE INDEX starts_by_state ON greenlight.starts (state);
CREATE TABLE greenlight.hints (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository text NOT NULL,
    tag text NOT NULL,
    digest text NOT NULL,
    deliveries bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    state text NOT NULL,
    why text,
    start bigint REFERENCES greenlight.starts,
    attempts bigint NOT NULL DEFAULT 0,
    again_at bigint NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,
    claim bigint,
    holder text,
    expires bigint NOT NULL DEFAULT 0,
    UNIQUE (repository, tag, digest)
);
CREATE INDEX hints_by_time ON greenlight.hints (last_at);
CREATE INDEX hints_pending ON greenlight.hints (last_at) WHERE state = 'pending';
CREATE TABLE greenlight.baselines (
    repository text PRIMARY KEY,
    at bigint NOT NULL
);
";

/// Makes the tables if there are none, and those that an earlier version did not have. A schema of the same name with something else in it is left as it is.
pub fn ensure(client: &mut Client) -> Result<(), Fault> {
    let encoding: String = client.query_one("SHOW server_encoding", &[])?.get(0);
    if encoding != "UTF8" {
        return Err(Error::Wrong(format!(
            "the encoding of the database is {encoding}, and has to be UTF8"
        ))
        .into());
    }
    // Asked without the lock first: who may only use the tables need not be able to make them.
    if let Some(version) = version(client)?
        && version != 1
    {
        return check(version);
    }
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])?;
    match version(&mut transaction)? {
        Some(1) => {
            transaction.batch_execute(SECOND)?;
            transaction.execute("UPDATE greenlight.about SET version = $1", &[&VERSION])?;
            transaction.commit()?;
            return Ok(());
        }
        Some(version) => return check(version),
        None => {}
    }
    let schema = transaction.query_one(
        "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'greenlight'),
                EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                        WHERE nspname = 'greenlight')",
        &[],
    )?;
    if schema.get(1) {
        return Err(Error::Wrong(
            "the schema `greenlight` of the database belongs to another program".to_owned(),
        )
        .into());
    }
    if !schema.get::<_, bool>(0) {
        transaction.batch_execute("CREATE SCHEMA greenlight")?;
    }
    transaction.batch_execute(FIRST)?;
    transaction.batch_execute(SECOND)?;
    transaction.execute("INSERT INTO greenlight.about VALUES ($1)", &[&VERSION])?;
    transaction.commit()?;
    Ok(())
}

fn version(client: &mut impl GenericClient) -> Result<Option<i32>, Fault> {
    // Not by `to_regclass`: inside of a transaction it goes on answering from what it remembers.
    let table = client.query_one(
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'greenlight' AND c.relname = 'about')",
        &[],
    )?;
    if !table.get::<_, bool>(0) {
        return Ok(None);
    }
    let about = client.query_opt("SELECT version FROM greenlight.about", &[])?;
    // Without a row, or with another type, it is no version that could be right.
    Ok(Some(about.and_then(|row| row.try_get(0).ok()).unwrap_or(0)))
}

fn check(version: i32) -> Result<(), Fault> {
    if version == VERSION {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "its version is {version}, and this program knows version {VERSION}"
    ))
    .into())
}
