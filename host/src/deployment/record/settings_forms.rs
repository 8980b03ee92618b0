//! The shapes of settings in an entry.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::forms::{AttributeForm, LoadTestActionForm};
use super::{Form, Many, Maybe, forms_of};
use crate::contract::types::{
    Attribute, Consequence, EnvironmentSettings, LoadTestAction, LoadTestSettings, MetricSettings,
    Missing, NamedThresholds, Settings, Thresholds, WatchSettings,
};

forms_of!(
    EnvironmentForm of EnvironmentSettings,
    LoadTestSettingsForm of LoadTestSettings,
    NamedThresholdsForm of NamedThresholds,
    WatchSettingsForm of WatchSettings,
    MetricSettingsForm of MetricSettings,
);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Settings")]
pub struct SettingsForm {
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        with = "Many::<AttributeForm>"
    )]
    parameters: Vec<Attribute>,
    publish_branch: String,
    required_jobs: Vec<String>,
    #[serde(with = "Many::<EnvironmentForm>")]
    environments: Vec<EnvironmentSettings>,
    #[serde(with = "LoadTestActionForm")]
    default_action: LoadTestAction,
    deadline: Option<u32>,
    poll_interval: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "EnvironmentSettings")]
pub struct EnvironmentForm {
    name: String,
    approvals: u32,
    author_may_approve: bool,
    approval_lasts: u32,
    before: Vec<String>,
    convergence_rounds: u32,
    convergence_deadline: u32,
    min_nodes: u32,
    after: Vec<String>,
    #[serde(with = "Many::<LoadTestSettingsForm>")]
    load_tests: Vec<LoadTestSettings>,
    #[serde(with = "Maybe::<WatchSettingsForm>")]
    watch: Option<WatchSettings>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LoadTestSettings")]
pub struct LoadTestSettingsForm {
    name: String,
    #[serde(with = "ThresholdsForm")]
    thresholds: Thresholds,
    #[serde(with = "Many::<NamedThresholdsForm>")]
    by_name: Vec<NamedThresholds>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "NamedThresholds")]
pub struct NamedThresholdsForm {
    name: String,
    #[serde(with = "ThresholdsForm")]
    thresholds: Thresholds,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Thresholds")]
pub struct ThresholdsForm {
    min_requests: u64,
    min_rate: Option<f64>,
    max_failures: u64,
    max_exceptions: u64,
    max_p95: Option<u64>,
    min_duration: Option<u32>,
    max_failure_share: Option<f64>,
    max_mean: Option<f64>,
    max_p50: Option<u64>,
    max_p99: Option<u64>,
    max_increase: Option<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "WatchSettings")]
pub struct WatchSettingsForm {
    settle: u32,
    lasts: u32,
    interval: u32,
    min_rounds: u32,
    #[serde(with = "Many::<MetricSettingsForm>")]
    metrics: Vec<MetricSettings>,
    #[serde(with = "ConsequenceForm")]
    failed: Consequence,
    #[serde(with = "ConsequenceForm")]
    unproven: Consequence,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Consequence", rename_all = "kebab-case")]
pub enum ConsequenceForm {
    Stop,
    Warn,
    RollBack,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MetricSettings")]
pub struct MetricSettingsForm {
    name: String,
    max: Option<f64>,
    min: Option<f64>,
    max_ratio: Option<f64>,
    min_traffic: Option<f64>,
    rounds: u32,
    #[serde(with = "MissingForm")]
    missing: Missing,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Missing", rename_all = "kebab-case")]
pub enum MissingForm {
    Unproven,
    Zero,
}
