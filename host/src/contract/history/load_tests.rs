//! Load tests in a history.

use serde::Deserialize;

#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::fields::{ByName, Commit, Text};
use crate::contract::promotion as contract;
use crate::contract::settings::LOAD_TEST;
use crate::contract::types::Verdict;

/// One load test that ended.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "LoadTestEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LoadTest {
    /// The environment under test.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// Its name in the configuration; `load-test` if absent.
    #[serde(default = "default_name")]
    name: Text,
    /// The measurement, or the verdict of another tool.
    result: LoadTestResult,
}

/// The result of a load test.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum LoadTestResult {
    /// What was measured; the policy gives the verdict.
    Measured(Box<Measurement>),
    /// The verdict.
    Judged(ByName<Verdict>),
}

/// What a load test measured.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Measurement {
    /// All requests.
    total: RequestStatistics,
    /// The requests of each name; absent if there are none.
    #[serde(default)]
    by_name: Vec<NamedStatistics>,
    /// What the last promoted release measured; null or absent if it is unknown.
    baseline: Option<Baseline>,
    /// Exceptions in the test's own code.
    exceptions: u64,
    /// Milliseconds between the first and the last request.
    duration: u64,
    /// Names of the tool's own thresholds that it reports as broken; absent if there are none.
    #[serde(default)]
    broken_thresholds: Vec<Text>,
    /// Exit status of the tool; null or absent if a signal ended it.
    exit_status: Option<i32>,
    /// False if results are missing, cut short or contradict each other.
    complete: bool,
    /// Every commit that the environment served from just before to just after the run.
    versions: Vec<Commit>,
}

/// Requests of one name, or all requests of a load test.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RequestStatistics {
    /// Requests, failed ones included.
    requests: u64,
    /// Requests that failed.
    failures: u64,
    /// Mean of the response time in milliseconds; null or absent if it is unknown, as the percentiles.
    mean: Option<f64>,
    /// 50th percentile of the response time in milliseconds.
    p50: Option<u64>,
    /// 95th percentile of the response time in milliseconds.
    p95: Option<u64>,
    /// 99th percentile of the response time in milliseconds.
    p99: Option<u64>,
}

/// The requests of one name.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct NamedStatistics {
    /// The name that the tool reports.
    name: Text,
    /// Its requests.
    statistics: RequestStatistics,
}

/// What the same load test measured for the last promoted release.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Baseline {
    /// The commit of that release.
    commit: Commit,
    /// All requests.
    total: RequestStatistics,
    /// The requests of each name; absent if there are none.
    #[serde(default)]
    by_name: Vec<NamedStatistics>,
}

fn default_name() -> Text {
    Text(LOAD_TEST.to_owned())
}

impl From<LoadTest> for contract::LoadTest {
    fn from(test: LoadTest) -> Self {
        Self {
            environment: test.environment.0,
            name: test.name.0,
            result: match test.result {
                LoadTestResult::Judged(verdict) => contract::LoadTestResult::Judged(verdict.0),
                LoadTestResult::Measured(it) => contract::LoadTestResult::Measured((*it).into()),
            },
        }
    }
}

impl From<Measurement> for contract::Measurement {
    fn from(it: Measurement) -> Self {
        Self {
            total: it.total.into(),
            by_name: it.by_name.into_iter().map(Into::into).collect(),
            baseline: it.baseline.map(|it| contract::Baseline {
                commit: it.commit.0,
                total: it.total.into(),
                by_name: it.by_name.into_iter().map(Into::into).collect(),
            }),
            exceptions: it.exceptions,
            duration: it.duration,
            broken_thresholds: it
                .broken_thresholds
                .into_iter()
                .map(|name| name.0)
                .collect(),
            exit_status: it.exit_status,
            complete: it.complete,
            versions: it.versions.into_iter().map(|commit| commit.0).collect(),
        }
    }
}

impl From<RequestStatistics> for contract::RequestStatistics {
    fn from(it: RequestStatistics) -> Self {
        Self {
            requests: it.requests,
            failures: it.failures,
            mean: it.mean,
            p50: it.p50,
            p95: it.p95,
            p99: it.p99,
        }
    }
}

impl From<NamedStatistics> for contract::NamedStatistics {
    fn from(it: NamedStatistics) -> Self {
        Self {
            name: it.name.0,
            statistics: it.statistics.into(),
        }
    }
}
