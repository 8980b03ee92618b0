//! Looking at the registry's tags for the push whose webhook never came.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{IDLE, Pace, Work, back_off};
use crate::clock;
use crate::effects::registry::Registry;
use crate::facts::Error;
use crate::journal::inbox::{Delivery, Inbox, PushEvent};
use crate::journal::{self, open_inbox};
use crate::serve::Shared;

/// How long what came in is kept as it came in, in milliseconds: 30 days.
const KEPT: u64 = 30 * 24 * 60 * 60 * 1000;

/// How often to look for what is older.
const PRUNES: Duration = Duration::from_hours(1);

/// What is said of tags that nobody was told of.
const BEFORE: &str = "it was there before greenlight looked for the first time; \
                      start it with `greenlight run --tag` if it is wanted";

/// Finds what nobody has told of.
pub struct Reconcile {
    inbox: Option<Box<dyn Inbox>>,
    registry: Option<Registry>,
    /// When each repository is looked at next, and how often in a row that failed.
    next: HashMap<String, (Instant, u32)>,
    prune: Instant,
}

impl Reconcile {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "opening other kinds of work can fail"
    )]
    pub fn open(shared: &Shared) -> Result<Self, Error> {
        let now = Instant::now();
        let repositories = shared.context.serve.repositories.iter();
        Ok(Self {
            inbox: None,
            registry: shared.context.serve.registry.clone().map(Registry::new),
            next: repositories.map(|it| (it.clone(), (now, 0))).collect(),
            prune: now,
        })
    }

    /// Looks at a repository's tags, and says how many nobody had told of.
    fn look(&mut self, shared: &Shared, repository: &str) -> Result<usize, String> {
        let Some(registry) = &self.registry else {
            return Ok(0);
        };
        let tags = registry
            .tags(repository, &|| !shared.wake.is_over())
            .map_err(|error| error.to_string())?;
        let listed: Vec<_> = tags
            .into_iter()
            .map(|tag| PushEvent {
                repository: repository.to_owned(),
                tag,
                digest: None,
            })
            .collect();
        let found = store(self.inbox(shared)?, repository, &listed);
        found.map_err(|error| self.failed(shared, &error))
    }

    fn prune(&mut self, shared: &Shared) -> Result<u64, String> {
        let before = clock::milliseconds().saturating_sub(KEPT);
        let pruned = self.inbox(shared)?.prune(before);
        pruned.map_err(|error| self.failed(shared, &error))
    }

    fn inbox(&mut self, shared: &Shared) -> Result<&mut dyn Inbox, String> {
        let inbox = match self.inbox.take() {
            Some(inbox) => inbox,
            None => {
                open_inbox(&shared.context.location).map_err(|error| self.failed(shared, &error))?
            }
        };
        Ok(self.inbox.insert(inbox).as_mut())
    }

    fn failed(&mut self, shared: &Shared, error: &journal::Error) -> String {
        self.inbox = None;
        shared.metrics.store_failed();
        Error::from(error.clone()).message
    }

    fn forget(&mut self, shared: &Shared, now: Instant) {
        forget_logs(shared);
        match self.prune(shared) {
            Ok(0) => self.prune = now + PRUNES,
            // There may be more of it.
            Ok(_) => {}
            Err(why) => {
                tracing::warn!(
                    reason = why,
                    "failed to remove old deliveries; trying again"
                );
                self.prune = now + Duration::from_millis(back_off(5));
            }
        }
    }
}

/// Stores what is new, and says how much that is. What is there at the first look started nothing when
/// it was pushed, and does not now: a whole history of releases would be deployed.
fn store(inbox: &mut dyn Inbox, repository: &str, listed: &[PushEvent]) -> journal::Result<usize> {
    let at = clock::milliseconds();
    if inbox.baseline(repository)?.is_none()
        && inbox.set_baseline(repository, at, listed, BEFORE)?
    {
        return Ok(0);
    }
    let unknown = inbox.unknown(listed)?;
    if unknown.is_empty() {
        return Ok(0);
    }
    let found = unknown.len();
    inbox.accept(&[Delivery {
        at,
        source: "reconciliation".to_owned(),
        body: Vec::new(),
        push_events: unknown,
    }])?;
    Ok(found)
}

/// Removes what deployments said that were started long ago.
fn forget_logs(shared: &Shared) {
    let folder = shared.context.config.records.join("serve");
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = file.metadata().and_then(|it| it.modified());
        let age = age.ok().and_then(|it| it.elapsed().ok());
        if age.is_some_and(|it| it > Duration::from_millis(KEPT)) {
            // One that can't be removed is tried again in an hour.
            let _ = std::fs::remove_file(file.path());
        }
    }
}

impl Work for Reconcile {
    fn step(&mut self, shared: &Shared) -> Result<Pace, Error> {
        let now = Instant::now();
        if self.prune <= now {
            self.forget(shared, now);
        }
        let longest_ago = self.next.iter().min_by_key(|(_, (at, _))| *at);
        let due = longest_ago.filter(|(_, (at, _))| *at <= now);
        let Some((repository, (_, failures))) = due else {
            return Ok(Pace::Asleep(IDLE));
        };
        let (repository, failures) = (repository.clone(), *failures);
        let every = shared.context.serve.reconcile_every;
        let _span = tracing::error_span!("reconciliation", repository).entered();
        let next = match self.look(shared, &repository) {
            Ok(found) => {
                if self.registry.is_some() {
                    shared.metrics.reconciled(found, clock::seconds());
                }
                if found > 0 {
                    tracing::info!(found, "found tags that no webhook announced");
                    shared.wake.all();
                }
                (Instant::now() + every, 0)
            }
            Err(why) => {
                tracing::warn!(
                    reason = why,
                    "failed to list the tags of a repository; trying again"
                );
                let again = Duration::from_millis(back_off(failures.saturating_add(2)));
                let again = Instant::now() + again.min(every);
                (again, failures.saturating_add(1))
            }
        };
        self.next.insert(repository, next);
        Ok(Pace::Busy)
    }
}
