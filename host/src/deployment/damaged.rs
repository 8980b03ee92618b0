//! Deployments whose records can't be read. Lists show the other deployments, and name these.

use serde::Serialize;

use super::log::{self, Dated};
use crate::error::Error;
use crate::journal::{self, Store};

/// A deployment whose records are damaged, or of a later version of greenlight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "DamagedDeployment"))]
#[serde(rename_all = "kebab-case")]
pub struct Damaged {
    /// The number of the deployment.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub deployment: u64,
    /// Why its records can't be read.
    pub what: String,
    /// What to inspect, and what to do.
    pub help: String,
}

impl Damaged {
    fn of(deployment: u64, error: Error) -> Self {
        let help = error.help.trim_start_matches("nothing was done. ");
        Self {
            deployment,
            what: error.message,
            help: help.to_owned(),
        }
    }
}

/// Reads the entries of a deployment, or says why they can't be read.
///
/// # Errors
///
/// If the journal can't be reached.
pub fn read(
    store: &mut dyn Store,
    deployment: u64,
) -> journal::Result<Result<Vec<Dated>, Damaged>> {
    let rows = match store.records(deployment) {
        Ok(rows) => rows,
        Err(
            error @ (journal::Error::Damaged { .. }
            | journal::Error::Corrupt(_)
            | journal::Error::Wrong(_)),
        ) => return Ok(Err(Damaged::of(deployment, error.into()))),
        Err(error) => return Err(error),
    };
    Ok(log::entries(deployment, &rows).map_err(|error| Damaged::of(deployment, error)))
}
