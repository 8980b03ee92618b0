//! What other deployments of the same commit recorded about the environments before this one's.
//!
//! A production tag is deployed only over a verified first environment, which is another deployment's
//! work. Its events are taken over into this journal, so that each journal explains itself.

use super::entry::{Details, Entry};
use super::{Driver, Error, log};
use crate::sandbox::contract::promotion::{Event, Happening};

impl Driver<'_> {
    /// Takes over what is new.
    pub(super) fn borrow(&mut self) -> Result<(), Error> {
        if self.entry == 0 {
            return Ok(());
        }
        let store = self.log.store.as_mut();
        let mut others = store.of_commit(&self.began.commit)?;
        others.reverse();
        for other in others {
            if other.number == self.log.deployment
                || other.digest.is_some()
                    && self.release.digest.is_some()
                    && other.digest != self.release.digest
            {
                continue;
            }
            self.borrow_from(other.number)?;
        }
        Ok(())
    }

    fn borrow_from(&mut self, other: u64) -> Result<(), Error> {
        let (entries, _) = log::read(self.log.store.as_mut(), other)?;
        let seen = self.borrowed.iter().find(|(number, _)| *number == other);
        let seen = seen.map_or(0, |(_, count)| *count);
        let count = entries.len();
        let earlier: Vec<String> = self.settings.environments[..self.entry]
            .iter()
            .map(|it| it.name.clone())
            .collect();
        for dated in entries.into_iter().skip(seen) {
            // What it borrowed itself is read from where it was recorded first.
            let Entry::Happened { event, details } = dated.entry else {
                continue;
            };
            if matches!(details, Details::Borrowed { .. }) {
                continue;
            }
            let event = Event::from(event);
            let environment = match &event.happening {
                Happening::Deployed(it) => &it.environment,
                Happening::Observed(it) => &it.environment,
                Happening::LoadTested(it) => &it.environment,
                _ => continue,
            };
            if earlier.contains(environment) {
                self.log.write(&Entry::Happened {
                    event: (&event).into(),
                    details: Details::Borrowed { deployment: other },
                })?;
                self.history.push(event);
            }
        }
        self.borrowed.retain(|(number, _)| *number != other);
        self.borrowed.push((other, count));
        Ok(())
    }
}
