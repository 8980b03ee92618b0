//! Due times: when a claim ends, and when a delay is over.
//!
//! A row has each due time twice: by the clock of the store, and in the column `boot_…` by the boot clock of the machine.
//! The column `boot` identifies the boot. In a file, the boot clock decides, because the system clock can be set. After a
//! restart of the machine, and for a process in another namespace, the system clock decides: the process that wrote the
//! row may still run, so its claim must not end early.
//!
//! In `PostgreSQL`, `boot` is NULL, and the clock of the server decides. Processes on several machines have no boot in
//! common, and the server has no function that reads its boot clock.

use crate::clock;

/// When to continue with a row.
#[derive(Clone, Copy, Debug)]
pub struct Again {
    /// By the system clock, in milliseconds since 1970.
    pub at: u64,
    /// The delay until then, in milliseconds, which no change of the clock affects.
    pub delay: u64,
}

impl Again {
    /// Measures the delay at once, because a call may wait for the store while the clock is set.
    pub fn at(at: u64) -> Self {
        let delay = at.saturating_sub(clock::milliseconds());
        Self { at, delay }
    }
}

/// The condition that the time in a column has passed.
pub fn has_passed(column: &str) -> String {
    has_passed_or(column, "FALSE")
}

/// The condition that the time in a column has passed. If the boot clock can't decide, another condition is enough: it
/// detects a clock that was set back.
pub fn has_passed_or(column: &str, or: &str) -> String {
    format!(
        "(CASE WHEN boot = :boot THEN boot_{column} <= :elapsed ELSE {column} <= :now OR ({or}) END)"
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::journal::sql::{Dialect, completed};

    /// Whether a row is due at 100 by the system clock, and at 10 since the boot `b`.
    fn is_due(condition: &str, row: &str) -> bool {
        let dialect = Dialect {
            now: "100",
            boot: "'b'",
            elapsed: "10",
            lock: "",
            sum: ("", ""),
        };
        let statement = format!(
            "WITH t (boot, boot_due, due) AS (VALUES ({row})) SELECT count(*) FROM t WHERE {condition}"
        );
        let connection = Connection::open_in_memory().expect("a database");
        let count: u32 = connection
            .query_row(&completed(&statement, &dialect), [], |row| row.get(0))
            .expect("an answer");
        count == 1
    }

    #[test]
    fn the_boot_clock_decides_within_a_boot() {
        let condition = has_passed("due");
        // The system clock was set back by an hour, or forwards.
        assert!(is_due(&condition, "'b', 10, 3600000"));
        assert!(!is_due(&condition, "'b', 11, 0"));
    }

    #[test]
    fn the_system_clock_decides_about_another_boot() {
        let condition = has_passed_or("due", "due > 1000");
        for boot in ["'a'", "NULL"] {
            for (due, expected) in [(100, true), (101, false), (1001, true)] {
                assert_eq!(is_due(&condition, &format!("{boot}, 5, {due}")), expected);
            }
        }
    }
}
