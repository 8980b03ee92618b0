//! No two deployments overlap in an environment.
//!
//! A command runs from its first line in the effects log to its last line, or to the end of its process: then the kernel
//! lets the next command lock the environment (`alone`). It also runs if the process that started it was killed, stopped
//! or cut off from the store, and even if its lease has expired.

use std::collections::BTreeMap;

use crate::effects::{Command, Effect};
use crate::history::{History, Violations};

const PROMISE: &str = "no two deployments overlap in an environment";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    let mut open: BTreeMap<&str, Vec<&Command>> = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        match effect {
            Effect::Begin(command) => {
                let running = open.entry(&command.environment).or_default();
                if command.alone {
                    running.clear();
                }
                for other in &*running {
                    if other.deployment != command.deployment {
                        found.add(
                            format!(
                                "{:?} of deployment {} in {} began while {:?} of deployment {} ran",
                                command.kind,
                                command.deployment,
                                command.environment,
                                other.kind,
                                other.deployment
                            ),
                            &[other.deployment, command.deployment],
                            Some(at),
                        );
                    }
                }
                running.push(command);
            }
            Effect::End(command) => {
                let running = open.entry(&command.environment).or_default();
                running.retain(|it| (it.deployment, &it.run) != (command.deployment, &command.run));
            }
            _ => {}
        }
    }
    found
}
