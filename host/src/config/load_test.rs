//! `[load-test]`: the table, its rules, and its thresholds as the contract has them.

use std::path::PathBuf;

use serde::Deserialize;

use super::values::{self, Span, Wrong};
use crate::contract::settings;
use crate::contract::types::Thresholds;
use crate::facts::load_test::{Format, REQUESTS};

/// How the load test runs.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoadTestTable {
    /// The command that runs it: a program and its arguments, run in the folder of the configuration
    /// without a shell.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub command: Vec<String>,
    /// How long the command may run; 1h unless set.
    #[serde(default = "an_hour")]
    pub time_limit: Span,
    /// The command that ends what the load test started elsewhere, such as a swarm in a cluster. It runs before an
    /// interrupted load test is repeated, and after a canceled one.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub cleanup: Option<Vec<String>>,
    /// Whether an interrupted load test may be repeated; true unless set.
    #[serde(default = "yes")]
    pub repeatable: bool,
    /// The tool that writes the results.
    pub format: Format,
    /// The JSON file with the results. A relative path starts in the folder of the run, `GREENLIGHT_FOLDER`; a file
    /// that is not there is looked for in the folder of the configuration. So do the other files.
    pub results: PathBuf,
    /// Locust's `stats_history.csv`, for the curves.
    pub history: Option<PathBuf>,
    /// Locust's `stats.csv`, which is read if the JSON file is missing.
    pub stats: Option<PathBuf>,
    /// Locust's `exceptions.csv`.
    pub exceptions: Option<PathBuf>,
    /// k6: the metrics that count as requests; `http_reqs` unless set. A test without HTTP needs other metrics:
    /// `grpc_req_duration`, `ws_sessions`, `browser_http_req_duration`, `iterations`, or a metric of the script.
    #[cfg_attr(test, schemars(length(min = 1)))]
    #[serde(default = "http_requests")]
    pub requests: Vec<String>,
    /// The exit statuses that mean that the command succeeded; only 0 unless set. Locust ends with 1 if any request
    /// failed, even if `max-failures` allows the failures: add 1, or run Locust with `--exit-code-on-error 0`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    #[serde(default = "zero")]
    pub success_exit_status: Vec<i32>,
    /// What it must reach to pass.
    #[serde(default)]
    pub thresholds: ThresholdsTable,
}

/// What a load test must reach to pass.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ThresholdsTable {
    /// The minimum number of requests; 1 unless set.
    pub(super) min_requests: u64,
    /// The minimum number of requests per second.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub(super) min_rate: Option<f64>,
    /// The maximum number of failed requests; 0 unless set.
    pub(super) max_failures: u64,
    /// The maximum number of exceptions in the test's own code; 0 unless set.
    pub(super) max_exceptions: u64,
    /// The maximum of the 95th percentile of the response time, in milliseconds.
    pub(super) max_p95: Option<u64>,
    /// The minimum duration of the test.
    pub(super) min_duration: Option<Span>,
}

impl LoadTestTable {
    /// The built-in load test.
    pub fn built_in(
        command: Vec<String>,
        format: Format,
        results: PathBuf,
        history: PathBuf,
    ) -> Self {
        Self {
            command,
            time_limit: Span::of(60),
            cleanup: None,
            repeatable: true,
            format,
            results,
            history: Some(history),
            stats: None,
            exceptions: None,
            requests: http_requests(),
            success_exit_status: zero(),
            thresholds: ThresholdsTable::default(),
        }
    }
}

impl Default for ThresholdsTable {
    fn default() -> Self {
        let thresholds = settings::thresholds();
        Self {
            min_requests: thresholds.min_requests,
            min_rate: thresholds.min_rate,
            max_failures: thresholds.max_failures,
            max_exceptions: thresholds.max_exceptions,
            max_p95: thresholds.max_p95,
            min_duration: None,
        }
    }
}

fn http_requests() -> Vec<String> {
    vec![REQUESTS.to_owned()]
}

fn zero() -> Vec<i32> {
    vec![0]
}

const fn an_hour() -> Span {
    Span::of(60 * 60)
}

const fn yes() -> bool {
    true
}

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
            min_duration: self.min_duration.map(Span::seconds),
            ..settings::thresholds()
        }
    }
}
