//! The journal, as commands report its failures and read a deployment's entries.

use super::Error;
use crate::deployment::log::{self, Dated};
use crate::journal::{self, Store};

/// The journal's failure, as a command's.
pub fn failed(error: journal::Error) -> Error {
    error.into()
}

/// The entries of a deployment, and whether a last one was damaged. Entries that can't be read are the
/// journal's failure.
pub fn entries_of(store: &mut dyn Store, number: u64) -> Result<(Vec<Dated>, bool), Error> {
    log::read(store, number)
}
