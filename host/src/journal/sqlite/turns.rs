//! Whose turn it is to write.
//!
//! `SQLite` has no queue: who waits looks again and again, and who has just written may write again before
//! anybody has looked. Its own waiting looks up to 100 ms apart, and never gets in beside a process that writes
//! one record after the other. So each store leaves a gap behind what it wrote, and looks more often than
//! the gap is long.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use crate::retry::Backoff;

/// How long to wait for somebody else's transaction.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a store leaves the file to others after it has written.
const GAP: Duration = Duration::from_micros(500);

/// How far apart the looks of a store that waits are: closer than the gap for the first quarter of a second, and
/// wider once it is not about milliseconds any more.
const LOOKS: Backoff = Backoff {
    first: Duration::from_micros(200),
    factor: 1.0013,
    longest: Duration::from_millis(1),
    spread: (1.0, 1.0),
};

/// Waits a little, as the busy handler of a connection. Says whether to look again.
pub fn wait(looks: i32) -> bool {
    thread_local! {
        static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    }
    if looks == 0 {
        BEGAN.set(Some(Instant::now()));
    }
    let waited = BEGAN.get().map_or(Duration::ZERO, |began| began.elapsed());
    if waited >= PATIENCE {
        return false;
    }
    thread::sleep(LOOKS.delay(looks.unsigned_abs(), 0.5));
    true
}

/// When a store wrote last.
#[derive(Debug, Default)]
pub struct Turn(Option<Instant>);

impl Turn {
    /// Leaves the gap, if it has not passed by itself.
    pub fn begin(&self) {
        let left = self.0.and_then(|ended| GAP.checked_sub(ended.elapsed()));
        if let Some(left) = left {
            thread::sleep(left);
        }
    }

    /// Remembers that something was written.
    pub fn end(&mut self) {
        self.0 = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_ends() {
        let began = Instant::now();
        let mut looks = 0;
        while wait(looks) {
            looks += 1;
        }
        assert!(began.elapsed() >= PATIENCE);
        assert!(looks > 100, "{looks} looks");
        assert!(wait(0), "the next one waits anew");
    }

    #[test]
    fn only_who_has_just_written_leaves_a_gap() {
        let mut turn = Turn::default();
        turn.begin();
        turn.end();
        let ended = turn.0.expect("it ended");
        turn.begin();
        assert!(ended.elapsed() >= GAP);
    }
}
