//! The journal's storage: records that survive, and leases on environments.
//!
//! A [`Store`] keeps deployments, their records in a checksum chain, and one lease for each environment.
//! What the records mean is not its business. Two kinds keep the same promises, and the same tests hold
//! them to it: a `SQLite` file, and a `PostgreSQL` database for runners that share environments. The same
//! places keep an [`Inbox`], of what registries say and what is started because of it.

mod chain;
mod error;
mod holder;
pub mod inbox;
mod lease;
mod location;
mod postgres;
mod process;
mod record;
mod sqlite;
mod store;

pub use error::{Error, Result};
pub use holder::Holder;
pub use lease::{Claim, Lease, Occupant};
pub use location::Location;
pub use postgres::Address;
pub use record::{Header, NewDeployment, Records, Row};
pub use store::Store;

use inbox::Inbox;

/// Opens the journal at a location, and creates it where there is none yet.
///
/// # Errors
///
/// [`Error::Wrong`] if there is something else at the location, which is left as it is;
/// [`Error::Unavailable`] if it can't be reached; [`Error::Full`] if there is no room to create it.
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
