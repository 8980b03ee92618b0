//! Releases and settings.

use super::super::contract::promotion::{Instruction, Release};
use super::super::contract::types::{
    EnvironmentSettings, LoadTestAction, LoadTestSettings, Settings, Thresholds,
};

/// The commit of the release.
pub const OWN: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// The digest of the release, and another one.
pub const DIGESTS: [&str; 2] = [
    "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
];

/// Settings with these environments and the `convergence-rounds` of each.
pub fn settings(environments: &[(&str, u32)], deadline: u32) -> Settings {
    Settings {
        publish_branch: "main".to_owned(),
        required_jobs: Vec::new(),
        environments: environments
            .iter()
            .enumerate()
            .map(|(place, (name, rounds))| EnvironmentSettings {
                name: (*name).to_owned(),
                convergence_rounds: *rounds,
                convergence_deadline: deadline,
                min_nodes: 1,
                approvals: 0,
                author_may_approve: false,
                approval_lasts: 86_400,
                before: Vec::new(),
                after: Vec::new(),
                load_tests: if place == 0 {
                    vec![load_test(LOAD_TEST)]
                } else {
                    Vec::new()
                },
                watch: None,
            })
            .collect(),
        default_action: LoadTestAction::Warn,
        poll_interval: 10,
        parameters: Vec::new(),
        deadline: None,
    }
}

/// The name of the load test of the first environment.
pub const LOAD_TEST: &str = "load-test";

/// The name of another load test, which some settings have.
pub const SMOKE_TEST: &str = "smoke-test";

/// A load test with thresholds of each kind.
pub fn load_test(name: &str) -> LoadTestSettings {
    LoadTestSettings {
        name: name.to_owned(),
        thresholds: Thresholds {
            min_requests: 100,
            min_rate: Some(5.0),
            max_failures: 3,
            max_exceptions: 1,
            max_p95: Some(800),
            min_duration: Some(60),
            ..no_thresholds()
        },
        by_name: Vec::new(),
    }
}

/// No thresholds but those that no settings can turn off.
pub fn no_thresholds() -> Thresholds {
    Thresholds {
        min_requests: 0,
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

/// A release. `tag` is the part of its tag before the commit.
pub fn release(tag: &str, digest: Option<&str>, message: Option<LoadTestAction>) -> Release {
    Release {
        tag: format!("{tag}-{OWN}"),
        digest: digest.map(str::to_owned),
        instruction: message.map(|action| Instruction {
            action,
            source: None,
            extra: Vec::new(),
        }),
        authors: Vec::new(),
        facts: Vec::new(),
    }
}

/// Releases whose tags and messages agree.
pub fn usable(environments: &[(&str, u32)]) -> Vec<Release> {
    use LoadTestAction::{Abort, Skip, Warn};
    let digest = Some(DIGESTS[0]);
    let mut releases = vec![
        release("stage-loadtest-abort", None, None),
        release("stage-loadtest-abort", digest, Some(Abort)),
        release("stage-loadtest-warn", digest, None),
        release("stage-loadtest-skip", None, None),
        release("stage", digest, Some(Skip)),
    ];
    for (name, _) in &environments[1..] {
        releases.push(release(name, None, None));
        releases.push(release(name, digest, Some(Abort)));
        releases.push(release(name, None, Some(Warn)));
    }
    releases
}

/// A release of each kind, also with tags that are refused and with messages that contradict the tag.
pub fn releases(environments: &[(&str, u32)]) -> Vec<Release> {
    let mut releases = usable(environments);
    releases.extend([
        release("stage", None, Some(LoadTestAction::Abort)),
        release("stage-loadtest", None, None),
        release("qa", None, None),
        release("prod-loadtest-abort", None, None),
    ]);
    for tag in ["latest", "prod-latest", ""] {
        releases.push(Release {
            tag: tag.to_owned(),
            digest: None,
            instruction: None,
            authors: Vec::new(),
            facts: Vec::new(),
        });
    }
    releases
}
