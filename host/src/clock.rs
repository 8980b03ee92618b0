//! The current time. It is read where effects happen, and passed on as a fact.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 if the clock is set to an earlier time.
pub fn milliseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    in_milliseconds(since.unwrap_or_default())
}

/// Seconds since 1970, the unit of the policy.
pub fn seconds() -> u64 {
    milliseconds() / 1000
}

/// A duration in milliseconds.
pub fn in_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
