//! Looks for messages to the driver of a deployment while it acts or waits, about once a second.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::message::Message;
use super::{Connection, Error, Keeper};
use crate::effects::shutdown::Shutdown;
use crate::error;
use crate::journal::{self, Location, Store};

/// How often to look for messages.
const INTERVAL: Duration = Duration::from_secs(1);

/// The messages to one driver. A new one ends a wait of the driver, and some end what it does at that moment.
pub(super) struct Mailbox {
    /// The request of this process to shut down, which messages do not make.
    process: Shutdown,
    shared: Arc<Mutex<Found>>,
    /// Looks for messages in the background.
    _keeper: Keeper,
}

struct Found {
    /// Ends a wait.
    wake: Shutdown,
    /// Ends what the driver does.
    stop: Shutdown,
    /// Ends a deploy command.
    stop_deploy: Shutdown,
    /// The id of the last message that was found.
    last: u64,
    /// The messages that the driver has not taken.
    messages: VecDeque<Received>,
}

/// A message that was found.
pub(super) struct Received {
    /// Its id.
    pub(super) id: u64,
    /// When it was sent, in seconds since 1970.
    pub(super) at: u64,
    /// What it asks for.
    pub(super) message: Message,
}

impl Mailbox {
    /// Finds the messages behind the one with the id `last` that are there, and begins to look for more.
    ///
    /// # Errors
    ///
    /// If the store can't be read, or the system gives no thread.
    pub(super) fn open(
        location: Location,
        store: &mut dyn Store,
        deployment: u64,
        process: &Shutdown,
        last: u64,
    ) -> Result<Self, Error> {
        let mut found = Found {
            wake: process.child(),
            stop: process.child(),
            stop_deploy: process.child(),
            last,
            messages: VecDeque::new(),
        };
        found.add(store.messages(deployment, last)?);
        let shared = Arc::new(Mutex::new(found));
        let mut store = Connection::new(move || journal::open(&location));
        let look = {
            let shared = Arc::clone(&shared);
            move || {
                let last = lock(&shared).last;
                // After a failure, the next look tries again.
                if let Ok(new) = store.with(|store| store.messages(deployment, last)) {
                    lock(&shared).add(new);
                }
            }
        };
        let keeper = Keeper::every(INTERVAL, "messages", look);
        Ok(Self {
            process: process.clone(),
            shared,
            _keeper: keeper.map_err(error::Error::no_thread)?,
        })
    }

    /// The shutdown of the process. It ends an action that a message must not end.
    pub(super) fn process(&self) -> Shutdown {
        self.process.clone()
    }

    /// What ends a wait: a shutdown of the process, or any message.
    pub(super) fn wake(&self) -> Shutdown {
        lock(&self.shared).wake.clone()
    }

    /// What ends the driver's current action: a shutdown of the process, or a message.
    pub(super) fn stop(&self) -> Shutdown {
        lock(&self.shared).stop.clone()
    }

    /// What ends a deploy command: a shutdown of the process, or a message that does not wait for its end.
    pub(super) fn stop_deploy(&self) -> Shutdown {
        lock(&self.shared).stop_deploy.clone()
    }

    /// Whether a message waits. A shutdown of the process goes first.
    pub(super) fn has_message(&self) -> bool {
        !self.process.is_requested() && !lock(&self.shared).messages.is_empty()
    }

    /// Takes the oldest message, unless the process shuts down. After the last one, the driver may act again, and
    /// needs a new [`stop`](Mailbox::stop).
    pub(super) fn take(&self) -> Option<Received> {
        if self.process.is_requested() {
            return None;
        }
        let mut found = lock(&self.shared);
        let message = found.messages.pop_front()?;
        if found.messages.is_empty() {
            found.wake = self.process.child();
            found.stop = self.process.child();
            found.stop_deploy = self.process.child();
        }
        Some(message)
    }
}

impl Found {
    fn add(&mut self, new: Vec<journal::Message>) {
        for message in new {
            self.last = message.id;
            match Message::read(&message.body) {
                Message::Unknown => {}
                read @ (Message::Cancel { .. }
                | Message::Supersede { .. }
                | Message::Intervene { .. }) => {
                    self.messages.push_back(Received {
                        id: message.id,
                        at: message.at / 1000,
                        message: read,
                    });
                }
            }
        }
        if !self.messages.is_empty() {
            self.wake.request();
        }
        let mut messages = self.messages.iter().map(|it| &it.message);
        if messages.clone().any(Message::ends_action) {
            self.stop.request();
        }
        if messages.any(Message::ends_deploy_command) {
            self.stop_deploy.request();
        }
    }
}

fn lock(shared: &Mutex<Found>) -> MutexGuard<'_, Found> {
    // A panic while it is held leaves messages that are found again or still there.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
