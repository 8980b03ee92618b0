//! Reconciliation: lists the tags of the registry, and stores those that no webhook announced as push events.
//! Removes old deliveries and logs, too.

use std::collections::HashMap;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::Shared;
use super::worker_pool::{IDLE, Next, Worker, back_off};
use crate::clock;
use crate::effects::registry::Registry;
use crate::error::Error;
use crate::journal::inbox::{Delivery, Inbox, PushEvent};
use crate::journal::{self, open_inbox};

/// How long deliveries and logs of deployments are kept, in milliseconds: 30 days.
const RETENTION: u64 = 30 * 24 * 60 * 60 * 1000;

/// How often older ones are removed.
const PRUNE_INTERVAL: Duration = Duration::from_hours(1);

/// When they are removed again after a failure.
const PRUNE_RETRY: Duration = Duration::from_secs(30);

/// A failed listing is repeated with the delay that follows this many failed attempts, or more.
const LISTING_BACKOFF: u32 = 2;

/// Why tags of the first listing are ignored.
const BASELINE_REASON: &str = "the tag existed at the first listing of the repository; start its deployment with \
                               `greenlight run --tag`";

/// The worker that lists tags.
pub struct ReconciliationWorker {
    inbox: Option<Box<dyn Inbox>>,
    registry: Option<Registry>,
    /// When each repository is listed next, and how often in a row that failed.
    next: HashMap<String, (Instant, u32)>,
    /// When old entries are removed next.
    prune_at: Instant,
}

impl ReconciliationWorker {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "opening the other workers can fail"
    )]
    pub fn open(shared: &Shared) -> Result<Self, Error> {
        let now = Instant::now();
        let repositories = shared.context.serve.repositories.iter();
        Ok(Self {
            inbox: None,
            registry: shared.context.serve.registry.clone().map(Registry::new),
            next: repositories.map(|it| (it.clone(), (now, 0))).collect(),
            prune_at: now,
        })
    }

    /// Lists the tags of a repository, and returns how many no webhook announced.
    fn reconcile(&mut self, shared: &Shared, repository: &str) -> Result<usize, Error> {
        let Some(registry) = &self.registry else {
            return Ok(0);
        };
        let tags = registry.tags(repository, &|| !shared.notify.is_shut_down())?;
        tracing::debug!(tags = tags.len(), "listed the tags of a repository");
        let listed: Vec<_> = tags
            .into_iter()
            .map(|tag| PushEvent {
                repository: repository.to_owned(),
                tag,
                digest: None,
            })
            .collect();
        self.with_inbox(shared, |inbox| store_unknown(inbox, repository, &listed))
    }

    /// Uses the inbox. After an error it is opened again by the next use.
    fn with_inbox<T>(
        &mut self,
        shared: &Shared,
        use_it: impl FnOnce(&mut dyn Inbox) -> journal::Result<T>,
    ) -> Result<T, Error> {
        let inbox = self.inbox.take();
        let inbox = inbox.map_or_else(|| open_inbox(&shared.context.location), Ok);
        let used = inbox.and_then(|mut inbox| Ok((use_it(inbox.as_mut())?, inbox)));
        match used {
            Ok((answer, inbox)) => {
                self.inbox = Some(inbox);
                Ok(answer)
            }
            Err(error) => {
                shared.metrics.store_failed();
                Err(error.into())
            }
        }
    }

    /// Removes old deliveries and logs.
    fn prune(&mut self, shared: &Shared, now: Instant) {
        remove_old_logs(shared);
        let before = clock::milliseconds().saturating_sub(RETENTION);
        match self.with_inbox(shared, |inbox| inbox.prune(before)) {
            Ok(0) => self.prune_at = now + PRUNE_INTERVAL,
            // More may be left: the next step goes on.
            Ok(removed) => tracing::debug!(removed, "removed old deliveries"),
            Err(error) => {
                tracing::warn!(
                    reason = error.message,
                    "failed to remove old deliveries; trying again"
                );
                self.prune_at = now + PRUNE_RETRY;
            }
        }
    }
}

/// Stores the tags that the inbox does not know, and returns how many. Tags of the first listing started nothing
/// when they were pushed, and start nothing now: otherwise the whole history of releases would be deployed.
fn store_unknown(
    inbox: &mut dyn Inbox,
    repository: &str,
    listed: &[PushEvent],
) -> journal::Result<usize> {
    let at = clock::milliseconds();
    if inbox.baseline(repository)?.is_none()
        && inbox.set_baseline(repository, at, listed, BASELINE_REASON)?
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

/// Removes the output of old deployments.
fn remove_old_logs(shared: &Shared) {
    let folder = shared.context.config.records.join("serve");
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let modified = file.metadata().and_then(|it| it.modified());
        let modified = modified
            .ok()
            .and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        let age = modified.and_then(|it| clock::since_1970()?.checked_sub(it));
        if age.is_some_and(|it| it > Duration::from_millis(RETENTION)) {
            // A file that can't be removed is tried again in an hour.
            let _ = std::fs::remove_file(file.path());
        }
    }
}

impl Worker for ReconciliationWorker {
    fn step(&mut self, shared: &Shared) -> Result<Next, Error> {
        let now = Instant::now();
        if self.prune_at <= now {
            self.prune(shared, now);
        }
        let earliest = self.next.iter().min_by_key(|(_, (at, _))| *at);
        let due = earliest.filter(|(_, (at, _))| *at <= now);
        let Some((repository, (_, failures))) = due else {
            return Ok(Next::Sleep(IDLE));
        };
        let (repository, failures) = (repository.clone(), *failures);
        let every = shared.context.serve.reconcile_every;
        let _span = tracing::error_span!("reconciliation", repository).entered();
        let next = match self.reconcile(shared, &repository) {
            Ok(found) => {
                if self.registry.is_some() {
                    shared.metrics.reconciled(found, clock::seconds());
                }
                if found > 0 {
                    tracing::info!(found, "found tags that no webhook announced");
                    shared.notify.all();
                }
                (Instant::now() + every, 0)
            }
            Err(error) => {
                tracing::warn!(
                    reason = error.line(),
                    "failed to list the tags of a repository; trying again"
                );
                let delay =
                    Duration::from_millis(back_off(failures.saturating_add(LISTING_BACKOFF)));
                let at = Instant::now() + delay.min(every);
                (at, failures.saturating_add(1))
            }
        };
        self.next.insert(repository, next);
        Ok(Next::Step)
    }
}
