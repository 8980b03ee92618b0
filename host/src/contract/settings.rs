//! The settings of a team: their defaults, and their form in a journal. A deployment is decided by the
//! settings that it began with.

use serde::{Deserialize, Serialize};

use super::documents::Term;
use super::names::Named as _;
use super::types::{EnvironmentSettings, LoadTestAction, Settings, Thresholds};

/// The settings of a team that sets nothing.
pub fn defaults() -> Settings {
    Settings {
        publish_branch: "main".to_owned(),
        required_jobs: Vec::new(),
        environments: ["stage", "prod"].map(environment).to_vec(),
        default_action: LoadTestAction::Warn,
        thresholds: Thresholds {
            min_requests: 1,
            min_rate: None,
            max_failures: 0,
            max_exceptions: 0,
            max_p95: None,
            min_duration: None,
        },
        poll_interval: 10,
    }
}

/// An environment of which no more is set than its name.
pub fn environment(name: &str) -> EnvironmentSettings {
    EnvironmentSettings {
        name: name.to_owned(),
        convergence_rounds: 2,
        convergence_deadline: 600,
    }
}

/// Everything that the policy is told of a team's settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsDocument {
    /// The branch whose builds are published.
    pub publish_branch: String,
    /// Jobs that must have passed.
    pub required_jobs: Vec<String>,
    /// The environments, in order.
    pub environments: Vec<EnvironmentDocument>,
    /// The action of a message without a label.
    pub default_action: Term,
    /// What a load test must reach.
    pub thresholds: ThresholdsDocument,
    /// Seconds between asking again.
    pub poll_interval: u32,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentDocument {
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
pub struct ThresholdsDocument {
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

impl From<&Settings> for SettingsDocument {
    fn from(settings: &Settings) -> Self {
        let thresholds = &settings.thresholds;
        let environments = settings.environments.iter();
        Self {
            publish_branch: settings.publish_branch.clone(),
            required_jobs: settings.required_jobs.clone(),
            environments: environments
                .map(|it| EnvironmentDocument {
                    name: it.name.clone(),
                    convergence_rounds: it.convergence_rounds,
                    convergence_deadline: it.convergence_deadline,
                })
                .collect(),
            default_action: settings.default_action.name().into(),
            thresholds: ThresholdsDocument {
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

impl SettingsDocument {
    /// The settings, for the policy; nothing if they name an action that there is not.
    pub fn contract(&self) -> Option<Settings> {
        let thresholds = &self.thresholds;
        let environments = self.environments.iter();
        Some(Settings {
            publish_branch: self.publish_branch.clone(),
            required_jobs: self.required_jobs.clone(),
            environments: environments
                .map(|it| EnvironmentSettings {
                    name: it.name.clone(),
                    convergence_rounds: it.convergence_rounds,
                    convergence_deadline: it.convergence_deadline,
                })
                .collect(),
            default_action: LoadTestAction::from_name(&self.default_action)?,
            thresholds: Thresholds {
                min_requests: thresholds.min_requests,
                min_rate: thresholds.min_rate,
                max_failures: thresholds.max_failures,
                max_exceptions: thresholds.max_exceptions,
                max_p95: thresholds.max_p95,
                min_duration: thresholds.min_duration,
            },
            poll_interval: self.poll_interval,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut settings = defaults();
        settings.thresholds.min_rate = Some(2.5);
        settings.thresholds.max_p95 = Some(9);
        settings.default_action = LoadTestAction::Skip;
        let text = serde_json::to_string(&SettingsDocument::from(&settings)).expect("JSON");
        let read: SettingsDocument = serde_json::from_str(&text).expect("the same");
        let read = read.contract().expect("settings");
        assert_eq!(format!("{read:?}"), format!("{settings:?}"));
    }
}
