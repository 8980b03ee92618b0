//! The default settings.

use super::types::{EnvironmentSettings, LoadTestAction, LoadTestSettings, Settings, Thresholds};

/// The name of a load test that has no other name.
pub const LOAD_TEST: &str = "load-test";

/// How long a release may take before it is stopped, in seconds.
const DEADLINE: u32 = 7 * 24 * 60 * 60;

/// The default settings.
pub fn defaults() -> Settings {
    Settings {
        parameters: Vec::new(),
        publish_branch: "main".to_owned(),
        required_jobs: Vec::new(),
        environments: vec![
            EnvironmentSettings {
                load_tests: vec![load_test(LOAD_TEST)],
                ..environment("stage")
            },
            environment("prod"),
        ],
        default_action: LoadTestAction::Warn,
        deadline: Some(DEADLINE),
        poll_interval: 10,
    }
}

/// An environment with default settings, and without load tests.
pub fn environment(name: &str) -> EnvironmentSettings {
    EnvironmentSettings {
        name: name.to_owned(),
        approvals: 0,
        author_may_approve: false,
        approval_lasts: 24 * 60 * 60,
        before: Vec::new(),
        convergence_rounds: 2,
        convergence_deadline: 600,
        min_nodes: 1,
        after: Vec::new(),
        load_tests: Vec::new(),
        watch: None,
    }
}

/// A load test with default thresholds.
pub fn load_test(name: &str) -> LoadTestSettings {
    LoadTestSettings {
        name: name.to_owned(),
        thresholds: thresholds(),
        by_name: Vec::new(),
    }
}

/// The default thresholds.
pub const fn thresholds() -> Thresholds {
    Thresholds {
        min_requests: 1,
        min_rate: None,
        max_failures: 0,
        max_exceptions: 0,
        max_p95: None,
        min_duration: None,
        max_failure_share: None,
        max_mean: None,
        max_p50: None,
        max_p99: None,
        max_increase: None,
    }
}
