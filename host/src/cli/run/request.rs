//! Beginning one deployment of a request, however often it is asked for.

use super::Deployment;
use crate::cli::journal::{failed, look};
use crate::cli::output::Output;
use crate::cli::{Error, Exit};
use crate::deployment::{Leases, tenure};
use crate::journal::Store;

impl Deployment<'_> {
    /// The deployment that was begun for the request, and of which something was done.
    pub(super) fn begun(&self, tag: &str) -> Result<Option<u64>, Error> {
        let Some(request) = &self.arguments.request else {
            return Ok(None);
        };
        let Some(mut store) = look(self.config)? else {
            return Ok(None);
        };
        let Some(header) = store.of_request(request).map_err(failed)? else {
            return Ok(None);
        };
        if header.tag != tag {
            return Err(Error::new(
                format!(
                    "deployment {} of the same request is of another tag, `{}`",
                    header.number, header.tag
                ),
                "give each request a key of its own",
            ));
        }
        let records = store.records(header.number).map_err(failed)?;
        Ok((!records.rows.is_empty() || records.torn).then_some(header.number))
    }

    /// Ends a deployment of the same request of which nothing was done, since its process died before its
    /// first record. Returns the number of one whose process lives, and is about to begin.
    pub(super) fn given_up(
        &self,
        store: &mut dyn Store,
        leases: &Leases,
        empty: &[u64],
    ) -> Result<Option<u64>, Error> {
        let Some(request) = &self.arguments.request else {
            return Ok(None);
        };
        let header = store.of_request(request).map_err(failed)?;
        let Some(header) = header.filter(|header| empty.contains(&header.number)) else {
            return Ok(None);
        };
        let claimed = leases.claim(store, &tenure(&header.tag), header.number, &header.commit);
        if claimed.map_err(failed)?.is_some() {
            return Ok(Some(header.number));
        }
        store.conclude(header.number, "canceled").map_err(failed)?;
        leases.release_all_but(store, &[]).map_err(failed)?;
        Ok(None)
    }
}

/// Says that there is nothing to do.
pub fn already(number: u64, output: &mut Output) -> Exit {
    output.note(&format!(
        "note: deployment {number} was already begun for this request\n"
    ));
    Exit::Go
}

/// Whoever found a deployment without records and without its process has ended it, and begun another one.
pub fn not_ended(store: &mut dyn Store, number: u64) -> Result<(), Error> {
    let header = store.deployment(number).map_err(failed)?;
    if header.is_some_and(|header| header.conclusion.is_none()) {
        return Ok(());
    }
    Err(Error::new(
        format!("deployment {number} was ended before anything of it was done"),
        "look with `greenlight status`, and start it anew with `greenlight run --tag TAG`",
    ))
}
