//! Importing what sibling deployments of the same commit recorded about earlier environments.
//!
//! A production tag is deployed only over a verified first environment, which another deployment
//! verified. Its events are copied into this journal, so that each journal explains itself.

use super::entry::Details;
use super::log::{self, Record};
use super::{Error, is_same_image};
use crate::contract::promotion::{Event, EventKind};

/// How far the entries of each sibling have been imported: its number, and the last position.
#[derive(Default)]
pub(super) struct Imported(Vec<(u64, u64)>);

/// An event of a sibling: when it was recorded, in which deployment, at which position, and the event.
type Found = (u64, u64, u64, Event);

impl Imported {
    /// Remembers that a sibling was imported up to a position.
    pub(super) fn up_to(&mut self, deployment: u64, position: u64) {
        let mut known = self.0.iter_mut();
        match known.find(|(number, _)| *number == deployment) {
            Some((_, last)) => *last = position.max(*last),
            None => self.0.push((deployment, position)),
        }
    }

    /// Imports what is new about these environments, in the order in which it was recorded.
    pub(super) fn import(
        &mut self,
        record: &mut Record,
        commit: &str,
        digest: Option<&str>,
        environments: &[&str],
    ) -> Result<(), Error> {
        if environments.is_empty() {
            return Ok(());
        }
        let mut found = Vec::new();
        for other in record.log.store.of_commit(commit)? {
            if other.number != record.log.deployment && is_same_image(&other, digest) {
                self.find(record, other.number, environments, &mut found)?;
            }
        }
        found.sort_by_key(|(at, deployment, position, _)| (*at, *deployment, *position));
        for (_, deployment, position, event) in found {
            let details = Details::Imported {
                deployment,
                position,
            };
            record.add(event, details)?;
            self.up_to(deployment, position);
        }
        Ok(())
    }

    fn find(
        &self,
        record: &mut Record,
        other: u64,
        environments: &[&str],
        found: &mut Vec<Found>,
    ) -> Result<(), Error> {
        let entries = log::read(record.log.store.as_mut(), other)?;
        let last = self.0.iter().find(|(number, _)| *number == other);
        let last = last.map_or(0, |(_, position)| *position);
        let new = log::history_behind(other, &entries, last)?;
        for (event, source) in new.into_events() {
            // What the sibling imported itself is read from where it was recorded first.
            if source.details.is_imported() {
                continue;
            }
            let counts = match &event.kind {
                EventKind::Deployed(it) => environments.contains(&it.environment.as_str()),
                EventKind::Observed(it) => environments.contains(&it.environment.as_str()),
                EventKind::Performed(it) => environments.contains(&it.step.environment.as_str()),
                EventKind::LoadTested(it) => environments.contains(&it.environment.as_str()),
                // A person said it about the release, whichever of its tags is deployed.
                EventKind::Waived(_) => true,
                _ => false,
            };
            if counts {
                found.push((source.at, other, source.position, event));
            }
        }
        Ok(())
    }
}
