//! Deployment requests: starts each deployment once, and retries until the start is accepted.

use std::collections::HashMap;
use std::mem::discriminant;
use std::sync::Arc;

use super::Shared;
use super::child_processes::ChildProcesses;
use super::local_deployments::{self, LocalTrigger};
use super::metrics::AttemptOutcome;
use super::start_decision::{self, StartDecision};
use super::worker_pool::{IDLE, Next, Worker, back_off};
use crate::clock;
use crate::deployment::{Connection, Keeper};
use crate::effects::trigger::{self, Request, Trigger};
use crate::error::Error;
use crate::journal::inbox::{ClaimedDeploymentRequest, DeploymentRequestState, Inbox};
use crate::journal::{self, Holder, Store, open_inbox};
use crate::text::time;

/// After how many searches without a certain answer a start counts as unknown.
const SEARCHES: u32 = 3;

/// A search without an answer is repeated with the delay that follows this many failed attempts, or more: a CI
/// system may list a new job late.
const SEARCH_BACKOFF: u32 = 4;

/// How long to wait while `[serve] at-most` is reached, in milliseconds.
const FULL_RETRY: u64 = 2000;

/// The longest time between two decisions about a request that waits, in milliseconds.
const LONGEST_WAIT: u64 = 600_000;

/// The worker that starts deployments.
pub struct DeploymentRequestWorker {
    inbox: Box<dyn Inbox>,
    journal: Box<dyn Store>,
    trigger: Box<dyn Trigger>,
    /// The children, if deployments run on this machine.
    children: Option<Arc<ChildProcesses>>,
    /// How many searches for an unconfirmed start had no certain answer, by the number of the request.
    searches: HashMap<u64, u32>,
}

impl DeploymentRequestWorker {
    pub fn open(shared: &Shared, children: Arc<ChildProcesses>) -> Result<Self, Error> {
        let location = &shared.context.location;
        let elsewhere = shared.context.serve.elsewhere.as_ref();
        Ok(Self {
            inbox: open_inbox(location)?,
            journal: journal::open(location)?,
            trigger: match elsewhere {
                Some(settings) => trigger::of(settings),
                None => Box::new(LocalTrigger::new(location.clone(), Arc::clone(&children))),
            },
            children: Some(children).filter(|_| elsewhere.is_none()),
            searches: HashMap::new(),
        })
    }

    fn process(
        &mut self,
        shared: &Shared,
        claimed: &ClaimedDeploymentRequest,
    ) -> Result<(), Error> {
        let stored = &claimed.request;
        let _span = tracing::error_span!(
            "deployment-request",
            "deployment-request" = stored.id,
            key = stored.key,
            repository = stored.repository,
            tag = stored.tag,
            digest = stored.digest,
            environment = stored.environment,
            commit = stored.commit,
        )
        .entered();
        let request = Request {
            key: stored.key.clone(),
            repository: stored.repository.clone(),
            tag: stored.tag.clone(),
            digest: stored.digest.clone(),
            environment: stored.environment.clone(),
            commit: stored.commit.clone(),
            since: stored.created,
        };
        let mut attempts = stored.attempts;
        if let DeploymentRequestState::Starting { attempt, .. } = stored.state {
            attempts = attempt;
            if let Some(state) = self.confirm(&request, stored.id, attempt) {
                return self.write(claimed, &state);
            }
        }
        let decision = start_decision::decide(shared, self.journal.as_mut(), stored);
        let decision = match decision {
            Ok(decision) => decision,
            // A record that can't be read delays this request, not the others.
            Err(error) => {
                let why = error.message;
                let again_at = clock::milliseconds() + poll_interval(shared);
                let waiting = DeploymentRequestState::Waiting { why, again_at };
                return self.write(claimed, &waiting);
            }
        };
        match decision {
            StartDecision::Close(why) => {
                self.write(claimed, &DeploymentRequestState::Stopped { why })
            }
            StartDecision::Wait(why) => {
                let again_at = clock::milliseconds() + wait(shared, stored.created);
                self.write(claimed, &DeploymentRequestState::Waiting { why, again_at })
            }
            StartDecision::Start if self.is_full()? => {
                let why = "`[serve] at-most` is reached".to_owned();
                let again_at = clock::milliseconds() + FULL_RETRY;
                self.write(claimed, &DeploymentRequestState::Waiting { why, again_at })
            }
            StartDecision::Start => self.start(shared, claimed, &request, attempts + 1),
        }
    }

    /// Whether `[serve] at-most` is reached, counting the deployments of other servers and of earlier processes
    /// of this one.
    fn is_full(&mut self) -> Result<bool, Error> {
        let Some(children) = &self.children else {
            return Ok(false);
        };
        let running = local_deployments::running(self.journal.as_mut())?;
        Ok(children.is_full(running))
    }

    fn start(
        &mut self,
        shared: &Shared,
        claimed: &ClaimedDeploymentRequest,
        request: &Request,
        attempt: u32,
    ) -> Result<(), Error> {
        // A CI system needs time to answer, and then to list what it accepted: no other server searches for the
        // start before that. A start on this machine needs none, because the journal accepts its key once.
        let lease = shared.context.config.lease;
        let until_listed = match &self.children {
            Some(_) => 0,
            None => clock::in_milliseconds(lease),
        };
        let starting = DeploymentRequestState::Starting {
            attempt,
            why: None,
            again_at: clock::milliseconds().saturating_add(until_listed.saturating_mul(2)),
        };
        // The claim may have expired during the decision: renewing it tells whether another server has it now.
        let ours = self.inbox.renew_deployment_request(claimed, lease)?
            && self.inbox.write(claimed, &starting, true)?;
        if !ours {
            return Ok(());
        }
        tracing::debug!(attempt, "starting a deployment");
        let started = with_claim(shared, claimed, || self.trigger.start(request));
        let now = clock::milliseconds();
        let (outcome, state) = match started {
            Ok(reference) => (
                AttemptOutcome::Started,
                DeploymentRequestState::Started { reference },
            ),
            Err(trigger::Error::Refused { why }) => (
                AttemptOutcome::Refused,
                DeploymentRequestState::Retrying {
                    why,
                    again_at: now + back_off(attempt),
                },
            ),
            Err(trigger::Error::Busy { why, again_in }) => {
                let again_in = again_in.map_or(0, clock::in_milliseconds);
                let again_at = now.saturating_add(again_in.max(back_off(attempt)));
                (
                    AttemptOutcome::Refused,
                    DeploymentRequestState::Retrying { why, again_at },
                )
            }
            Err(trigger::Error::Unknown { why }) => (
                AttemptOutcome::Unconfirmed,
                DeploymentRequestState::Starting {
                    attempt,
                    why: Some(why),
                    again_at: now.saturating_add(until_listed),
                },
            ),
        };
        shared.metrics.attempt(outcome);
        self.write(claimed, &state)
    }

    /// Searches for the deployment of an unconfirmed start. Returns the new state, or nothing if it was
    /// certainly not started.
    fn confirm(
        &mut self,
        request: &Request,
        id: u64,
        attempt: u32,
    ) -> Option<DeploymentRequestState> {
        let error = match self.trigger.find(request) {
            Ok(found) => {
                self.searches.remove(&id);
                return found.map(|reference| DeploymentRequestState::Started { reference });
            }
            Err(error) => error,
        };
        let searches = self.searches.entry(id).or_default();
        // A CI system that does not answer may still answer for certain later.
        *searches += u32::from(error.is_unknown());
        let searches = *searches;
        let why = error.to_string();
        if searches >= SEARCHES {
            self.searches.remove(&id);
            return Some(DeploymentRequestState::Unknown { why });
        }
        Some(DeploymentRequestState::Starting {
            attempt,
            why: Some(why),
            again_at: clock::milliseconds() + back_off(SEARCH_BACKOFF + searches),
        })
    }

    /// Stores a state and gives the claim back. If the claim was lost, another server goes on from the stored
    /// state.
    fn write(
        &mut self,
        claimed: &ClaimedDeploymentRequest,
        state: &DeploymentRequestState,
    ) -> Result<(), Error> {
        let is_new = discriminant(state) != discriminant(&claimed.request.state);
        let is_retried = matches!(state, DeploymentRequestState::Retrying { .. });
        if !self.inbox.write(claimed, state, false)? {
            tracing::debug!("the claim of a deployment request was lost");
        } else if is_new || is_retried {
            log_state(state);
        }
        Ok(())
    }
}

/// Logs the new state of a deployment request.
fn log_state(state: &DeploymentRequestState) {
    match state {
        DeploymentRequestState::Wanted => {}
        DeploymentRequestState::Waiting { why, .. } => {
            tracing::info!(reason = why, "deployment request waits");
        }
        DeploymentRequestState::Starting { attempt, why, .. } => tracing::warn!(
            attempt,
            reason = why,
            "starting; searching for the deployment"
        ),
        DeploymentRequestState::Retrying { why, again_at } => tracing::warn!(
            reason = why,
            "retry-at" = time::exact(*again_at),
            "failed to start a deployment; trying again"
        ),
        DeploymentRequestState::Started { reference, .. } => {
            tracing::info!(reference, "deployment started");
        }
        DeploymentRequestState::Stopped { why } => {
            tracing::info!(reason = why, "deployment request closed without a start");
        }
        DeploymentRequestState::Unknown { why } => {
            tracing::error!(reason = why, "unconfirmed; check manually");
        }
    }
}

/// Renews a claim while an action runs, which may take longer than the claim lasts.
fn with_claim<T>(
    shared: &Shared,
    claimed: &ClaimedDeploymentRequest,
    action: impl FnOnce() -> T,
) -> T {
    let lease = shared.context.config.lease;
    let location = shared.context.location.clone();
    let mut inbox = Connection::new(move || open_inbox(&location));
    let claimed = claimed.clone();
    let renew = move || {
        // After a failure, the next renewal tries again.
        let _ = inbox.with(|it| it.renew_deployment_request(&claimed, lease));
    };
    let _keeper = Keeper::start("claim", lease, renew).inspect_err(|error| {
        tracing::warn!(reason = %error, "failed to start the thread that renews a claim");
    });
    action()
}

/// The time until the next decision about a request that waits, in milliseconds: a twentieth of the time that it
/// has waited, within limits.
fn wait(shared: &Shared, since: u64) -> u64 {
    let waited = clock::milliseconds().saturating_sub(since);
    poll_interval(shared).max((waited / 20).min(LONGEST_WAIT))
}

/// The interval at which deployments look again, in milliseconds.
fn poll_interval(shared: &Shared) -> u64 {
    u64::from(shared.context.config.settings.poll_interval.max(1)) * 1000
}

impl Worker for DeploymentRequestWorker {
    fn step(&mut self, shared: &Shared) -> Result<Next, Error> {
        let holder = Holder::this_process();
        let due = self.inbox.due(&holder, shared.context.config.lease, 1);
        match due?.first() {
            None => Ok(Next::Wait(IDLE)),
            Some(claimed) => {
                self.process(shared, claimed)?;
                Ok(Next::Step)
            }
        }
    }
}
