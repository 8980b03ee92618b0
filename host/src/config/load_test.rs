//! The rules of `[load-test]`, and its thresholds as the contract has them.

use super::file::{LoadTestTable, ThresholdsTable};
use super::values::{self, Wrong};
use crate::contract::settings;
use crate::contract::types::Thresholds;

/// Checks the rules that the types of the table do not express.
pub(super) fn check(test: &LoadTestTable) -> Result<(), Wrong> {
    values::command("load-test.command", &test.command)?;
    if let Some(cleanup) = &test.cleanup {
        values::command("load-test.cleanup", cleanup)?;
    }
    values::positive("load-test.time-limit", test.time_limit, "1h")?;
    if test.requests.is_empty() {
        return Err(Wrong::new(
            "load-test.requests",
            "is empty",
            "list the metrics that count as requests, or remove the key to count `http_reqs`",
        ));
    }
    if !test.success_exit_status.contains(&0) {
        return Err(Wrong::new(
            "load-test.success-exit-status",
            "does not contain 0, so a load test that exits with 0 would be neither a success nor a failure",
            "add 0: `success-exit-status = [0, 1]`",
        ));
    }
    Ok(())
}

impl ThresholdsTable {
    /// The thresholds as the contract has them.
    pub(super) fn contract(&self) -> Thresholds {
        Thresholds {
            min_requests: self.min_requests,
            min_rate: self.min_rate,
            max_failures: self.max_failures,
            max_exceptions: self.max_exceptions,
            max_p95: self.max_p95,
            min_duration: self.min_duration.map(values::Span::seconds),
            ..settings::thresholds()
        }
    }
}
