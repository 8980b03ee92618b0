//! What is known of a release from the deployments that there are, for somebody who asks whether another one
//! should be started.
//!
//! All of it are facts for the policy: what these deployments recorded, and whether one is still under way.

use super::entry::{Details, Entry};
use super::log;
use crate::contract::promotion::{Event, Happening, Rival};
use crate::contract::types::Settings;
use crate::facts;
use crate::journal::{Header, Store};

/// A release that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Its commit.
    pub commit: &'a str,
    /// The digest of its image, where known.
    pub digest: Option<&'a str>,
}

/// Gives the events of all deployments of a release in the order in which they were recorded. While one of
/// them has begun and not ended, every environment is occupied by it.
///
/// What such a deployment saw of others, and what it waited for, was true in its time only, and is left out.
///
/// # Errors
///
/// If the journal can't be read.
pub fn history(
    store: &mut dyn Store,
    asked: Asked<'_>,
    now: u64,
    settings: &Settings,
) -> Result<Vec<Event>, facts::Error> {
    let mut found = Vec::new();
    let mut under_way = false;
    let headers = store
        .of_commit(asked.commit)
        .map_err(|error| log::explained(&error))?;
    for header in headers.into_iter().filter(|it| concerns(it, asked)) {
        let (entries, torn) = log::read(store, header.number)?;
        // One without an entry has done nothing, and its process may have died before it could: whoever
        // begins it anew finds that out.
        under_way |= header.conclusion.is_none() && (torn || !entries.is_empty());
        for (position, dated) in entries.into_iter().enumerate() {
            let Entry::Happened { event, details } = dated.entry else {
                continue;
            };
            if !matches!(details, Details::Borrowed { .. }) && lasts(&event.happening, settings) {
                found.push((dated.at, header.number, position, event));
            }
        }
    }
    found.sort_by_key(|(at, number, position, _)| (*at, *number, *position));
    let mut events: Vec<_> = found.into_iter().map(|(.., event)| event).collect();
    if under_way {
        events.extend(settings.environments.iter().map(|it| Event {
            at: now,
            happening: Happening::Occupied(Rival {
                environment: it.name.clone(),
                commit: asked.commit.to_owned(),
            }),
        }));
    }
    Ok(events)
}

/// Another image of the same commit is another release.
fn concerns(header: &Header, asked: Asked<'_>) -> bool {
    match (header.digest.as_deref(), asked.digest) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    }
}

fn lasts(happening: &Happening, settings: &Settings) -> bool {
    let environment = match happening {
        Happening::Deployed(it) => &it.environment,
        Happening::Observed(it) => &it.environment,
        Happening::LoadTested(it) => &it.environment,
        Happening::Overtaken(it) => &it.environment,
        Happening::Notified(_) | Happening::Intervened(_) => return true,
        Happening::Waited(_) | Happening::Unplaced(_) | Happening::Occupied(_) => return false,
    };
    let mut known = settings.environments.iter();
    known.any(|it| it.name == *environment)
}
