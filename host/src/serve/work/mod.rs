//! What is done with what came in: each kind of work in threads of its own, each with its own way to the
//! store, so that none waits for another.

mod begin;
mod children;
mod decide;
mod hints;
mod reconcile;
mod resume;
mod starts;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use super::{STORE_REST, Shared};
use crate::clock;
use crate::facts::Error;
use crate::retry::Backoff;
use children::Children;

/// How many attempts to start something are made at a time.
const STARTERS: usize = 3;

/// How long to sleep when nothing comes in.
const IDLE: Duration = Duration::from_secs(1);

/// How long to wait for more once something came in.
const GATHER: Duration = Duration::from_millis(20);

/// How many look into hints at a time: a registry that hangs holds one of them up.
const LOOKERS: usize = 3;

/// The threads that work.
pub struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What a step of work came to.
enum Pace {
    /// There may be more to do right now.
    Busy,
    /// There is nothing to do until something comes in, or so much time has passed.
    Idle(Duration),
    /// There is nothing to do until so much time has passed, whatever comes in.
    Asleep(Duration),
}

/// Begins to work.
///
/// # Errors
///
/// If the system gives no thread.
pub fn start(shared: &Arc<Shared>) -> io::Result<Workers> {
    let mut workers = Workers {
        shared: Arc::clone(shared),
        threads: Vec::new(),
    };
    let children = Children::new(Arc::clone(shared));
    for _ in 0..LOOKERS {
        workers.employ("hints", hints::Hints::open)?;
    }
    for _ in 0..STARTERS {
        let children = Arc::clone(&children);
        workers.employ("starts", move |shared| {
            starts::Starts::open(shared, Arc::clone(&children))
        })?;
    }
    if shared.context.serve.elsewhere.is_none() {
        workers.employ("resume", move |shared| {
            resume::Resume::open(shared, Arc::clone(&children))
        })?;
    }
    workers.employ("reconcile", reconcile::Reconcile::open)?;
    Ok(workers)
}

/// One kind of work.
trait Work {
    /// Does a piece of it. After an error the work is opened anew.
    fn step(&mut self, shared: &Shared) -> Result<Pace, Error>;
}

impl Workers {
    /// Ends when the pieces of work that have begun are done.
    pub fn end(self) {
        self.shared.wake.end();
        for thread in self.threads {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }

    fn employ<W: Work>(
        &mut self,
        name: &str,
        open: impl Fn(&Shared) -> Result<W, Error> + Send + 'static,
    ) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let _watched = Watched(&shared);
                work(&shared, open);
            })?;
        self.threads.push(thread);
        Ok(())
    }
}

/// Notices when a thread ends that should not.
struct Watched<'a>(&'a Shared);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn work<W: Work>(shared: &Shared, open: impl Fn(&Shared) -> Result<W, Error>) {
    let mut seen = 0;
    while !shared.wake.is_over() {
        let why = match open(shared) {
            Ok(mut work) => loop {
                shared.give_way();
                match work.step(shared) {
                    Ok(Pace::Busy) if !shared.wake.is_over() => {}
                    Ok(Pace::Busy) => return,
                    Ok(Pace::Idle(longest)) => {
                        // What comes in at once is looked at together.
                        if !shared.wake.sleep(&mut seen, longest) || !shared.wake.rest(GATHER) {
                            return;
                        }
                    }
                    Ok(Pace::Asleep(time)) => {
                        if !shared.wake.rest(time) {
                            return;
                        }
                    }
                    Err(why) => break why,
                }
            },
            Err(why) => why,
        };
        shared.metrics.store_failed();
        tracing::warn!(reason = why.message, "a worker failed; it starts again");
        shared.wake.rest(STORE_REST);
    }
}

/// How long to wait before something is tried again: up to four minutes.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    factor: 2.0,
    longest: Duration::from_secs(256),
    spread: (0.5, 1.0),
};

/// How long to wait before something is tried again, in milliseconds.
fn back_off(attempts: u32) -> u64 {
    clock::in_milliseconds(BACKOFF.delay(attempts, fastrand::f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_become_rarer_and_do_not_stop() {
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
