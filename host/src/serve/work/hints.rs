//! Looking into what a registry says was pushed.

use std::time::Duration;

use super::{IDLE, Pace, Work, back_off};
use crate::clock;
use crate::effects::registry::Registry;
use crate::facts::Error;
use crate::journal::inbox::{ClaimedPushEvent, Inbox, NewDeploymentRequest, Settled};
use crate::journal::{Holder, open_inbox};
use crate::serve::Shared;
use crate::serve::words::{sentences, storable};
use crate::text::time;

/// How long hints are this receiver's to look into.
const TIME_TO_LIVE: Duration = Duration::from_mins(3);

/// How many are looked into in one go.
const AT_ONCE: usize = 4;

/// The same, where no registry has to be asked.
const AT_ONCE_HERE: usize = 64;

/// How often a tag is looked for that the registry does not have, half a day long: it may show what it got
/// a moment later, or be coming back from an empty disk.
const LOOKS: u32 = 200;

/// Looks into hints.
pub struct Hints {
    inbox: Box<dyn Inbox>,
    registry: Option<Registry>,
}

impl Hints {
    pub fn open(shared: &Shared) -> Result<Self, Error> {
        Ok(Self {
            inbox: open_inbox(&shared.context.location)?,
            registry: shared.context.serve.registry.clone().map(Registry::new),
        })
    }

    /// Looks into a hint, and says what it comes to; nothing if that is not known yet.
    fn settled(
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
        match self.look_into(shared, claimed) {
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
            Err(why) => {
                let again_at = clock::milliseconds() + back_off(claimed.attempts);
                tracing::warn!(
                    reason = why,
                    attempt = claimed.attempts + 1,
                    "retry-at" = time::exact(again_at),
                    "failed to resolve a push event; trying again"
                );
                let postponed = self.inbox.postpone(claimed, again_at, &storable(&why));
                // A claim that was lost is another receiver's now, which does the same.
                postponed.map(|_| None).map_err(Error::from)
            }
        }
    }

    fn look_into(&self, shared: &Shared, claimed: &ClaimedPushEvent) -> Result<Settled, String> {
        let hint = &claimed.push_event;
        let context = &shared.context;
        if !context.serve.repositories.contains(&hint.repository) {
            let why = "its repository is not among those of `[serve] repositories`".to_owned();
            return Ok(Settled::Ignored { why });
        }
        let target = match context.policy.resolve(&hint.tag, &context.config.settings) {
            Ok(Ok(target)) => target,
            Ok(Err(reasons)) => {
                let why = sentences(&reasons);
                return Ok(Settled::Ignored { why });
            }
            Err(failure) => return Err(failure.to_string()),
        };
        let digest = match &self.registry {
            None => hint.digest.clone(),
            Some(registry) => match registry.digest(&hint.repository, &hint.tag) {
                Ok(Some(digest)) => {
                    if hint.digest.as_ref().is_some_and(|said| *said != digest) {
                        tracing::warn!(
                            "registry-digest" = digest,
                            "the digests of webhook and registry differ; using the registry's"
                        );
                    }
                    Some(digest)
                }
                Ok(None) if claimed.attempts < LOOKS => {
                    return Err("the registry has no such tag".to_owned());
                }
                Ok(None) => {
                    let why = "the registry has no such tag".to_owned();
                    return Ok(Settled::Ignored { why });
                }
                Err(error) => return Err(error.to_string()),
            },
        };
        Ok(Settled::Wanted(NewDeploymentRequest {
            repository: hint.repository.clone(),
            tag: hint.tag.clone(),
            digest,
            environment: target.environment,
            commit: target.commit,
        }))
    }
}

impl Work for Hints {
    fn step(&mut self, shared: &Shared) -> Result<Pace, Error> {
        let holder = Holder::this_process();
        // Where no registry is asked, nothing takes long.
        let at_once = if self.registry.is_some() {
            AT_ONCE
        } else {
            AT_ONCE_HERE
        };
        let claimed = self.inbox.pending(&holder, TIME_TO_LIVE, at_once);
        let claimed = claimed?;
        if claimed.is_empty() {
            return Ok(Pace::Idle(IDLE));
        }
        let mut all = Vec::new();
        for hint in claimed {
            // What is left is taken up by whoever comes next.
            if shared.wake.is_over() {
                break;
            }
            if let Some(settled) = self.settled(shared, &hint)? {
                all.push((hint, settled));
            }
        }
        let settled = self.inbox.settle_all(&all);
        settled?;
        shared.wake.all();
        Ok(Pace::Busy)
    }
}
