//! A load test runs against its own release.
//!
//! When a load test begins, the last deploy command that began in its environment had the same commit and, where both
//! are known, the same digest. A deploy command that was killed before its end may have changed nothing. Then the command
//! before it counts as well.

use std::collections::BTreeMap;

use crate::effects::{Command, Effect, Kind};
use crate::history::{History, Violations};

const PROMISE: &str = "a load test runs against its own release";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    // For each environment, the last deploy command that ended, and those that began after it.
    let mut deployed: BTreeMap<_, Vec<&Command>> = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let (Effect::Begin(command) | Effect::End(command)) = effect else {
            continue;
        };
        let last = deployed.entry(&command.environment).or_default();
        if command.kind == Kind::Deploy {
            if matches!(effect, Effect::End(_)) {
                let own = (command.deployment, &command.run);
                last.retain(|it| (it.deployment, &it.run) == own);
            } else {
                last.push(command);
            }
            continue;
        }
        let is_own = last.iter().any(|it| it.is_same_release(command));
        if is_own || matches!(effect, Effect::End(_)) {
            continue;
        }
        let last: Vec<_> = last.iter().map(|it| it.deployment).collect();
        found.add(
            format!(
                "the load test of deployment {} began in {}, which was last deployed by {last:?}",
                command.deployment, command.environment
            ),
            &[last, vec![command.deployment]].concat(),
            Some(at),
        );
    }
    found
}
