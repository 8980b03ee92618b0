//! The history of a release across deployments, for deciding whether to start another one.
//!
//! All of it is facts for the policy: what these deployments recorded, and whether one has not ended.

use super::{is_begun, is_same_image, log};
use crate::contract::promotion::{Event, EventKind, LockHolder};
use crate::contract::types::Settings;
use crate::error::Error;
use crate::journal::Store;

/// A release.
#[derive(Clone, Copy, Debug)]
pub struct OfRelease<'a> {
    /// Its commit.
    pub commit: &'a str,
    /// The digest of its image, where known.
    pub digest: Option<&'a str>,
}

/// Returns the events of all deployments of a release in the order in which they were recorded. While one of
/// them has begun and not ended, every environment is locked by it.
///
/// What such a deployment saw of others, and what it waited for, was true at that time only, and is left out.
///
/// # Errors
///
/// If the journal can't be read.
pub fn history(
    store: &mut dyn Store,
    release: OfRelease<'_>,
    now: u64,
    settings: &Settings,
) -> Result<Vec<Event>, Error> {
    let mut found = Vec::new();
    let mut under_way = false;
    let headers = store.of_commit(release.commit)?;
    for header in headers
        .into_iter()
        .filter(|it| is_same_image(it, release.digest))
    {
        let entries = log::read(store, header.number)?;
        // The process of a deployment that has not begun may be dead: beginning another one finds that out.
        under_way |= header.conclusion.is_none() && is_begun(store, header.number)?;
        for (event, source) in log::history(header.number, &entries)?.into_events() {
            if !source.details.is_imported() && lasts(&event.kind, settings) {
                found.push((source.at, header.number, source.position, event));
            }
        }
    }
    found.sort_by_key(|(at, number, position, _)| (*at, *number, *position));
    let mut events: Vec<_> = found.into_iter().map(|(.., event)| event).collect();
    if under_way {
        events.extend(settings.environments.iter().map(|it| Event {
            at: now,
            kind: EventKind::Locked(LockHolder {
                environment: it.name.clone(),
                commit: release.commit.to_owned(),
                load_test: None,
            }),
        }));
    }
    Ok(events)
}

/// Whether an event is still true after its deployment.
fn lasts(kind: &EventKind, settings: &Settings) -> bool {
    let environment = match kind {
        EventKind::Deployed(it) | EventKind::RolledBack(it) => &it.environment,
        EventKind::Observed(it) => &it.environment,
        EventKind::LoadTested(it) => &it.environment,
        EventKind::Superseded(it) => &it.environment,
        EventKind::Measured(it) => &it.environment,
        EventKind::Performed(it) => &it.step.environment,
        EventKind::Asked(it) => &it.environment,
        EventKind::Notified(_)
        | EventKind::Intervened(_)
        | EventKind::Contains(_)
        | EventKind::Accompanied(_)
        | EventKind::Waived(_)
        | EventKind::Excused(_) => return true,
        EventKind::Waited(_)
        | EventKind::Diverged(_)
        | EventKind::Locked(_)
        | EventKind::Scheduled(_) => return false,
    };
    let mut known = settings.environments.iter();
    known.any(|it| it.name == *environment)
}
