use ::postgres::{Client, GenericClient};

use super::fault::Fault;
use crate::journal::Error;

/// The version of what is in the schema `greenlight`.
const VERSION: i32 = 1;

/// What is locked while the schema is made: `gl` and `jl`.
const MAKING: i64 = 0x676c_6a6c;

const TABLES: &str = "
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

/// Makes the tables if there are none. A schema of the same name with something else in it is left as it is.
pub fn ensure(client: &mut Client) -> Result<(), Fault> {
    let encoding: String = client.query_one("SHOW server_encoding", &[])?.get(0);
    if encoding != "UTF8" {
        return Err(Error::Wrong(format!(
            "the encoding of the database is {encoding}, and has to be UTF8"
        ))
        .into());
    }
    // Asked without the lock first: who may only use the tables need not be able to make them.
    if let Some(version) = version(client)? {
        return check(version);
    }
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])?;
    if let Some(version) = version(&mut transaction)? {
        return check(version);
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
    transaction.batch_execute(TABLES)?;
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
