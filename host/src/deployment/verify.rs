//! Verifying a journal: every record of every deployment, the list of deployments, and the inbox.

use super::entry::Entry;
use super::{Error, log};
use crate::contract::names::Named as _;
use crate::journal::inbox::Inbox;
use crate::journal::{self, Depth, Header, Row, Store};

/// The result of verifying a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The number of deployments.
    pub deployments: u64,
    /// The number of records of all undamaged deployments.
    pub records: u64,
    /// The number of deployment requests in the inbox.
    pub requests: u64,
    /// The damaged or missing data.
    pub damage: Vec<Damage>,
}

/// Damaged or missing data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The deployment to which the data belongs; `None` for other data.
    pub deployment: Option<u64>,
    /// A description of the damage.
    pub what: String,
}

/// Verifies a journal. `tell` gets the number of deployments that are verified, and the number of all deployments.
///
/// # Errors
///
/// If the journal can't be reached, or its deployments can't be listed.
pub fn verify(
    store: &mut dyn Store,
    inbox: &mut dyn Inbox,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Verified, Error> {
    let mut verified = Verified::default();
    verified.note(None, store.check(Depth::Full))?;
    verified.note(None, inbox.check())?;
    if let Some(counts) = verified.note(None, inbox.counts())? {
        verified.requests = counts.requests();
    }
    let mut headers = store.deployments(usize::MAX)?;
    headers.reverse();
    verified.deployments = headers.len() as u64;
    for (done, header) in (1..).zip(&headers) {
        let rows = store.records(header.number);
        if let Some(rows) = verified.note(Some(header.number), rows)? {
            verified.records += rows.len() as u64;
            let checked = check(header, &rows);
            verified.note(Some(header.number), checked)?;
        }
        tell(done, verified.deployments);
    }
    Ok(verified)
}

/// Checks that the records of a deployment can be read, and agree with the list of deployments.
fn check(header: &Header, rows: &[Row]) -> journal::Result<()> {
    let entries = log::entries(header.number, rows);
    for dated in entries.map_err(|error| journal::Error::Corrupt(error.message))? {
        match dated.entry {
            Entry::Began(began) => began.check(header)?,
            Entry::Concluded { conclusion }
                if header.conclusion.is_some_and(|it| it != conclusion) =>
            {
                return Err(journal::Error::Corrupt(format!(
                    "its last record says that it was {}, but the list of deployments has another conclusion",
                    conclusion.name()
                )));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Verified {
    /// Adds damage to the result. Any other error ends the verification.
    fn note<T>(
        &mut self,
        deployment: Option<u64>,
        found: journal::Result<T>,
    ) -> journal::Result<Option<T>> {
        let what = match found {
            Ok(value) => return Ok(Some(value)),
            Err(journal::Error::Damaged { position, .. }) => {
                format!("record {position} is damaged or missing")
            }
            Err(journal::Error::Corrupt(what)) => what,
            Err(error) => return Err(error),
        };
        let damage = Damage { deployment, what };
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
        }
        Ok(None)
    }
}
