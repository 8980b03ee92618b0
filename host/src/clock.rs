//! The current time. It is read where effects happen, and passed on as a fact.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 if the clock is set to an earlier time.
pub fn milliseconds() -> u64 {
    in_milliseconds(since_1970().unwrap_or_default())
}

/// The time since 1970; `None` if the clock is set to an earlier time.
pub fn since_1970() -> Option<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

/// Seconds since 1970, the unit of the policy.
pub fn seconds() -> u64 {
    milliseconds() / 1000
}

/// A duration in milliseconds.
pub fn in_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
