//! The journal of one deployment, written entry by entry.

use super::entry::Entry;
use super::record;
use crate::clock;
use crate::contract::promotion::Action;
use crate::error::Kind;
use crate::facts;
use crate::journal::{self, Row, Store};

/// Where the next entry of a deployment goes.
pub struct Log {
    /// The store, which also keeps the leases.
    pub store: Box<dyn Store>,
    /// The number of the deployment.
    pub deployment: u64,
    next: u64,
}

/// One entry with its place and time.
#[derive(Clone, Debug)]
pub struct Dated {
    /// Milliseconds since 1970.
    pub at: u64,
    /// What it says.
    pub entry: Entry,
}

impl Log {
    /// Writes behind what is there: the next entry gets this position, from 1.
    pub fn new(store: Box<dyn Store>, deployment: u64, next: u64) -> Self {
        Self {
            store,
            deployment,
            next,
        }
    }

    /// Adds an entry. It is durable when this returns.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from being stored; somebody else's entry in its place, for one.
    pub fn write(&mut self, entry: &Entry) -> Result<(), journal::Error> {
        let body = record::write(entry)
            .map_err(|error| journal::Error::Wrong(format!("failed to write JSON: {error}")))?;
        let row = Row {
            position: self.next,
            at: clock::milliseconds(),
            body,
        };
        self.store.append(self.deployment, &row)?;
        self.next += 1;
        Ok(())
    }

    /// The position of the next entry.
    pub fn next(&self) -> u64 {
        self.next
    }
}

/// Reads the entries of a deployment, and says whether a last one was damaged and is left out.
///
/// # Errors
///
/// If the store can't be read, or holds entries of another version of this program.
pub fn read(store: &mut dyn Store, deployment: u64) -> Result<(Vec<Dated>, bool), facts::Error> {
    let records = store.records(deployment)?;
    let entries = records.rows.into_iter().map(|row| {
        let entry = record::read(&row.body).map_err(|error| {
            facts::Error::of(
                Kind::Journal,
                format!(
                    "failed to read entry {} of deployment {deployment}: {error}",
                    row.position
                ),
                "use the version of greenlight that wrote it",
            )
        })?;
        Ok(Dated { at: row.at, entry })
    });
    Ok((entries.collect::<Result<_, facts::Error>>()?, records.torn))
}

/// An error of the journal, with what to do about it.
pub fn explained(error: &journal::Error) -> facts::Error {
    error.clone().into()
}

/// Whether a deployment began to change an environment.
///
/// # Errors
///
/// If its entries can't be read.
pub fn changed(
    store: &mut dyn Store,
    deployment: u64,
    environment: &str,
) -> Result<bool, facts::Error> {
    let (entries, _) = read(store, deployment)?;
    Ok(entries.iter().any(|it| match &it.entry {
        Entry::Started {
            effect: Action::Deploy(place),
        } => place == environment,
        _ => false,
    }))
}
