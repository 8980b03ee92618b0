//! The settings that a deployment began with, as a journal keeps them: format 1.

use serde::{Deserialize, Serialize};

use crate::contract::fields::ByName;
use crate::contract::types::{EnvironmentSettings, LoadTestAction, Settings, Thresholds};

/// Everything that the policy is told of a team's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsRecord {
    /// The branch whose builds are published.
    pub publish_branch: String,
    /// Jobs that must have passed.
    pub required_jobs: Vec<String>,
    /// The environments, in order.
    pub environments: Vec<EnvironmentRecord>,
    /// The action of a message without a label.
    pub default_action: ByName<LoadTestAction>,
    /// What a load test must reach.
    pub thresholds: ThresholdsRecord,
    /// Seconds between asking again.
    pub poll_interval: u32,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentRecord {
    /// Its name.
    pub name: String,
    /// Consecutive rounds in which all nodes must be current.
    pub convergence_rounds: u32,
    /// Seconds for it.
    pub convergence_deadline: u32,
}

/// What a load test must reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdsRecord {
    /// Requests.
    pub min_requests: u64,
    /// Requests per second.
    pub min_rate: Option<f64>,
    /// Failed requests.
    pub max_failures: u64,
    /// Exceptions in the test's own code.
    pub max_exceptions: u64,
    /// Milliseconds.
    pub max_p95: Option<u64>,
    /// Seconds.
    pub min_duration: Option<u32>,
}

impl From<&Settings> for SettingsRecord {
    fn from(settings: &Settings) -> Self {
        let thresholds = &settings.thresholds;
        let environments = settings.environments.iter();
        Self {
            publish_branch: settings.publish_branch.clone(),
            required_jobs: settings.required_jobs.clone(),
            environments: environments
                .map(|it| EnvironmentRecord {
                    name: it.name.clone(),
                    convergence_rounds: it.convergence_rounds,
                    convergence_deadline: it.convergence_deadline,
                })
                .collect(),
            default_action: ByName(settings.default_action),
            thresholds: ThresholdsRecord {
                min_requests: thresholds.min_requests,
                min_rate: thresholds.min_rate,
                max_failures: thresholds.max_failures,
                max_exceptions: thresholds.max_exceptions,
                max_p95: thresholds.max_p95,
                min_duration: thresholds.min_duration,
            },
            poll_interval: settings.poll_interval,
        }
    }
}

impl From<&SettingsRecord> for Settings {
    fn from(record: &SettingsRecord) -> Self {
        let thresholds = &record.thresholds;
        let environments = record.environments.iter();
        Self {
            publish_branch: record.publish_branch.clone(),
            required_jobs: record.required_jobs.clone(),
            environments: environments
                .map(|it| EnvironmentSettings {
                    name: it.name.clone(),
                    convergence_rounds: it.convergence_rounds,
                    convergence_deadline: it.convergence_deadline,
                })
                .collect(),
            default_action: record.default_action.0,
            thresholds: Thresholds {
                min_requests: thresholds.min_requests,
                min_rate: thresholds.min_rate,
                max_failures: thresholds.max_failures,
                max_exceptions: thresholds.max_exceptions,
                max_p95: thresholds.max_p95,
                min_duration: thresholds.min_duration,
            },
            poll_interval: record.poll_interval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut settings = crate::contract::settings::defaults();
        settings.thresholds.min_rate = Some(2.5);
        settings.thresholds.max_p95 = Some(9);
        settings.default_action = LoadTestAction::Skip;
        let text = serde_json::to_string(&SettingsRecord::from(&settings)).expect("JSON");
        let read: SettingsRecord = serde_json::from_str(&text).expect("the same");
        assert_eq!(Settings::from(&read), settings);
    }
}
