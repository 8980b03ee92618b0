//! The deployment that began to change an environment last, whether it succeeded or not.

use super::entry::Entry;
use super::{READ, log};
use crate::contract::promotion::{Action, Conclusion};
use crate::error::Error;
use crate::journal::Store;

/// The deployment that began to change an environment last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The number of the deployment.
    pub deployment: u64,
    /// The commit that the deployment deployed.
    pub commit: String,
    /// When the deploy command started, in milliseconds since 1970.
    pub at: u64,
    /// How the deployment ended; `None` if the deployment has not ended.
    pub conclusion: Option<Conclusion>,
}

/// Finds the deployment that began to change an environment last. Only the latest deployments are searched, without the
/// deployment `except`.
///
/// # Errors
///
/// If the journal can't be read.
pub(super) fn of(
    store: &mut dyn Store,
    environment: &str,
    except: Option<u64>,
) -> Result<Option<Change>, Error> {
    for header in store.deployments(READ)? {
        if Some(header.number) == except {
            continue;
        }
        let entries = log::read(store, header.number)?;
        let mut latest = entries.iter().rev();
        if let Some(dated) =
            latest.find(|it| environment_of(&it.entry).is_some_and(|it| it == environment))
        {
            return Ok(Some(Change {
                deployment: header.number,
                commit: header.commit,
                at: dated.at,
                conclusion: header.conclusion,
            }));
        }
    }
    Ok(None)
}

/// The environment that a deployment began to change, if the entry records the start of a deploy command.
pub(super) fn environment_of(entry: &Entry) -> Option<&String> {
    match entry {
        Entry::Started {
            effect: Action::Deploy(environment),
        } => Some(environment),
        _ => None,
    }
}
