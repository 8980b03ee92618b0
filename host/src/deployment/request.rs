//! A deployment that is asked for, and whether one was begun for the same idempotency key.

use super::entry::Person;
use super::{Error, is_begun, log};
use crate::config::Config;
use crate::journal::{self, Header, Store};

/// A deployment that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The digest of its image, where known.
    pub digest: Option<&'a str>,
    /// The idempotency key: a second deployment of the same key is not begun.
    pub key: Option<&'a str>,
    /// Whether a release that is live already is deployed again.
    pub again: bool,
    /// The person who approves it although its order relative to the live commit is unknown.
    pub approved_by: Option<&'a str>,
    /// The person who says that it is urgent.
    pub urgent: Option<&'a Person>,
    /// The stopped commits that a person lets it carry to production.
    pub waiver: Option<&'a Waiver>,
}

/// The stopped commits that a person lets a release carry to production.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The full hashes.
    pub commits: Vec<String>,
    /// The name of the person.
    pub by: String,
    /// Why, in the words of the person.
    pub reason: String,
}

/// The number of the deployment that was begun for an idempotency key. It is asked before anything else: the same key
/// has the same answer, also while the registry or the repository can't be read.
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

/// The deployment that was begun for an idempotency key. It counts as begun as [`is_begun`] says.
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

/// Makes sure that the deployment of an idempotency key is of a tag.
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
