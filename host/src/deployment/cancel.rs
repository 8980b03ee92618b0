//! Canceling a deployment that no process drives.

use super::entry::{Details, Entry};
use super::log::{self, Log, Record};
use super::{Error, Leases, last_look, recovery};
use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::{Conclusion, Happening, Intervention};

/// Ends a deployment in the name of a person. Nothing that was deployed is rolled back.
///
/// # Errors
///
/// If there is no such deployment, it has ended, a process drives it, or the journal can't be written.
pub fn cancel(config: &Config, number: u64, by: &str) -> Result<(), Error> {
    let (location, mut store) = log::open(config)?;
    let header = store.deployment(number)?;
    let header = header.ok_or_else(|| recovery::not_found(number))?;
    if let Some(conclusion) = header.conclusion {
        return Err(Error::host(
            format!("deployment {number} has ended: {}", conclusion.name()),
            "there is nothing to cancel",
        ));
    }
    let leases = Leases::keep(location, config.lease)?;
    leases.claim_tag(store.as_mut(), number, &header.tag, &header.commit)?;
    // A journal that can't be read any more can still be ended, without a record of the person.
    let Ok((entries, torn)) = log::read(store.as_mut(), number) else {
        store.conclude(number, Conclusion::Canceled)?;
        return Ok(leases.release_all_but(store.as_mut(), &[])?);
    };
    let mut record = Record::new(Log::new(store, number, entries.len() as u64 + 1));
    if torn {
        record.log.forget_torn()?;
    }
    let name = by.to_owned();
    let intervened = Happening::Intervened(Intervention::Canceled);
    record.happened(intervened, Details::Person { name })?;
    last_look::record(config, &mut record.log)?;
    record.log.write(&Entry::Concluded {
        conclusion: Conclusion::Canceled,
    })?;
    record.log.store.conclude(number, Conclusion::Canceled)?;
    Ok(leases.release_all_but(record.log.store.as_mut(), &[])?)
}
