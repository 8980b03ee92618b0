//! What has to be known before an environment is deployed to: who holds it, what is live in it, and
//! whether that is newer. All of it are facts for the policy; nothing is concluded from them here.

use super::ancestry::{Relation, relation};
use super::convergence::commits;
use super::entry::Details;
use super::{Driver, Error, log};
use crate::contract::promotion::{Happening, Rival};

/// How many deployments are searched for the latest one in an environment.
const FAR_BACK: usize = 100;

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
        // Nodes that give no answer, or not yet, hide what was deployed to them.
        if let Some(other) = self.latest_deployed(environment)? {
            self.place(environment, &other)?;
        }
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
                if let Some(latest) = self.latest_deployed(&other)? {
                    self.place(&other, &latest)?;
                }
            }
        }
        self.go_on()?;
        self.surveyed = Some((environment.to_owned(), self.history.len()));
        Ok(())
    }

    /// Asks the nodes what they serve, and git how that relates to the release.
    pub(super) fn look_at(&mut self, environment: &str) -> Result<(), Error> {
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
        let relation = relation(self.means.repo, &self.began.commit, other);
        // Whoever interrupts this program may have interrupted git.
        self.go_on()?;
        let happening = match relation {
            Relation::Ancestor => return Ok(()),
            Relation::Descendant => Happening::Overtaken(rival),
            Relation::Diverged | Relation::Unknown => Happening::Unplaced(rival),
        };
        // What is known already need not be said again.
        if self.knows(&happening) {
            return Ok(());
        }
        self.happened(happening, Details::Nothing)
    }

    fn knows(&self, happening: &Happening) -> bool {
        let said = |it: &Happening| format!("{it:?}");
        let new = said(happening);
        let known = self.history.iter().map(|it| &it.happening);
        known
            .filter(|it| matches!(it, Happening::Overtaken(_) | Happening::Unplaced(_)))
            .any(|it| said(it) == new)
    }

    /// The commit of the latest other deployment that began to change an environment.
    fn latest_deployed(&mut self, environment: &str) -> Result<Option<String>, Error> {
        let own = self.log.deployment;
        let store = self.log.store.as_mut();
        for other in store.deployments(FAR_BACK)? {
            if other.number != own && log::changed(store, other.number, environment)? {
                return Ok(Some(other.commit));
            }
        }
        Ok(None)
    }
}

fn rival(environment: &str, commit: &str) -> Rival {
    Rival {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
    }
}
