//! The thresholds of a load test: for all requests, and for those of one name.

use serde::Deserialize;

use super::values::{Span, Wrong};
use crate::contract::settings;
use crate::contract::types::{NamedThresholds, Thresholds};

/// What a load test must reach to pass.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ThresholdsTable {
    /// The minimum number of requests; 1 unless set.
    min_requests: Option<u64>,
    /// The minimum number of requests per second.
    #[cfg_attr(test, schemars(range(min = 0)))]
    min_rate: Option<f64>,
    /// The maximum number of failed requests; 0 unless set.
    max_failures: Option<u64>,
    /// The maximum share of failed requests, from 0 to 1: 0.01 is 1 %. It replaces `max-failures`.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    max_failure_share: Option<f64>,
    /// The maximum number of exceptions in the test's own code; 0 unless set.
    max_exceptions: Option<u64>,
    /// The maximum of the mean of the response time, in milliseconds.
    #[cfg_attr(test, schemars(range(min = 0)))]
    max_mean: Option<f64>,
    /// The maximum of the 50th percentile of the response time, in milliseconds.
    max_p50: Option<u64>,
    /// The maximum of the 95th percentile of the response time, in milliseconds.
    max_p95: Option<u64>,
    /// The maximum of the 99th percentile of the response time, in milliseconds.
    max_p99: Option<u64>,
    /// The maximum increase of the 95th percentile since the last promoted release, for the same load test in the same
    /// environment: 0.2 is 20 %.
    #[cfg_attr(test, schemars(range(min = 0)))]
    max_increase: Option<f64>,
    /// The minimum duration of the test.
    min_duration: Option<Span>,
}

/// What the requests of one name must reach in addition. At least one limit is required.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedThresholdsTable {
    /// The name that the tool reports: `GET /api` or `/api` for Locust, the tag `name` of the requests for k6.
    name: String,
    /// The minimum number of requests; 1 unless set.
    min_requests: Option<u64>,
    /// The minimum number of requests per second.
    #[cfg_attr(test, schemars(range(min = 0)))]
    min_rate: Option<f64>,
    /// The maximum number of failed requests; no limit unless set.
    max_failures: Option<u64>,
    /// The maximum share of failed requests, from 0 to 1: 0.01 is 1 %. It replaces `max-failures`.
    #[cfg_attr(test, schemars(range(min = 0, max = 1)))]
    max_failure_share: Option<f64>,
    /// The maximum of the mean of the response time, in milliseconds.
    #[cfg_attr(test, schemars(range(min = 0)))]
    max_mean: Option<f64>,
    /// The maximum of the 50th percentile of the response time, in milliseconds.
    max_p50: Option<u64>,
    /// The maximum of the 95th percentile of the response time, in milliseconds.
    max_p95: Option<u64>,
    /// The maximum of the 99th percentile of the response time, in milliseconds.
    max_p99: Option<u64>,
    /// The maximum increase of the 95th percentile since the last promoted release: 0.2 is 20 %.
    #[cfg_attr(test, schemars(range(min = 0)))]
    max_increase: Option<f64>,
}

/// The longest name in a table of thresholds, in bytes: the journal keeps no longer ones.
const LONGEST_NAME: usize = 256;

/// Checks the thresholds of a load test. `at` is the path of its table.
pub(super) fn check(
    at: &str,
    thresholds: &ThresholdsTable,
    named: &[NamedThresholdsTable],
) -> Result<(), Wrong> {
    numbers(
        &format!("{at}.thresholds"),
        &thresholds.contract(),
        thresholds.max_failures,
    )?;
    for (place, table) in named.iter().enumerate() {
        let at = format!("{at}.threshold.{place}");
        let key = |key: &str| format!("{at}.{key}");
        if table.name.is_empty() || table.name.len() > LONGEST_NAME {
            return Err(Wrong::new(
                key("name"),
                format!("must have 1 to {LONGEST_NAME} bytes"),
                "write the name of the requests as the tool reports it, such as `GET /api`",
            ));
        }
        if named[..place].iter().any(|it| it.name == table.name) {
            return Err(Wrong::new(
                key("name"),
                format!("is used twice: `{}`", table.name),
                "write all limits of a name into one table",
            ));
        }
        if !table.has_limit() {
            return Err(Wrong::new(
                at.clone(),
                format!("has no limit for `{}`", table.name),
                "add a limit, such as `max-p95 = 800`, or remove the table",
            ));
        }
        numbers(&at, &table.contract().thresholds, table.max_failures)?;
    }
    Ok(())
}

/// Checks the numbers of thresholds. `at` is the path of their table.
fn numbers(at: &str, thresholds: &Thresholds, max_failures: Option<u64>) -> Result<(), Wrong> {
    let key = |key: &str| format!("{at}.{key}");
    let out_of_range = |number: Option<f64>, most: f64| {
        number.is_some_and(|it| !it.is_finite() || !(0.0..=most).contains(&it))
    };
    for (name, number, help) in [
        (
            "min-rate",
            thresholds.min_rate,
            "write a number of requests per second, such as `12.5`",
        ),
        (
            "max-mean",
            thresholds.max_mean,
            "write a number of milliseconds, such as `250`",
        ),
        (
            "max-increase",
            thresholds.max_increase,
            "write a share, such as `0.2` for 20 %",
        ),
    ] {
        if out_of_range(number, f64::MAX) {
            return Err(Wrong::new(
                key(name),
                "must be a finite number, not less than 0",
                help,
            ));
        }
    }
    if out_of_range(thresholds.max_failure_share, 1.0) {
        return Err(Wrong::new(
            key("max-failure-share"),
            "must be a number from 0 to 1",
            "write a share, such as `0.01` for 1 %",
        ));
    }
    if thresholds.max_failure_share.is_some() && max_failures.is_some() {
        return Err(Wrong::new(
            key("max-failures"),
            "has no effect beside `max-failure-share`",
            "remove one of them",
        ));
    }
    Ok(())
}

impl ThresholdsTable {
    /// The thresholds as the contract has them.
    pub(super) fn contract(&self) -> Thresholds {
        let defaults = settings::thresholds();
        Thresholds {
            min_requests: self.min_requests.unwrap_or(defaults.min_requests),
            min_rate: self.min_rate,
            max_failures: self.max_failures.unwrap_or(defaults.max_failures),
            max_failure_share: self.max_failure_share,
            max_exceptions: self.max_exceptions.unwrap_or(defaults.max_exceptions),
            max_mean: self.max_mean,
            max_p50: self.max_p50,
            max_p95: self.max_p95,
            max_p99: self.max_p99,
            max_increase: self.max_increase,
            min_duration: self.min_duration.map(Span::seconds),
        }
    }
}

impl NamedThresholdsTable {
    fn has_limit(&self) -> bool {
        let counts = [
            self.min_requests,
            self.max_failures,
            self.max_p50,
            self.max_p95,
            self.max_p99,
        ];
        let numbers = [
            self.min_rate,
            self.max_failure_share,
            self.max_mean,
            self.max_increase,
        ];
        counts.iter().any(Option::is_some) || numbers.iter().any(Option::is_some)
    }

    /// The thresholds as the contract has them. Failures of one name are unlimited unless the table limits them, because
    /// those of all names have a limit.
    pub(super) fn contract(&self) -> NamedThresholds {
        let defaults = settings::thresholds();
        NamedThresholds {
            name: self.name.clone(),
            thresholds: Thresholds {
                min_requests: self.min_requests.unwrap_or(defaults.min_requests),
                min_rate: self.min_rate,
                max_failures: self.max_failures.unwrap_or(u64::MAX),
                max_failure_share: self.max_failure_share,
                max_exceptions: u64::MAX,
                max_mean: self.max_mean,
                max_p50: self.max_p50,
                max_p95: self.max_p95,
                max_p99: self.max_p99,
                max_increase: self.max_increase,
                min_duration: None,
            },
        }
    }
}
