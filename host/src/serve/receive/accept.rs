//! Storing requests, many at once: whoever arrives while the disk is busy shares the next write.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::facts::Error;
use crate::journal::inbox::{Delivery, Inbox};
use crate::journal::{self, open_inbox};
use crate::serve::Shared;

/// How many requests may wait to be stored.
const QUEUE: usize = 256;

/// How many requests are stored in one transaction.
const BATCH: usize = 256;

/// How many bytes of bodies are stored in one transaction.
const BATCH_BYTES: usize = 8 << 20;

/// How many attempts are made to store a batch: a database that was restarted answers over a new connection.
const ATTEMPTS: u32 = 2;

/// The one that stores, in a thread of its own.
pub struct Acceptor {
    queue: mpsc::Sender<Waiting>,
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

/// A request that waits to be stored, and who wants to know.
struct Waiting {
    delivery: Delivery,
    stored: oneshot::Sender<bool>,
}

/// Who hands requests over to the acceptor.
#[derive(Clone)]
pub struct Handover {
    queue: mpsc::Sender<Waiting>,
    shared: Arc<Shared>,
}

/// Why a request was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// Too many are waiting.
    Full,
    /// The store did not take it.
    Failed,
}

impl Acceptor {
    /// Opens the inbox and begins to store.
    pub fn start(shared: &Arc<Shared>) -> Result<Self, Error> {
        let inbox = open_inbox(&shared.context.location)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let storing = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || store(&storing, inbox, waiting))
            .map_err(|error| {
                Error::new(
                    format!("failed to start a thread: {error}"),
                    "this machine gives none; try again when it has room",
                )
            })?;
        Ok(Self {
            queue,
            shared: Arc::clone(shared),
            thread,
        })
    }

    /// One who hands over to it.
    pub fn handover(&self) -> Handover {
        Handover {
            queue: self.queue.clone(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// Waits until everything that was handed over is stored. Nobody may hand over any more.
    pub fn end(self) {
        drop(self.queue);
        // A thread that panicked has said so.
        let _ = self.thread.join();
    }
}

impl Handover {
    /// Stores a delivery. It is durable when this returns.
    pub async fn store(&self, delivery: Delivery) -> Result<(), NotStored> {
        let (stored, answer) = oneshot::channel();
        let waiting = Waiting { delivery, stored };
        self.shared.arriving.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(waiting).is_err() {
            self.shared.arriving.fetch_sub(1, Ordering::Relaxed);
            return Err(NotStored::Full);
        }
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotStored::Failed),
        }
    }
}

fn store(shared: &Shared, inbox: Box<dyn Inbox>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut inbox = Some(inbox);
    while let Some(first) = waiting.blocking_recv() {
        let mut bytes = first.delivery.body.len();
        let mut deliveries = vec![first.delivery];
        let mut senders = vec![first.stored];
        while deliveries.len() < BATCH
            && bytes < BATCH_BYTES
            && let Ok(next) = waiting.try_recv()
        {
            bytes += next.delivery.body.len();
            deliveries.push(next.delivery);
            senders.push(next.stored);
        }
        let stored = accept(shared, &mut inbox, &deliveries);
        shared.refused.store(!stored, Ordering::Relaxed);
        shared.arriving.fetch_sub(senders.len(), Ordering::Relaxed);
        for sender in senders {
            // Who did not wait for the answer has it stored all the same.
            let _ = sender.send(stored);
        }
        if stored {
            shared.wake.all();
        }
    }
}

fn accept(shared: &Shared, inbox: &mut Option<Box<dyn Inbox>>, deliveries: &[Delivery]) -> bool {
    for attempt in 1..=ATTEMPTS {
        match once(shared, inbox, deliveries) {
            Ok(()) => return true,
            Err(error) => {
                *inbox = None;
                shared.metrics.store_failed();
                let deliveries = deliveries.len();
                if attempt < ATTEMPTS {
                    tracing::warn!(deliveries, reason = %error, "failed to store webhooks; trying again");
                } else {
                    tracing::error!(
                        deliveries,
                        reason = %error,
                        "failed to store webhooks; answering 503, so that the registry repeats them"
                    );
                }
            }
        }
    }
    false
}

fn once(
    shared: &Shared,
    inbox: &mut Option<Box<dyn Inbox>>,
    deliveries: &[Delivery],
) -> journal::Result<()> {
    let inbox = match inbox {
        Some(inbox) => inbox,
        none => none.insert(open_inbox(&shared.context.location)?),
    };
    inbox.accept(deliveries)
}
