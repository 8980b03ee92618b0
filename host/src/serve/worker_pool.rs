//! The worker pool: threads that process the inbox. Each worker has its own connection to the store, so that a
//! slow one does not delay the others.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Shared;
use super::child_processes::ChildProcesses;
use super::deployment_request_worker::DeploymentRequestWorker;
use super::local_deployments::ResumeWorker;
use super::message_worker::MessageWorker;
use super::push_event_worker::PushEventWorker;
use super::reconciliation::ReconciliationWorker;
use crate::clock;
use crate::error::Error;
use crate::retry::Backoff;

/// How many push events are resolved at a time. A registry that hangs blocks one worker.
const PUSH_EVENT_WORKERS: usize = 3;

/// How many deployments are started at a time.
const DEPLOYMENT_REQUEST_WORKERS: usize = 3;

/// How long an idle worker waits for a notification.
pub const IDLE: Duration = Duration::from_secs(1);

/// How long a worker that was notified waits for more, to process it together.
const GATHER: Duration = Duration::from_millis(20);

/// How long a worker waits after an error of the store.
const STORE_RETRY: Duration = Duration::from_millis(500);

/// The threads.
pub struct WorkerPool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What a worker does after a step.
pub enum Next {
    /// The next step, at once.
    Step,
    /// Wait for a notification, for this long at most.
    Wait(Duration),
    /// Sleep this long, whatever is notified.
    Sleep(Duration),
}

/// One kind of work.
pub trait Worker {
    /// Does a part of the work.
    ///
    /// # Errors
    ///
    /// If the store fails. The worker is opened again then.
    fn step(&mut self, shared: &Shared) -> Result<Next, Error>;
}

impl WorkerPool {
    /// Starts all workers.
    ///
    /// # Errors
    ///
    /// If the system refuses a thread.
    pub fn start(shared: &Arc<Shared>) -> io::Result<Self> {
        let mut pool = Self {
            shared: Arc::clone(shared),
            threads: Vec::new(),
        };
        let children = ChildProcesses::new(Arc::clone(shared));
        for _ in 0..PUSH_EVENT_WORKERS {
            pool.spawn("push-events", PushEventWorker::open)?;
        }
        for _ in 0..DEPLOYMENT_REQUEST_WORKERS {
            let children = Arc::clone(&children);
            pool.spawn("deployment-requests", move |shared| {
                DeploymentRequestWorker::open(shared, Arc::clone(&children))
            })?;
        }
        if shared.context.serve.elsewhere.is_none() {
            pool.spawn("resume", move |shared| {
                ResumeWorker::open(shared, Arc::clone(&children))
            })?;
        }
        if sends_messages(shared) {
            pool.spawn("messages", MessageWorker::open)?;
        }
        pool.spawn("reconciliation", ReconciliationWorker::open)?;
        Ok(pool)
    }

    /// Waits until each worker has finished its step.
    pub fn finish(self) {
        self.shared.notify.shut_down();
        for thread in self.threads {
            // A panic of the thread is logged.
            let _ = thread.join();
        }
    }

    fn spawn<W: Worker>(
        &mut self,
        name: &str,
        open: impl Fn(&Shared) -> Result<W, Error> + Send + 'static,
    ) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _counter = PanicCounter(&shared);
                work(&shared, open);
            })?;
        self.threads.push(thread);
        Ok(())
    }
}

/// Whether this server sends messages. If deployments run in a CI system, `greenlight run` sends the messages there.
fn sends_messages(shared: &Shared) -> bool {
    let context = &shared.context;
    context.config.slack.is_some() && context.serve.elsewhere.is_none()
}

/// Counts a worker that panicked.
struct PanicCounter<'a>(&'a Shared);

impl Drop for PanicCounter<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.workers_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn work<W: Worker>(shared: &Shared, open: impl Fn(&Shared) -> Result<W, Error>) {
    let mut seen = 0;
    while !shared.notify.is_shut_down() {
        let error = match open(shared) {
            Ok(mut worker) => loop {
                shared.yield_to_ingest();
                match worker.step(shared) {
                    Ok(Next::Step) if !shared.notify.is_shut_down() => {}
                    Ok(Next::Step) => return,
                    Ok(Next::Wait(longest)) => {
                        if !shared.notify.wait(&mut seen, longest) || !shared.notify.sleep(GATHER) {
                            return;
                        }
                    }
                    Ok(Next::Sleep(time)) => {
                        if !shared.notify.sleep(time) {
                            return;
                        }
                    }
                    Err(error) => break error,
                }
            },
            Err(error) => error,
        };
        shared.metrics.store_failed();
        tracing::warn!(
            worker = std::thread::current().name(),
            reason = error.message,
            "a worker failed; trying again"
        );
        shared.notify.sleep(STORE_RETRY);
    }
}

/// The delays before something is tried again: up to four minutes.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    factor: 2.0,
    longest: Duration::from_secs(256),
    spread: (0.5, 1.0),
};

/// The delay after this many failed attempts, in milliseconds.
pub fn back_off(attempts: u32) -> u64 {
    clock::in_milliseconds(BACKOFF.delay(attempts, fastrand::f64()))
}

/// Notifies waiting workers of new entries in the inbox, and of the shutdown.
#[derive(Debug, Default)]
pub struct Notify {
    state: Mutex<NotifyState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct NotifyState {
    notifications: u64,
    is_shut_down: bool,
}

impl Notify {
    /// Notifies all workers of new entries.
    pub fn all(&self) {
        self.lock().notifications += 1;
        self.changed.notify_all();
    }

    /// Asks all workers to end.
    pub fn shut_down(&self) {
        self.lock().is_shut_down = true;
        self.changed.notify_all();
    }

    /// Whether the workers should end.
    pub fn is_shut_down(&self) -> bool {
        self.lock().is_shut_down
    }

    /// Waits for a notification after the last one in `seen`, for this long at most. Returns false at the
    /// shutdown.
    pub fn wait(&self, seen: &mut u64, longest: Duration) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), longest, |it| {
                !it.is_shut_down && it.notifications == *seen
            })
            .unwrap_or_else(PoisonError::into_inner);
        *seen = state.notifications;
        !state.is_shut_down
    }

    /// Sleeps for this long, whatever is notified. Returns false, and earlier, at the shutdown.
    pub fn sleep(&self, time: Duration) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), time, |it| !it.is_shut_down)
            .unwrap_or_else(PoisonError::into_inner);
        !state.is_shut_down
    }

    fn lock(&self) -> MutexGuard<'_, NotifyState> {
        // No code panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn a_worker_is_woken_by_a_notification_and_by_the_shutdown() {
        let notify = Arc::new(Notify::default());
        let mut seen = 0;
        assert!(notify.wait(&mut seen, Duration::from_millis(1)));
        let start = Instant::now();
        let other = Arc::clone(&notify);
        let notifier = std::thread::spawn(move || other.all());
        assert!(notify.wait(&mut seen, LONG));
        notifier.join().expect("it notified");
        notify.all();
        assert!(
            notify.wait(&mut seen, LONG),
            "an earlier notification counts"
        );
        notify.all();
        assert!(
            notify.sleep(Duration::from_millis(1)),
            "a notification does not end a sleep"
        );
        notify.shut_down();
        assert!(!notify.sleep(LONG));
        assert!(!notify.wait(&mut seen, LONG));
        assert!(notify.is_shut_down());
        assert!(start.elapsed() < LONG);
    }

    #[test]
    fn the_delay_grows_to_a_limit() {
        for (attempts, range) in [
            (0, 500..=1000),
            (1, 1000..=2000),
            (5, 16_000..=32_000),
            (9, 128_000..=256_000),
            (u32::MAX, 128_000..=256_000),
        ] {
            let time = back_off(attempts);
            assert!(range.contains(&time), "{attempts}: {time}");
        }
    }
}
