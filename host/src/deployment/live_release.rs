//! Whether a release is live already. It is live if it is the journal's last promoted release of each environment to
//! which it would be deployed, and all nodes of these environments serve its commit.

use super::{Error, READ, live, log, nodes, unfinished};
use crate::config::Config;
use crate::effects::shutdown::Shutdown;
use crate::journal::{Header, Store};

/// A release that is live already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveAlready {
    /// The number of the deployment that promoted the release.
    pub deployment: u64,
    /// The environments whose nodes serve the release.
    pub environments: Vec<String>,
}

/// The release that a person or a webhook asks to deploy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// The tag.
    pub(super) tag: &'a str,
    /// The commit.
    pub(super) commit: &'a str,
    /// The digest of the image, if known.
    pub(super) digest: Option<&'a str>,
}

impl Asked<'_> {
    /// Whether a deployment deployed this release: its tag and its digest are the same. If the digest of this release
    /// is unknown, the tag decides. If only the digest of the deployment is unknown, the image may have changed since,
    /// so the releases differ.
    fn is(self, header: &Header) -> bool {
        header.tag == self.tag && (self.digest.is_none() || self.digest == header.digest.as_deref())
    }
}

/// Finds the deployment that made a release live in all environments from the position `entry` on; `None` if the
/// release is not live in all of them. The nodes are asked only if the release is live by the journal.
///
/// # Errors
///
/// If the journal can't be read.
pub(super) fn find(
    store: &mut dyn Store,
    config: &Config,
    asked: Asked<'_>,
    entry: usize,
    shutdown: &Shutdown,
) -> Result<Option<LiveAlready>, Error> {
    let environments = config.settings.environments.iter().skip(entry);
    let environments: Vec<_> = environments.map(|it| it.name.clone()).collect();
    if unfinished(store)?.iter().any(|it| it.tag == asked.tag) {
        return Ok(None);
    }
    let mut deployment = None;
    for environment in &environments {
        match last_promoted(store, environment)? {
            Some(header) if asked.is(&header) => deployment = Some(header.number),
            _ => return Ok(None),
        }
    }
    let is_served = |environment: &String| {
        let answers = nodes::ask(config, environment, shutdown);
        live::agreed(&answers) == Some(asked.commit)
    };
    Ok(deployment
        .filter(|_| environments.iter().all(is_served))
        .map(|deployment| LiveAlready {
            deployment,
            environments,
        }))
}

/// The last deployment that was promoted and changed an environment.
fn last_promoted(store: &mut dyn Store, environment: &str) -> Result<Option<Header>, Error> {
    for header in store.deployments(READ)? {
        if !header.is_promoted() {
            continue;
        }
        if log::changed(store, header.number, environment)? {
            return Ok(Some(header));
        }
    }
    Ok(None)
}
