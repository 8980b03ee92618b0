//! No two deployments overlap in an environment.
//!
//! The interval of a command is from its first line in the effects log to its last one, or to the end of its process:
//! the kernel then lets the next command lock the environment (`alone`). One overlap is allowed: the process that started
//! the command was killed, stopped or cut off from the store, and the command ran for longer than `[journal] lease`. A
//! clock that jumps allows none.

use std::collections::BTreeMap;

use crate::effects::{Command, Effect};
use crate::history::{History, Violation};

const PROMISE: &str = "no two deployments overlap in an environment";

/// The faults after which a command can run without its greenlight, as they are named in the log.
const CUT_OFF: [&str; 7] = [
    "KillRun",
    "KillServer",
    "StopRun",
    "StopServer",
    "LockStore",
    "FullDisk",
    "Interrupt",
];

/// How many effects before a command can have the fault that hit its greenlight.
const BEFORE: usize = 10;

fn has_cut_off(effects: &[Effect]) -> bool {
    effects.iter().any(|it| {
        matches!(it, Effect::Fault { what } if CUT_OFF.iter().any(|fault| what.starts_with(fault)))
    })
}

pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut open: BTreeMap<&str, Vec<(usize, &Command)>> = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        match effect {
            Effect::Begin(command) => {
                let running = open.entry(&command.environment).or_default();
                if command.alone {
                    running.clear();
                }
                for (began, other) in &*running {
                    let is_abandoned = command.at - other.at > history.lease
                        && has_cut_off(&history.effects[began.saturating_sub(BEFORE)..at]);
                    if other.deployment != command.deployment && !is_abandoned {
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
                running.push((at, command));
            }
            Effect::End(command) => {
                let running = open.entry(&command.environment).or_default();
                running.retain(|(_, it)| {
                    (it.deployment, &it.run) != (command.deployment, &command.run)
                });
            }
            _ => {}
        }
    }
    found
}
