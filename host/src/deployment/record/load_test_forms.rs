//! The shapes of load tests in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::{VerdictForm, clipped};
use super::{Form, Many, Maybe, forms_of};
use crate::contract::promotion::{
    Baseline, LoadTest, LoadTestResult, LoadTestStatus, Measurement, NamedStatistics,
    RequestStatistics,
};
use crate::contract::types::Verdict;
use crate::facts::load_test::Point;

forms_of!(
    LoadTestStatusForm of LoadTestStatus,
    NamedStatisticsForm of NamedStatistics,
    BaselineForm of Baseline,
    PointForm of Point,
);

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadTest")]
pub struct LoadTestForm {
    environment: String,
    #[serde(serialize_with = "clipped")]
    name: String,
    #[serde(with = "LoadTestResultForm")]
    result: LoadTestResult,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadTestStatus")]
pub struct LoadTestStatusForm {
    name: String,
    #[serde(with = "VerdictForm")]
    verdict: Verdict,
}

#[expect(
    clippy::large_enum_variant,
    reason = "it has the form of the contract's type"
)]
#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadTestResult", rename_all = "kebab-case")]
pub enum LoadTestResultForm {
    Measured(#[serde(with = "MeasurementForm")] Measurement),
    Judged(#[serde(with = "VerdictForm")] Verdict),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Measurement")]
pub struct MeasurementForm {
    #[serde(with = "RequestStatisticsForm")]
    total: RequestStatistics,
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "Many::<NamedStatisticsForm>"
    )]
    by_name: Vec<NamedStatistics>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "Maybe::<BaselineForm>"
    )]
    baseline: Option<Baseline>,
    exceptions: u64,
    duration: u64,
    #[serde(default)]
    broken_thresholds: Vec<String>,
    exit_status: Option<i32>,
    complete: bool,
    versions: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RequestStatistics")]
pub struct RequestStatisticsForm {
    requests: u64,
    failures: u64,
    mean: Option<f64>,
    p50: Option<u64>,
    p95: Option<u64>,
    p99: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NamedStatistics")]
pub struct NamedStatisticsForm {
    #[serde(serialize_with = "clipped")]
    name: String,
    #[serde(with = "RequestStatisticsForm")]
    statistics: RequestStatistics,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Baseline")]
pub struct BaselineForm {
    commit: String,
    #[serde(with = "RequestStatisticsForm")]
    total: RequestStatistics,
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "Many::<NamedStatisticsForm>"
    )]
    by_name: Vec<NamedStatistics>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Point")]
pub struct PointForm {
    at: u64,
    users: u64,
    requests_per_second: f64,
    failures_per_second: f64,
    p50: Option<f64>,
    p95: Option<f64>,
    requests: u64,
    failures: u64,
}
