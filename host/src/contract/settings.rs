//! The default settings.

use super::types::{EnvironmentSettings, LoadTestAction, Settings, Thresholds};

/// The default settings.
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

/// An environment with default settings.
pub fn environment(name: &str) -> EnvironmentSettings {
    EnvironmentSettings {
        name: name.to_owned(),
        convergence_rounds: 2,
        convergence_deadline: 600,
    }
}
