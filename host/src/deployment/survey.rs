//! What has to be known before an environment is deployed to: who holds it, what is live in it, and
//! whether that is newer. All of it are facts for the policy; nothing is concluded from them here.

use super::ancestry::{Relation, relation};
use super::convergence::commits;
use super::entry::Details;
use super::{Driver, Error};
use crate::sandbox::contract::promotion::{Happening, Rival};

impl Driver<'_> {
    pub(super) fn survey(&mut self, environment: &str) -> Result<(), Error> {
        let (number, commit) = (self.log.deployment, self.began.commit.clone());
        if !self.leases.holds(environment) {
            let store = self.log.store.as_mut();
            let occupant = self.leases.claim(store, environment, number, &commit)?;
            if let Some(occupant) = occupant {
                self.place(environment, &occupant.commit)?;
                return self.happened(
                    Happening::Occupied(rival(environment, &occupant.commit)),
                    Details::Nothing,
                );
            }
        }
        self.look_at(environment)?;
        // Production that is newer makes everything before it pointless, so it is looked at first.
        if self
            .history
            .iter()
            .all(|it| !matches!(it.happening, Happening::Deployed(_)))
        {
            let others = self.settings.environments.iter().map(|it| it.name.clone());
            let others: Vec<_> = others
                .skip(self.entry)
                .filter(|it| it != environment)
                .collect();
            for other in others {
                self.look_at(&other)?;
            }
        }
        self.go_on()?;
        self.surveyed = Some(self.history.len());
        Ok(())
    }

    /// Asks the nodes what they serve, and git how that relates to the release.
    fn look_at(&mut self, environment: &str) -> Result<(), Error> {
        let answers = self.ask(environment);
        self.go_on()?;
        self.observed(environment, &answers)?;
        for live in commits(&answers) {
            self.place(environment, &live)?;
        }
        Ok(())
    }

    fn place(&mut self, environment: &str, other: &str) -> Result<(), Error> {
        if other == self.began.commit {
            return Ok(());
        }
        let rival = rival(environment, other);
        match relation(self.means.repo, &self.began.commit, other) {
            Relation::Descendant => self.happened(Happening::Overtaken(rival), Details::Nothing),
            Relation::Unknown => self.happened(Happening::Unplaced(rival), Details::Nothing),
            Relation::Ancestor | Relation::Diverged => Ok(()),
        }
    }
}

fn rival(environment: &str, commit: &str) -> Rival {
    Rival {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
    }
}
