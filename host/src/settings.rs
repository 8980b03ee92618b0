//! What a team sets, and what applies when it sets nothing.

use crate::sandbox::contract::types::{LoadTestAction, Settings, Thresholds};

/// The settings of a team that sets nothing.
pub fn defaults() -> Settings {
    Settings {
        publish_branch: "main".to_owned(),
        required_jobs: Vec::new(),
        environments: vec!["stage".to_owned(), "prod".to_owned()],
        default_action: LoadTestAction::Warn,
        thresholds: Thresholds {
            min_requests: 1,
            min_rate: None,
            max_failures: 0,
            max_exceptions: 0,
            max_p95: None,
            min_duration: None,
        },
        convergence_rounds: 2,
        convergence_deadline: 600,
        poll_interval: 10,
    }
}
