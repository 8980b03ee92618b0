//! A release that changes a path below one of the parameter `careful` needs two approvers for production. So does a
//! release whose changes are unknown.

use greenlight_policy::bindings::promotion::{Decision, Event, Release};
use greenlight_policy::bindings::types::Settings;
use greenlight_policy::policy::{Policy, fact, value};
use greenlight_policy::{export_policy, promotion};

/// The policy.
pub struct Approvers;

impl Policy for Approvers {
    fn decide(release: &Release, history: &[Event], now: u64, settings: &Settings) -> Decision {
        let careful = list(value(&settings.parameters, "careful")).unwrap_or_default();
        let is_careful = |path: &String| careful.iter().any(|it| path.starts_with(it));
        let paths = list(fact(release, "changed-paths"));
        let mut settings = settings.clone();
        if let Some(production) = settings.environments.last_mut()
            && paths.is_none_or(|it| it.iter().any(is_careful))
        {
            production.approvals = production.approvals.max(2);
        }
        promotion::decide(release, history, now, &settings)
    }
}

fn list(json: Option<&str>) -> Option<Vec<String>> {
    serde_json::from_str(json?).ok()
}

export_policy!(Approvers);
