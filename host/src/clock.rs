//! The current time. It is read where effects happen, and passed on as a fact. No other module reads the system clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since 1970; 0 if the clock is set to an earlier time.
pub fn milliseconds() -> u64 {
    in_milliseconds(since_1970().unwrap_or_default())
}

/// The time since 1970; `None` if the clock is set to an earlier time.
pub fn since_1970() -> Option<Duration> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only reader of the system clock"
    )]
    let time = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    #[cfg(debug_assertions)]
    let time = jumps::after(time)?;
    Some(time)
}

/// The time since this machine started, including the time in which it was suspended; `None` if the system does not
/// provide it. Changes of the system clock don't affect it.
///
/// Source: `CLOCK_BOOTTIME` in `clock_gettime(2)`.
pub fn since_boot() -> Option<Duration> {
    let time = clock_gettime(ClockId::Boottime);
    Duration::try_from(time).ok()
}

/// The time since this machine started, by which a deployment measures its waits. A test can let it pass faster.
pub fn passing() -> Option<Duration> {
    let time = since_boot()?;
    #[cfg(debug_assertions)]
    let time = jumps::passed(time)?;
    Some(time)
}

/// Seconds since 1970, the unit of the policy.
pub fn seconds() -> u64 {
    milliseconds() / 1000
}

/// A duration in milliseconds.
pub fn in_milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Shifts the system clock in tests. A release build does not contain it.
#[cfg(debug_assertions)]
mod jumps {
    use std::path::{Path, PathBuf};
    use std::sync::LazyLock;
    use std::time::Duration;
    use std::{env, fs};

    /// The variable that names a file with an offset in seconds, which may be negative.
    const VARIABLE: &str = "GREENLIGHT_TEST_CLOCK_OFFSET";

    /// The variable that names a file with the seconds by which deployments wait less than they record.
    const PASSED: &str = "GREENLIGHT_TEST_PASSED_TIME";

    /// The file is read each time that the clock is read, so that a test can shift the clock of a running process.
    static FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| env::var_os(VARIABLE).map(PathBuf::from));
    static PASSED_FILE: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| env::var_os(PASSED).map(PathBuf::from));

    /// The time that the shifted clock shows; `None` before 1970.
    pub(super) fn after(time: Duration) -> Option<Duration> {
        read(FILE.as_deref(), time)
    }

    /// The time since this machine started, and what a test lets pass in addition.
    pub(super) fn passed(time: Duration) -> Option<Duration> {
        read(PASSED_FILE.as_deref(), time)
    }

    fn read(file: Option<&Path>, time: Duration) -> Option<Duration> {
        let Some(file) = file else {
            return Some(time);
        };
        let offset = fs::read_to_string(file).unwrap_or_default();
        shifted(time, &offset)
    }

    /// The time plus an offset. A text that is not a number does not shift the clock.
    fn shifted(time: Duration, offset: &str) -> Option<Duration> {
        let offset: i64 = offset.trim().parse().unwrap_or(0);
        let by = Duration::from_secs(offset.unsigned_abs());
        if offset < 0 {
            time.checked_sub(by)
        } else {
            time.checked_add(by)
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_clock_is_shifted_both_ways() {
            let time = Duration::from_secs(100);
            assert_eq!(shifted(time, "7\n"), Some(Duration::from_secs(107)));
            assert_eq!(shifted(time, "-7"), Some(Duration::from_secs(93)));
            assert_eq!(shifted(time, ""), Some(time));
            assert_eq!(shifted(time, "-101"), None);
        }
    }
}
