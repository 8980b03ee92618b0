//! Waking those who wait for something to come in.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts what came in; who has seen it all sleeps until there is more.
#[derive(Debug, Default)]
pub struct Wake {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    count: u64,
    over: bool,
}

impl Wake {
    /// Wakes everybody.
    pub fn all(&self) {
        self.lock().count += 1;
        self.changed.notify_all();
    }

    /// Wakes everybody for the last time: it is over.
    pub fn end(&self) {
        self.lock().over = true;
        self.changed.notify_all();
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Sleeps until something came in after `seen`, for this long at most. Says whether to go on.
    pub fn sleep(&self, seen: &mut u64, longest: Duration) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), longest, |it| !it.over && it.count == *seen)
            .unwrap_or_else(PoisonError::into_inner);
        *seen = state.count;
        !state.over
    }

    /// Sleeps for this long, whatever comes in. Says whether to go on.
    pub fn rest(&self, time: Duration) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), time, |it| !it.over)
            .unwrap_or_else(PoisonError::into_inner);
        !state.over
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_mins(1);

    #[test]
    fn who_sleeps_is_woken_by_what_comes_in_and_by_the_end() {
        let wake = Arc::new(Wake::default());
        let mut seen = 0;
        assert!(wake.sleep(&mut seen, Duration::from_millis(1)));
        let start = Instant::now();
        let other = Arc::clone(&wake);
        let waker = std::thread::spawn(move || other.all());
        assert!(wake.sleep(&mut seen, LONG));
        waker.join().expect("it woke");
        wake.all();
        assert!(wake.sleep(&mut seen, LONG), "what came in before is seen");
        wake.all();
        assert!(
            wake.rest(Duration::from_millis(1)),
            "nobody wakes who rests"
        );
        wake.end();
        assert!(!wake.rest(LONG));
        assert!(!wake.sleep(&mut seen, LONG));
        assert!(wake.is_over());
        assert!(start.elapsed() < LONG);
    }
}
