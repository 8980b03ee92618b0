//! On the days of the parameter `closed-days`, `["friday"]` for example, no deployment to production begins (UTC).

use greenlight_policy::bindings::environments::Target;
use greenlight_policy::bindings::promotion::{Action, Decision, Event, Permission, Release};
use greenlight_policy::bindings::types::{Evidence, Reason, Settings};
use greenlight_policy::policy::{Policy, value};
use greenlight_policy::{export_policy, promotion, tag};

/// The policy.
pub struct Friday;
const DAY: u64 = 24 * 60 * 60;
const DAYS: &str = "thursday friday saturday sunday monday tuesday wednesday";

impl Policy for Friday {
    fn resolve(tag: &str, settings: &Settings) -> Result<Target, Vec<Reason>> {
        let known = |day: &String| DAYS.split(' ').any(|it| it == day);
        if closed(settings).is_some_and(|days| days.iter().all(known)) {
            return tag::resolve(tag, settings);
        }
        let reason = Reason::new("settings-invalid", "it is not a list of days")
            .on(Evidence::Setting("parameters.closed-days".to_owned()));
        Err(vec![reason.help("write a list such as `[\"friday\"]`")])
    }

    fn decide(release: &Release, history: &[Event], now: u64, settings: &Settings) -> Decision {
        let mut decision = promotion::decide(release, history, now, settings);
        let day = usize::try_from(now / DAY % 7).unwrap_or(0);
        let today = DAYS.split(' ').nth(day);
        let closed = closed(settings).unwrap_or_default();
        let production = settings.environments.last().map(|it| &it.name);
        let is_closed = closed.iter().any(|it| Some(it.as_str()) == today);
        if is_closed && matches!(&decision.next, Action::Deploy(it) if Some(it) == production) {
            let left = u32::try_from(DAY - now % DAY).unwrap_or(u32::MAX);
            (decision.permission, decision.next) = (Permission::Hold, Action::Wait(left));
            let reason = Reason::new("day-closed", "production is closed today");
            decision.reasons.insert(0, reason);
        }
        decision
    }
}

fn closed(settings: &Settings) -> Option<Vec<String>> {
    serde_json::from_str(value(&settings.parameters, "closed-days")?).ok()
}
export_policy!(Friday);
