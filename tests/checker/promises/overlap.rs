//! No two deployments overlap in an environment.
//!
//! The interval of a command is from its first line in the effects log to its last one, or to the end of its process:
//! the kernel then lets the next command lock the environment (`alone`). One overlap is a fault of the configuration:
//! a command that outlives its killed greenlight for longer than `[journal] lease`.

use std::collections::BTreeMap;

use crate::effects::{Command, Effect};
use crate::history::{History, Violation};

const PROMISE: &str = "no two deployments overlap in an environment";

pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut open: BTreeMap<&str, Vec<&Command>> = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        match effect {
            Effect::Begin(command) => {
                let running = open.entry(&command.environment).or_default();
                if command.alone {
                    running.clear();
                }
                for other in &*running {
                    let is_old = command.at - other.at > history.lease;
                    if other.deployment != command.deployment && !is_old {
                        found.push(Violation {
                            promise: PROMISE,
                            why: format!(
                                "{:?} of deployment {} in {} began while {:?} of deployment {} ran",
                                command.kind,
                                command.deployment,
                                command.environment,
                                other.kind,
                                other.deployment
                            ),
                            deployments: vec![other.deployment, command.deployment],
                            at: Some(at),
                        });
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
