//! A load test runs against its own release.
//!
//! When a load test begins, the last deploy command that began in its environment had the same commit and, where both
//! are known, the same digest.

use std::collections::BTreeMap;

use crate::effects::Kind;
use crate::history::{History, Violations};

const PROMISE: &str = "a load test runs against its own release";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    let mut deployed = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let Some(command) = effect.begun() else {
            continue;
        };
        if command.kind == Kind::Deploy {
            deployed.insert(&command.environment, command);
            continue;
        }
        let last = deployed.get(&command.environment);
        if last.is_some_and(|it| it.is_same_release(command)) {
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
