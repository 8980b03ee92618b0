//! Looking at the registry's tags for the push whose webhook never came.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{IDLE, Pace, Work};
use crate::clock;
use crate::deployment::log::explained;
use crate::effects::registry::Registry;
use crate::facts::Error;
use crate::journal::inbox::{Delivery, Hint, Inbox};
use crate::journal::open_inbox;
use crate::serve::Shared;

/// How long what came in is kept as it came in, in milliseconds: 30 days.
const KEPT: u64 = 30 * 24 * 60 * 60 * 1000;

/// How often to look for what is older.
const PRUNES: Duration = Duration::from_hours(1);

/// How long to wait before a registry is asked again that did not answer.
const AGAIN: Duration = Duration::from_secs(10);

/// What is said of tags that nobody was told of.
const BEFORE: &str = "it was there before greenlight looked for the first time; \
                      start it with `greenlight run --tag` if it is wanted";

/// Finds what nobody has told of.
pub struct Reconcile {
    inbox: Box<dyn Inbox>,
    registry: Option<Registry>,
    /// When each repository is looked at next.
    next: HashMap<String, Instant>,
    prune: Instant,
}

impl Reconcile {
    pub fn open(shared: &Shared) -> Result<Self, Error> {
        let now = Instant::now();
        let repositories = shared.means.serve.repositories.iter();
        Ok(Self {
            inbox: open_inbox(&shared.means.location).map_err(|error| explained(&error))?,
            registry: shared.means.serve.registry.clone().map(Registry::new),
            next: repositories.map(|it| (it.clone(), now)).collect(),
            prune: now,
        })
    }

    fn look(&mut self, shared: &Shared, repository: &str) -> Result<Duration, Error> {
        let Some(registry) = &self.registry else {
            return Ok(shared.means.serve.reconcile_every);
        };
        let tags = match registry.tags(repository, &|| !shared.wake.is_over()) {
            Ok(tags) => tags,
            Err(error) => {
                let why = format!("failed to look at the tags of `{repository}`: {error}");
                shared.log.say(&why);
                return Ok(AGAIN.min(shared.means.serve.reconcile_every));
            }
        };
        let listed: Vec<_> = tags
            .into_iter()
            .map(|tag| Hint {
                repository: repository.to_owned(),
                tag,
                digest: None,
            })
            .collect();
        let found = self.store(repository, &listed);
        let found = found.map_err(|error| explained(&error))?;
        shared.metrics.reconciled(found, clock::seconds());
        if found > 0 {
            shared.log.say(&format!(
                "{found} of the tags of `{repository}` came without a webhook"
            ));
            shared.wake.all();
        }
        Ok(shared.means.serve.reconcile_every)
    }

    /// Stores what is new, and says how much that is. What is there at the first look started nothing when
    /// it was pushed, and does not now: a whole history of releases would be deployed.
    fn store(&mut self, repository: &str, listed: &[Hint]) -> crate::journal::Result<usize> {
        let at = clock::milliseconds();
        if self.inbox.baseline(repository)?.is_none()
            && self.inbox.set_baseline(repository, at, listed, BEFORE)?
        {
            return Ok(0);
        }
        let unknown = self.inbox.unknown(listed)?;
        if unknown.is_empty() {
            return Ok(0);
        }
        let found = unknown.len();
        self.inbox.accept(&[Delivery {
            at,
            source: "reconciliation".to_owned(),
            body: Vec::new(),
            hints: unknown,
        }])?;
        Ok(found)
    }
}

impl Work for Reconcile {
    fn step(&mut self, shared: &Shared) -> Result<Pace, Error> {
        let now = Instant::now();
        if self.prune <= now {
            let before = clock::milliseconds().saturating_sub(KEPT);
            let pruned = self.inbox.prune(before);
            if pruned.map_err(|error| explained(&error))? == 0 {
                self.prune = now + PRUNES;
            }
        }
        let due = self.next.iter().find(|(_, at)| **at <= now);
        if let Some(repository) = due.map(|(repository, _)| repository.clone()) {
            let again = self.look(shared, &repository)?;
            self.next.insert(repository, Instant::now() + again);
            return Ok(Pace::Busy);
        }
        Ok(Pace::Idle(IDLE))
    }
}
