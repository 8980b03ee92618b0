//! Journals with deployments, for tests.

use tempfile::TempDir;

use super::log::Log;
use crate::journal::{self, Location, NewDeployment, Store};

/// Opens the journal in a folder, or creates it.
pub fn store(folder: &TempDir) -> Box<dyn Store> {
    let location = Location::File(folder.path().join("journal"));
    journal::open(&location).expect("a journal")
}

/// Begins a deployment without entries, and returns its number.
pub fn begun(store: &mut dyn Store) -> u64 {
    let new = NewDeployment {
        tag: "stage-1".to_owned(),
        digest: None,
        commit: "1".to_owned(),
        began: 1,
        request: None,
    };
    store.begin(&new).expect("begun")
}

/// The log of a new deployment.
pub fn log(folder: &TempDir) -> Log {
    let mut store = store(folder);
    let number = begun(store.as_mut());
    Log::new(store, number)
}
