//! An effect that must not be repeated happens at most once.
//!
//! - A deploy command that is not `deploy-repeatable` starts at most once in each environment of a deployment. A
//!   repeatable one starts again only after a resume that recorded the repetition.
//! - Every start of a command is recorded before it: a command never runs more often than the journal says that it
//!   started.
//! - A release is deployed for its own deployment: with the commit and the digest of the journal.

use std::collections::BTreeMap;

use greenlight::contract::promotion::Action;
use greenlight::deployment::entry::Entry;

use crate::effects::Kind;
use crate::history::{History, Violation};

const PROMISE: &str = "a non-repeatable effect happens at most once";

pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut times = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let Some(command) = effect.begun() else {
            continue;
        };
        let number = command.deployment;
        let mut broken = |why: String| {
            found.push(Violation {
                promise: PROMISE,
                why,
                deployments: vec![number],
                at: Some(at),
            });
        };
        let Some(recorded) = history.deployments.get(&number) else {
            broken(format!("deployment {number} is not in the journal"));
            continue;
        };
        let digest = recorded.header.digest.as_deref().unwrap_or_default();
        if (command.commit.as_str(), command.digest.as_str()) != (&recorded.header.commit, digest) {
            broken(format!("deployment {number} deployed another release"));
        }
        let key = (
            number,
            command.environment.clone(),
            command.kind == Kind::Deploy,
        );
        let times: &mut usize = times.entry(key).or_default();
        *times += 1;
        let is_same = |action: &Action| match action {
            Action::Deploy(environment) => {
                command.kind == Kind::Deploy && *environment == command.environment
            }
            Action::LoadTest(environment) => {
                command.kind == Kind::LoadTest && *environment == command.environment
            }
            _ => false,
        };
        let count =
            |is: &dyn Fn(&Entry) -> bool| history.entries(number).filter(|it| is(it)).count();
        let started = count(&|it| matches!(it, Entry::Started { effect } if is_same(effect)));
        let repeated = count(
            &|it| matches!(it, Entry::Resumed { interrupted: Some(effect), repeated: true } if is_same(effect)),
        );
        let place = &command.environment;
        if *times > started {
            broken(format!(
                "deployment {number}: {:?} in {place} began {times} times, but {started} starts are recorded",
                command.kind
            ));
        } else if command.kind == Kind::Deploy
            && *times > 1
            && (!history.repeatable || *times > 1 + repeated)
        {
            broken(format!(
                "deployment {number} deployed to {place} {times} times, with {repeated} recorded repetitions"
            ));
        }
    }
    found
}
