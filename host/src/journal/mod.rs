//! The journal's storage: durable records, and leases on locks.
//!
//! A [`Store`] keeps deployments, their records in a checksum chain, the messages to their drivers, and one lease for
//! each lock. It parses neither records nor messages. Its [`Outbox`] keeps the messages to people until they are sent.
//! The same file or database keeps an [`Inbox`]: push events, and the deployments that they request.
//!
//! A journal is a `SQLite` file, or a `PostgreSQL` database for runners that share environments. Both make the same
//! guarantees, and the same tests check them. `deployment_queries`, `message`, `outbox_queries`, `lease` and `inbox` are
//! written once, with the statements of `sql`; `sqlite` and `postgres` have what differs: transactions, locks and
//! batches. The tables are in `migrations`.

mod anchor;
mod baseline;
mod chain;
mod deployment_queries;
mod due;
mod encryption;
pub mod freeze;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod holder;
pub mod inbox;
mod lease;
mod location;
mod lock;
mod message;
mod outbox;
mod outbox_queries;
mod pages;
mod postgres;
mod seal;
mod sql;
mod sqlite;
mod store;

use std::time::Duration;

pub use baseline::Baseline;
pub use freeze::{Freeze, NewFreeze, Thaw};
pub use holder::Holder;
pub use lease::{Claim, ClaimRequest, Lease, Occupant};
pub use location::{Address, Location};
pub use lock::Lock;
pub use message::Message;
pub use outbox::{
    Attempted, NewOutboxMessage, Outbox, OutboxMessage, OutboxRequest, OutboxState, Replaces,
};
#[cfg(test)]
pub(crate) use postgres::VERSION as POSTGRES_VERSION;
pub use store::{Depth, Error, Header, NewDeployment, Result, Row, Store};

use inbox::Inbox;

/// Opens the journal at a location, and creates it if it does not exist.
///
/// # Errors
///
/// [`Error::Wrong`] if the location holds something else, which is left unchanged;
/// [`Error::Unavailable`] if it can't be reached; [`Error::Full`] if the disk is full.
///
/// # Panics
///
/// A `PostgreSQL` location must not be opened or used inside an asynchronous task: the client blocks.
pub fn open(location: &Location) -> Result<Box<dyn Store>> {
    match location {
        Location::File(path) => Ok(Box::new(sqlite::Sqlite::open(path)?)),
        Location::Postgres(address) => Ok(Box::new(postgres::Postgres::open(address)?)),
    }
}

/// Opens the inbox at a location, which is a part of the journal there, as [`open`] does.
///
/// # Errors
///
/// Those of [`open`].
///
/// # Panics
///
/// As [`open`].
pub fn open_inbox(location: &Location) -> Result<Box<dyn Inbox>> {
    match location {
        Location::File(path) => Ok(Box::new(sqlite::Sqlite::open(path)?)),
        Location::Postgres(address) => Ok(Box::new(postgres::Postgres::open(address)?)),
    }
}

/// The version of the journal at a location, and the version that this program writes; `None` if no journal exists yet.
/// Changes nothing. A database is asked once, and has a time limit for its answer.
///
/// # Errors
///
/// [`Unavailable`](Error::Unavailable) if the location can't be reached, and [`Wrong`](Error::Wrong) if it has other
/// contents or the journal of a later version of this program.
///
/// # Panics
///
/// As [`open`].
pub fn versions(location: &Location, time_limit: Duration) -> Result<Option<(usize, usize)>> {
    let (found, written) = match location {
        Location::File(path) => (sqlite::version(path)?, sqlite::VERSION),
        Location::Postgres(address) => {
            let found = postgres::connect::found(address, time_limit)?;
            (found, postgres::connect::VERSION)
        }
    };
    Ok(found.map(|it| (it, written)))
}
