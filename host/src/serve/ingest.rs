//! Ingest: stores webhooks in batches. Webhooks that arrive during a write share the next one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use super::Shared;
use crate::error::Error;
use crate::journal::inbox::{Delivery, Inbox};
use crate::journal::{self, open_inbox};

/// How many webhooks may wait to be stored.
const QUEUE: usize = 256;

/// How many webhooks are stored in one transaction.
const BATCH: usize = 256;

/// How many bytes of bodies are stored in one transaction.
const BATCH_BYTES: usize = 8 << 20;

/// How many attempts are made to store a batch: a database that was restarted answers over a new connection.
const ATTEMPTS: u32 = 2;

/// The thread that stores webhooks.
pub struct Ingest {
    queue: IngestQueue,
    thread: JoinHandle<()>,
}

/// The queue of webhooks to be stored.
#[derive(Clone)]
pub struct IngestQueue {
    sender: mpsc::Sender<QueuedDelivery>,
    shared: Arc<Shared>,
}

/// A webhook to be stored, and the channel that reports whether it was.
struct QueuedDelivery {
    delivery: Delivery,
    stored: oneshot::Sender<bool>,
}

/// Why a webhook was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// The queue is full.
    Full,
    /// The store failed.
    Failed,
}

impl Ingest {
    /// Opens the inbox and starts the thread.
    pub fn start(shared: &Arc<Shared>) -> Result<Self, Error> {
        let inbox = open_inbox(&shared.context.location)?;
        let (sender, queued) = mpsc::channel(QUEUE);
        let of_thread = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name("ingest".to_owned())
            .spawn(move || store_batches(&of_thread, inbox, queued))
            .map_err(Error::no_thread)?;
        let shared = Arc::clone(shared);
        Ok(Self {
            queue: IngestQueue { sender, shared },
            thread,
        })
    }

    /// The queue that the thread reads.
    pub fn queue(&self) -> IngestQueue {
        self.queue.clone()
    }

    /// Waits until all queued webhooks are stored. Every other clone of the queue must be dropped by then.
    pub fn finish(self) {
        drop(self.queue);
        // A panic of the thread is logged.
        let _ = self.thread.join();
    }
}

impl IngestQueue {
    /// Stores a webhook. It is durable when this returns.
    pub async fn store(&self, delivery: Delivery) -> Result<(), NotStored> {
        let (stored, answer) = oneshot::channel();
        let queued = QueuedDelivery { delivery, stored };
        self.shared.ingesting.fetch_add(1, Ordering::Relaxed);
        if self.sender.try_send(queued).is_err() {
            self.shared.ingesting.fetch_sub(1, Ordering::Relaxed);
            return Err(NotStored::Full);
        }
        match answer.await {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(NotStored::Failed),
        }
    }
}

fn store_batches(
    shared: &Shared,
    inbox: Box<dyn Inbox>,
    mut queued: mpsc::Receiver<QueuedDelivery>,
) {
    let mut inbox = Some(inbox);
    while let Some(first) = queued.blocking_recv() {
        let mut bytes = first.delivery.body.len();
        let mut deliveries = vec![first.delivery];
        let mut senders = vec![first.stored];
        while deliveries.len() < BATCH
            && bytes < BATCH_BYTES
            && let Ok(next) = queued.try_recv()
        {
            bytes += next.delivery.body.len();
            deliveries.push(next.delivery);
            senders.push(next.stored);
        }
        let stored = store_batch(shared, &mut inbox, &deliveries);
        shared.ingest_failed.store(!stored, Ordering::Relaxed);
        shared.ingesting.fetch_sub(senders.len(), Ordering::Relaxed);
        for sender in senders {
            // A webhook whose sender no longer waits is stored all the same.
            let _ = sender.send(stored);
        }
        if stored {
            shared.notify.all();
        }
    }
}

/// Stores a batch, and says whether it is durable.
fn store_batch(
    shared: &Shared,
    inbox: &mut Option<Box<dyn Inbox>>,
    deliveries: &[Delivery],
) -> bool {
    for attempt in 1..=ATTEMPTS {
        let Err(error) = try_store(shared, inbox, deliveries) else {
            tracing::debug!(deliveries = deliveries.len(), "stored webhooks");
            return true;
        };
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
    false
}

fn try_store(
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
