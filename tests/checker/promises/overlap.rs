//! No two deployments overlap in an environment.
//!
//! A command runs from its first line in the effects log to its last line, or to the end of its process: then the kernel
//! lets the next command lock the environment (`alone`). An overlap is allowed only if the process that started the
//! first command was killed, stopped or cut off from the store, and the command ran for longer than `[journal] lease`.
//! A jump of the clock does not allow an overlap.

use std::collections::BTreeMap;

use crate::effects::{Command, Effect};
use crate::history::{History, Violations};

const PROMISE: &str = "no two deployments overlap in an environment";

/// The faults after which a command can run while its lease is not renewed, by their names in the log.
const CUT_OFF: [&str; 7] = [
    "KillRun",
    "KillServer",
    "StopRun",
    "StopServer",
    "LockStore",
    "FullDisk",
    "Interrupt",
];

/// A fault counts if it is at most this many effects before the first line of the first command.
const BEFORE: usize = 10;

fn has_cut_off(effects: &[Effect]) -> bool {
    effects.iter().any(|it| {
        matches!(it, Effect::Fault { what } if CUT_OFF.iter().any(|fault| what.starts_with(fault)))
    })
}

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
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
