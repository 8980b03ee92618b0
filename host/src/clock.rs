//! The time, read where effects happen and handed on as a fact.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970. A clock that is set before that reads as 0.
pub fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    in_milliseconds(since.unwrap_or_default())
}

/// Seconds since 1970, as the policy is told.
pub fn seconds() -> u64 {
    milliseconds() / 1000
}

/// A length of time in milliseconds.
pub fn in_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
