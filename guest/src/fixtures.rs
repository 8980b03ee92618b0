//! What the unit tests share.

use crate::bindings::types::{EnvironmentSettings, LoadTestAction, Settings, Thresholds};

/// A commit.
pub const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// The settings that the host has by default.
pub fn settings() -> Settings {
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

/// An environment as the host has it by default.
pub fn environment(name: &str) -> EnvironmentSettings {
    EnvironmentSettings {
        name: name.to_owned(),
        convergence_rounds: 2,
        convergence_deadline: 600,
    }
}
