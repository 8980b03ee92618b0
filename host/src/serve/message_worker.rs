//! The worker that sends messages which Slack has not accepted yet.

use super::Shared;
use super::worker_pool::{IDLE, Next, Worker};
use crate::clock;
use crate::deployment::outbox;
use crate::error::Error;
use crate::journal::{self, Attempted, OutboxMessage, Store};
use crate::text::time;

/// The worker that sends messages, with its connection to the journal.
pub struct MessageWorker {
    journal: Box<dyn Store>,
}

impl MessageWorker {
    pub fn open(shared: &Shared) -> Result<Self, Error> {
        let journal = journal::open(&shared.context.location)?;
        Ok(Self { journal })
    }
}

impl Worker for MessageWorker {
    fn step(&mut self, shared: &Shared) -> Result<Next, Error> {
        if let Some(slack) = &shared.context.config.slack {
            let goes_on = || !shared.notify.is_shut_down();
            outbox::send_due(slack, self.journal.as_mut(), None, &goes_on, &mut log)?;
        }
        Ok(Next::Wait(IDLE))
    }
}

fn log(message: &OutboxMessage, attempted: &Attempted) {
    let (deployment, name) = (message.deployment, message.name.as_str());
    let attempt = message.attempts;
    match attempted {
        Attempted::Sent { .. } => {
            tracing::info!(
                deployment,
                notification = name,
                attempt,
                "sent a message to Slack"
            );
        }
        Attempted::Failed {
            error, again_in, ..
        } => tracing::warn!(
            deployment,
            notification = name,
            attempt,
            reason = error,
            "retry-at" = time::exact(clock::milliseconds() + clock::in_milliseconds(*again_in)),
            "failed to send a message; trying again"
        ),
        Attempted::Unknown { error } => tracing::warn!(
            deployment,
            notification = name,
            attempt,
            reason = error,
            "a message may have arrived; not sending it again"
        ),
    }
}
