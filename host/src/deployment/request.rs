//! A request for a deployment, and whether a deployment was begun for the same idempotency key.

use super::entry::Person;
use super::{Error, Excuses, is_begun, log};
use crate::config::Config;
use crate::contract::types::Fact;
use crate::journal::{self, Header, Store};

/// A request for a deployment.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The digest of the image, if known.
    pub digest: Option<&'a str>,
    /// The idempotency key. A second request with the same key begins no deployment.
    pub key: Option<&'a str>,
    /// Whether a release that is live already is deployed again.
    pub again: bool,
    /// The person who approves the release although its order relative to the live commit is unknown.
    pub approved_by: Option<&'a Person>,
    /// The person who declares the release urgent.
    pub urgent: Option<&'a Person>,
    /// The facts of the command line.
    pub facts: &'a [Fact],
    /// The windows that a person lets the release ignore.
    pub excuses: Option<&'a Excuses>,
    /// The stopped commits that a person permits in the release.
    pub waiver: Option<&'a Waiver>,
}

/// A person's permission for a release to bring stopped commits to production.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The full hashes of the stopped commits.
    pub commits: Vec<String>,
    /// The person, with a reason.
    pub person: Person,
}

/// Returns the number of the deployment that was begun for an idempotency key. `run` checks this first, so that a
/// repeated key has the same answer even if the registry or the repository can't be read.
///
/// # Errors
///
/// If the deployment is of another tag, or the journal can't be read.
pub fn already_begun(config: &Config, tag: &str, key: &str) -> Result<Option<u64>, Error> {
    let Some(mut store) = log::look(config)? else {
        return Ok(None);
    };
    let Some(header) = begun(store.as_mut(), key)? else {
        return Ok(None);
    };
    is_of(&header, tag)?;
    Ok(Some(header.number))
}

/// Returns the deployment that was begun for an idempotency key; see [`is_begun`].
///
/// # Errors
///
/// Those of the store.
pub fn begun(store: &mut dyn Store, key: &str) -> journal::Result<Option<Header>> {
    let Some(header) = store.of_request(key)? else {
        return Ok(None);
    };
    Ok(is_begun(store, header.number)?.then_some(header))
}

/// Checks that a deployment with the same idempotency key has the requested tag.
pub(super) fn is_of(header: &Header, tag: &str) -> Result<(), Error> {
    if header.tag == tag {
        return Ok(());
    }
    Err(Error::host(
        format!(
            "deployment {} has the same idempotency key and another tag, `{}`",
            header.number, header.tag
        ),
        "use another `--request KEY` for each deployment",
    ))
}
