//! Waiting for a condition, with an end.

use std::thread;
use std::time::{Duration, Instant};

/// Asks until there is an answer, and gives it. Panics with `what` after `limit`.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut asked: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = asked() {
            return answer;
        }
        assert!(Instant::now() < end, "no {what} within {limit:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
