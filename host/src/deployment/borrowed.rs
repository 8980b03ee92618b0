//! What other deployments of the same commit recorded about the environments before this one's.
//!
//! A production tag is deployed only over a verified first environment, which is another deployment's
//! work. Its events are taken over into this journal, so that each journal explains itself.

use super::entry::{Details, Entry};
use super::{Driver, Error, log};
use crate::contract::promotion::{Event, Happening};

/// An event of another deployment: when it was recorded, where, and what.
type Found = (u64, u64, u64, Event);

impl Driver<'_> {
    /// Takes over what is new, in the order in which it was recorded.
    pub(super) fn borrow(&mut self) -> Result<(), Error> {
        if self.entry == 0 {
            return Ok(());
        }
        let mut found = Vec::new();
        for other in self.log.store.of_commit(&self.began.commit)? {
            let other_image = match (&other.digest, &self.release.digest) {
                (Some(theirs), Some(ours)) => theirs != ours,
                _ => false,
            };
            if other.number != self.log.deployment && !other_image {
                self.find(other.number, &mut found)?;
            }
        }
        found.sort_by_key(|(at, deployment, position, _)| (*at, *deployment, *position));
        for (_, deployment, position, event) in found {
            self.log.write(&Entry::Happened {
                event: event.clone(),
                details: Details::Borrowed {
                    deployment,
                    position,
                },
            })?;
            self.history.push(event);
            self.has_borrowed(deployment, position);
        }
        Ok(())
    }

    /// Remembers how far another deployment has been taken over.
    pub(super) fn has_borrowed(&mut self, deployment: u64, position: u64) {
        let mut known = self.borrowed.iter_mut();
        match known.find(|(number, _)| *number == deployment) {
            Some((_, last)) => *last = position.max(*last),
            None => self.borrowed.push((deployment, position)),
        }
    }

    fn find(&mut self, other: u64, found: &mut Vec<Found>) -> Result<(), Error> {
        let (entries, _) = log::read(self.log.store.as_mut(), other)?;
        let last = self.borrowed.iter().find(|(number, _)| *number == other);
        let last = last.map_or(0, |(_, position)| *position);
        let earlier = &self.settings.environments[..self.entry];
        for (position, dated) in (1..).zip(entries) {
            // What it borrowed itself is read from where it was recorded first.
            let Entry::Happened { event, details } = dated.entry else {
                continue;
            };
            if position <= last || matches!(details, Details::Borrowed { .. }) {
                continue;
            }
            let environment = match &event.happening {
                Happening::Deployed(it) => &it.environment,
                Happening::Observed(it) => &it.environment,
                Happening::LoadTested(it) => &it.environment,
                _ => continue,
            };
            if earlier.iter().any(|it| it.name == *environment) {
                found.push((dated.at, other, position, event));
            }
        }
        Ok(())
    }
}
