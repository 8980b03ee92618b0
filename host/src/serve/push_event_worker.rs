//! Push events: resolves each one to a deployment request, or ignores it.

use std::time::Duration;

use super::Shared;
use super::display::{reasons_text, without_nul};
use super::worker_pool::{IDLE, Next, Worker, back_off};
use crate::clock;
use crate::effects::registry::Registry;
use crate::error::Error;
use crate::journal::inbox::{ClaimedPushEvent, Inbox, NewDeploymentRequest, Settled};
use crate::journal::{Holder, open_inbox};
use crate::text::time;

/// How long a claim of push events lasts.
const TIME_TO_LIVE: Duration = Duration::from_mins(3);

/// How many push events are claimed at a time if a registry has to be asked.
const BATCH_WITH_REGISTRY: usize = 4;

/// How many push events are claimed at a time if no registry has to be asked.
const BATCH_WITHOUT_REGISTRY: usize = 64;

/// How often the registry is asked for a tag that it does not have, over half a day: it may list a tag a moment
/// after the push, or be restored from a backup.
const LOOKUPS: u32 = 200;

/// Why a push event can't be resolved yet, or is ignored.
const UNKNOWN_TAG: &str = "the registry does not have the tag";

/// The worker that resolves push events.
pub struct PushEventWorker {
    inbox: Box<dyn Inbox>,
    registry: Option<Registry>,
}

impl PushEventWorker {
    pub fn open(shared: &Shared) -> Result<Self, Error> {
        Ok(Self {
            inbox: open_inbox(&shared.context.location)?,
            registry: shared.context.serve.registry.clone().map(Registry::new),
        })
    }

    /// Resolves a push event, or postpones it if it can't be resolved yet.
    fn settle(
        &mut self,
        shared: &Shared,
        claimed: &ClaimedPushEvent,
    ) -> Result<Option<Settled>, Error> {
        let event = &claimed.push_event;
        let _span = tracing::error_span!(
            "push-event",
            "push-event" = claimed.id,
            repository = event.repository,
            tag = event.tag,
            digest = event.digest,
        )
        .entered();
        match self.resolve(shared, claimed) {
            Ok(settled) => {
                match &settled {
                    Settled::Ignored { why } => {
                        tracing::info!(reason = why, "push event ignored");
                    }
                    Settled::Wanted(new) => tracing::info!(
                        environment = new.environment,
                        commit = new.commit,
                        digest = new.digest,
                        "push event requests a deployment"
                    ),
                }
                Ok(Some(settled))
            }
            Err(error) => {
                let why = error.line();
                let again_at = clock::milliseconds() + back_off(claimed.attempts);
                tracing::warn!(
                    reason = why,
                    attempt = claimed.attempts + 1,
                    "retry-at" = time::exact(again_at),
                    "failed to resolve a push event; trying again"
                );
                // If the claim was lost, another server resolves the push event.
                self.inbox.postpone(claimed, again_at, &without_nul(&why))?;
                Ok(None)
            }
        }
    }

    fn resolve(&self, shared: &Shared, claimed: &ClaimedPushEvent) -> Result<Settled, Error> {
        let event = &claimed.push_event;
        let context = &shared.context;
        if !context.serve.repositories.contains(&event.repository) {
            let why = "the repository is not in `[serve] repositories`".to_owned();
            return Ok(Settled::Ignored { why });
        }
        let target = match context
            .policy
            .resolve(&event.tag, &context.config.settings)?
        {
            Ok(target) => target,
            Err(reasons) => {
                let why = reasons_text(&reasons);
                return Ok(Settled::Ignored { why });
            }
        };
        let digest = match &self.registry {
            None => event.digest.clone(),
            Some(registry) => match registry.digest(&event.repository, &event.tag)? {
                Some(digest) => {
                    if event.digest.as_ref().is_some_and(|it| *it != digest) {
                        tracing::warn!(
                            "registry-digest" = digest,
                            "the digests of webhook and registry differ; using the registry's"
                        );
                    }
                    Some(digest)
                }
                None if claimed.attempts < LOOKUPS => return Err(Error::new(UNKNOWN_TAG, "")),
                None => {
                    let why = UNKNOWN_TAG.to_owned();
                    return Ok(Settled::Ignored { why });
                }
            },
        };
        Ok(Settled::Wanted(NewDeploymentRequest {
            repository: event.repository.clone(),
            tag: event.tag.clone(),
            digest,
            environment: target.environment,
            commit: target.commit,
        }))
    }
}

impl Worker for PushEventWorker {
    fn step(&mut self, shared: &Shared) -> Result<Next, Error> {
        let limit = match self.registry {
            Some(_) => BATCH_WITH_REGISTRY,
            None => BATCH_WITHOUT_REGISTRY,
        };
        let holder = Holder::this_process();
        let claimed = self.inbox.pending(&holder, TIME_TO_LIVE, limit)?;
        if claimed.is_empty() {
            return Ok(Next::Wait(IDLE));
        }
        tracing::debug!("push-events" = claimed.len(), "claimed push events");
        let mut all = Vec::new();
        for event in claimed {
            // The claims of the rest end with this process.
            if shared.notify.is_shut_down() {
                break;
            }
            if let Some(settled) = self.settle(shared, &event)? {
                all.push((event, settled));
            }
        }
        self.inbox.settle_all(&all)?;
        shared.notify.all();
        Ok(Next::Step)
    }
}
