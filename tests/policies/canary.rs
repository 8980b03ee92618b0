//! `[canary: 10%]` in a message runs the step `canary` before production, with the share as its argument.

use greenlight_policy::bindings::labels::{Labels, Message};
use greenlight_policy::bindings::promotion::{Action, Decision, Event, Release};
use greenlight_policy::bindings::types::{Attribute, LoadTestAction, Reason, Settings};
use greenlight_policy::policy::{Policy, value};
use greenlight_policy::{export_policy, label, promotion};

/// The policy.
pub struct Canary;

impl Policy for Canary {
    fn parse(message: &Message, default: LoadTestAction) -> Result<Labels, Vec<Reason>> {
        let mut labels = label::parse(message, default)?;
        let share = share(&message.text);
        labels
            .extra
            .extend(share.map(|it| attribute("canary", &it)));
        Ok(labels)
    }

    fn decide(release: &Release, history: &[Event], now: u64, settings: &Settings) -> Decision {
        let (mut settings, said) = (settings.clone(), release.instruction.as_ref());
        let share = said.and_then(|it| value(&it.extra, "canary"));
        if let Some(production) = settings.environments.last_mut().filter(|_| share.is_some()) {
            production.before.push("canary".to_owned());
        }
        let mut decision = promotion::decide(release, history, now, &settings);
        if let (Some(share), Action::Perform(step)) = (share, &mut decision.next) {
            step.arguments.push(attribute("share", share));
        }
        decision
    }
}

fn share(text: &str) -> Option<String> {
    let share = text.split_once("[canary: ")?.1.split_once("%]")?.0;
    let share: u8 = share.parse().ok()?;
    (1..=99).contains(&share).then(|| share.to_string())
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}
export_policy!(Canary);
