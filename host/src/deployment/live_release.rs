//! Whether a release is live already: it is the journal's last promoted release of each environment that it would be
//! deployed to, and all nodes there serve it.

use super::{Error, READ, live, log, nodes, unfinished};
use crate::config::Config;
use crate::contract::promotion::Conclusion;
use crate::effects::shutdown::Shutdown;
use crate::journal::{Header, Store};

/// A release that is live already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveAlready {
    /// The number of the deployment that promoted it.
    pub deployment: u64,
    /// The environments whose nodes serve it.
    pub environments: Vec<String>,
}

/// A release that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Its tag.
    pub(super) tag: &'a str,
    /// Its commit.
    pub(super) commit: &'a str,
    /// The digest of its image, where known.
    pub(super) digest: Option<&'a str>,
}

impl Asked<'_> {
    /// Whether a deployment was of this release: of the same tag and the same image. Where no image is named, the tag
    /// decides; where only this one is named, another one may have been pushed under the tag since.
    fn is(self, header: &Header) -> bool {
        header.tag == self.tag && (self.digest.is_none() || self.digest == header.digest.as_deref())
    }
}

/// Finds the deployment that made a release live in all environments from a position on; `None` if it is not live in
/// one of them. The nodes are asked only if the journal says that it is.
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

/// The last deployment that was promoted to an environment.
fn last_promoted(store: &mut dyn Store, environment: &str) -> Result<Option<Header>, Error> {
    for header in store.deployments(READ)? {
        if !matches!(
            header.conclusion,
            Some(Conclusion::Promoted | Conclusion::PromotedWithWarning)
        ) {
            continue;
        }
        if log::changed(store, header.number, environment)? {
            return Ok(Some(header));
        }
    }
    Ok(None)
}
