//! A release never replaces a newer one: no commit is deployed to an environment after a commit that descends from it.

use std::collections::BTreeMap;

use crate::history::{History, Violation};

const PROMISE: &str = "an older commit never replaces a newer one";

pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut last = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let Some(command) = effect.deploy() else {
            continue;
        };
        if let Some((commit, number)) =
            last.insert(&command.environment, (&command.commit, command.deployment))
            && history.is_older(&command.commit, commit)
        {
            found.push(Violation {
                promise: PROMISE,
                why: format!(
                    "deployment {} brought {} to {}, which had the newer {commit} of deployment {number}",
                    command.deployment, command.commit, command.environment
                ),
                deployments: vec![number, command.deployment],
                at: Some(at),
            });
        }
    }
    found
}
