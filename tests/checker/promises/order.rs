//! A release never replaces a newer one.
//!
//! A commit is newer than its ancestors. In an environment, no deploy command begins right after a command with a newer
//! commit began, and none ends right after a command with a newer commit ended: it would bring its older commit back.

use std::collections::BTreeMap;

use crate::effects::{Effect, Kind};
use crate::history::{History, Violations};

const PROMISE: &str = "an older commit never replaces a newer one";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    let mut last = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let (how, command) = match effect {
            Effect::Begin(command) => ("began", command),
            Effect::End(command) => ("ended", command),
            _ => continue,
        };
        if command.kind != Kind::Deploy {
            continue;
        }
        let before = last.insert((how, &command.environment), command);
        if let Some(before) = before
            && history.is_older(&command.commit, &before.commit)
        {
            found.add(
                format!(
                    "in {}, the deploy of {} by deployment {} {how} after the deploy of the newer {} by deployment {}",
                    command.environment,
                    command.commit,
                    command.deployment,
                    before.commit,
                    before.deployment
                ),
                &[before.deployment, command.deployment],
                Some(at),
            );
        }
    }
    found
}
