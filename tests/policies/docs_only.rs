//! A release that changes only files below `docs/` needs no load test.

use greenlight_policy::bindings::promotion::{Decision, Event, Release};
use greenlight_policy::bindings::types::{Evidence, Reason, Settings};
use greenlight_policy::policy::{Policy, fact};
use greenlight_policy::{export_policy, promotion};

/// The policy.
pub struct DocsOnly;

impl Policy for DocsOnly {
    fn decide(release: &Release, history: &[Event], now: u64, settings: &Settings) -> Decision {
        if !is_only_docs(release) {
            return promotion::decide(release, history, now, settings);
        }
        let mut settings = settings.clone();
        for environment in &mut settings.environments {
            environment.load_tests.clear();
        }
        let mut decision = promotion::decide(release, history, now, &settings);
        let reason = Reason::new("docs-only", "the release changes only files below `docs/`");
        let reason = reason.on(Evidence::Fact("changed-paths".to_owned()));
        decision.reasons.push(reason);
        decision
    }
}

fn is_only_docs(release: &Release) -> bool {
    let paths = fact(release, "changed-paths").and_then(|it| serde_json::from_str(it).ok());
    let paths: Vec<String> = paths.unwrap_or_default();
    !paths.is_empty() && paths.iter().all(|it| it.starts_with("docs/"))
}

export_policy!(DocsOnly);
