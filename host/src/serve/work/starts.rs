//! Starting what is wanted: once, and until it is accepted.

use std::collections::HashMap;
use std::sync::Arc;

use super::begin::Begin;
use super::children::Children;
use super::decide::{self, Word};
use super::{IDLE, Pace, Work, back_off, resume};
use crate::clock;
use crate::deployment::{Connection, Keeper};
use crate::effects::trigger::{self, Request};
use crate::facts::Error;
use crate::journal::inbox::{ClaimedDeploymentRequest, DeploymentRequestState, Inbox};
use crate::journal::{self, Holder, Store, open_inbox};
use crate::serve::Shared;
use crate::serve::metrics::Attempted;
use crate::text::time;

/// How often a system may answer that it can't tell whether something was started.
const LOOKS: u32 = 3;

/// How long to wait for a place, in milliseconds.
const FULL: u64 = 2000;

/// Starts deployments.
pub struct Starts {
    inbox: Box<dyn Inbox>,
    journal: Box<dyn Store>,
    starter: Box<dyn trigger::Trigger>,
    /// Those that run here, where that is the way.
    children: Option<Arc<Children>>,
    /// How often nobody could tell of a start whether it happened.
    looks: HashMap<u64, u32>,
}

impl Starts {
    pub fn open(shared: &Shared, children: Arc<Children>) -> Result<Self, Error> {
        let location = &shared.context.location;
        Ok(Self {
            inbox: open_inbox(location)?,
            journal: journal::open(location)?,
            starter: match &shared.context.serve.elsewhere {
                Some(way) => trigger::of(way),
                None => Box::new(Begin::new(location.clone(), Arc::clone(&children))),
            },
            children: Some(children).filter(|_| shared.context.serve.elsewhere.is_none()),
            looks: HashMap::new(),
        })
    }

    fn carry_on(
        &mut self,
        shared: &Shared,
        claimed: &ClaimedDeploymentRequest,
    ) -> Result<(), Error> {
        let start = &claimed.request;
        let _span = tracing::error_span!(
            "deployment-request",
            "deployment-request" = start.id,
            key = start.key,
            repository = start.repository,
            tag = start.tag,
            digest = start.digest,
            environment = start.environment,
            commit = start.commit,
        )
        .entered();
        let request = Request {
            key: start.key.clone(),
            repository: start.repository.clone(),
            tag: start.tag.clone(),
            digest: start.digest.clone(),
            environment: start.environment.clone(),
            commit: start.commit.clone(),
            since: start.created,
        };
        let mut attempts = start.attempts;
        if let DeploymentRequestState::Starting { attempt, .. } = start.state {
            attempts = attempt;
            if let Some(state) = self.look_for(&request, start.id, attempt) {
                return self.write(claimed, &state);
            }
        }
        let word = decide::ask(shared, self.journal.as_mut(), start);
        let now = clock::milliseconds();
        // A record that can't be read keeps this one from being decided, not the others.
        match word.unwrap_or_else(|error| Word::Wait(error.message)) {
            Word::Over(why) => self.write(claimed, &DeploymentRequestState::Stopped { why }),
            Word::Wait(why) => {
                let again_at = now + patience(shared, start.created);
                self.write(claimed, &DeploymentRequestState::Waiting { why, again_at })
            }
            Word::Go if self.is_full()? => {
                let why = "as many deployments run as `[serve] at-most` allows".to_owned();
                let again_at = now + FULL;
                self.write(claimed, &DeploymentRequestState::Waiting { why, again_at })
            }
            Word::Go => self.attempt(shared, claimed, &request, attempts + 1),
        }
    }

    /// Whether no other deployment may run here, also counting those that another receiver started, or this
    /// one before it was started again.
    fn is_full(&mut self) -> Result<bool, Error> {
        match &self.children {
            None => Ok(false),
            Some(children) => {
                let driven = resume::driven(self.journal.as_mut())?;
                Ok(children.is_full(driven))
            }
        }
    }

    fn attempt(
        &mut self,
        shared: &Shared,
        claimed: &ClaimedDeploymentRequest,
        request: &Request,
        attempt: u32,
    ) -> Result<(), Error> {
        // What it takes to ask, and to show what was accepted. Nobody else looks before that is over. A start
        // here needs no such time, since the journal takes its request once.
        let lease = shared.context.config.lease;
        let shown = match &self.children {
            Some(_) => 0,
            None => u64::try_from(lease.as_millis()).unwrap_or(u64::MAX),
        };
        let begun = DeploymentRequestState::Starting {
            attempt,
            why: None,
            again_at: clock::milliseconds().saturating_add(shown.saturating_mul(2)),
        };
        // A claim that ran out while the policy was asked is still ours, or somebody else's by now.
        let ours = self.inbox.renew_deployment_request(claimed, lease);
        let ours = ours.and_then(|ours| Ok(ours && self.inbox.write(claimed, &begun, true)?));
        if !ours? {
            return Ok(());
        }
        tracing::debug!(attempt, "starting a deployment");
        let started = keeping(shared, claimed, || self.starter.start(request));
        let (outcome, state) = match started {
            Ok(reference) => (
                Attempted::Started,
                DeploymentRequestState::Started {
                    reference,
                    finished: None,
                },
            ),
            Err(trigger::Error::Refused { why }) => (
                Attempted::Refused,
                DeploymentRequestState::Retrying {
                    why,
                    again_at: clock::milliseconds() + back_off(attempt),
                },
            ),
            Err(trigger::Error::Busy { why, again_in }) => {
                let again_in = again_in.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
                let again_in = again_in.unwrap_or(0).max(back_off(attempt));
                let again_at = clock::milliseconds().saturating_add(again_in);
                (
                    Attempted::Refused,
                    DeploymentRequestState::Retrying { why, again_at },
                )
            }
            Err(trigger::Error::Unknown { why }) => (
                Attempted::Unknown,
                DeploymentRequestState::Starting {
                    attempt,
                    why: Some(why),
                    again_at: clock::milliseconds().saturating_add(shown),
                },
            ),
        };
        shared.metrics.attempted(outcome);
        self.write(claimed, &state)
    }

    /// Finds out whether an attempt that may have started something did. Nothing if it certainly did not.
    fn look_for(
        &mut self,
        request: &Request,
        id: u64,
        attempt: u32,
    ) -> Option<DeploymentRequestState> {
        let why = match self.starter.find(request) {
            Ok(Some(reference)) => {
                self.looks.remove(&id);
                return Some(DeploymentRequestState::Started {
                    reference,
                    finished: None,
                });
            }
            Ok(None) => {
                self.looks.remove(&id);
                return None;
            }
            Err(error) => error,
        };
        let looks = self.looks.entry(id).or_default();
        // A system that is away has not said that it can't tell.
        *looks += u32::from(why.is_unknown());
        let looks = *looks;
        let why = why.to_string();
        if looks >= LOOKS {
            self.looks.remove(&id);
            return Some(DeploymentRequestState::Unknown { why });
        }
        Some(DeploymentRequestState::Starting {
            attempt,
            why: Some(why),
            again_at: clock::milliseconds() + back_off(4 + looks),
        })
    }

    fn write(
        &mut self,
        claimed: &ClaimedDeploymentRequest,
        state: &DeploymentRequestState,
    ) -> Result<(), Error> {
        let start = &claimed.request;
        let ours = self.inbox.write(claimed, state, false);
        let ours = ours?;
        let is_news = std::mem::discriminant(state) != std::mem::discriminant(&start.state);
        if ours && is_news {
            log_state(state);
        }
        Ok(())
    }
}

/// Logs that a deployment request has another state.
fn log_state(state: &DeploymentRequestState) {
    match state {
        DeploymentRequestState::Wanted => {}
        DeploymentRequestState::Waiting { why, .. } => {
            tracing::info!(reason = why, "deployment request waits");
        }
        DeploymentRequestState::Starting { attempt, why, .. } => tracing::warn!(
            attempt,
            reason = why,
            "start unconfirmed; searching for the deployment"
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
            tracing::error!(reason = why, "start unconfirmed; check manually");
        }
    }
}

/// Does something that may take longer than a claim lasts, and keeps the claim meanwhile.
fn keeping<T>(
    shared: &Shared,
    claimed: &ClaimedDeploymentRequest,
    action: impl FnOnce() -> T,
) -> T {
    let lease = shared.context.config.lease;
    let location = shared.context.location.clone();
    let mut inbox = Connection::new(move || open_inbox(&location));
    let claimed = claimed.clone();
    let renew = move || {
        // An inbox that does not answer is asked again a moment later.
        let _ = inbox.with(|it| it.renew_deployment_request(&claimed, lease));
    };
    let _keeper = Keeper::start("claim", lease, renew).inspect_err(|error| {
        tracing::warn!(reason = %error, "failed to start the thread that renews a claim");
    });
    action()
}

/// How long to let something be that has to wait, in milliseconds: the longer it has waited, the longer.
fn patience(shared: &Shared, since: u64) -> u64 {
    let interval = u64::from(shared.context.config.settings.poll_interval.max(1)) * 1000;
    let waited = clock::milliseconds().saturating_sub(since);
    interval.max((waited / 20).min(600_000))
}

impl Work for Starts {
    fn step(&mut self, shared: &Shared) -> Result<Pace, Error> {
        let holder = Holder::this_process();
        let due = self.inbox.due(&holder, shared.context.config.lease, 1);
        match due?.first() {
            None => Ok(Pace::Idle(IDLE)),
            Some(claimed) => {
                self.carry_on(shared, claimed)?;
                Ok(Pace::Busy)
            }
        }
    }
}
