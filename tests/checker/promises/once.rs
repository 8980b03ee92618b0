//! An effect that must not be repeated happens at most once.
//!
//! - Without `deploy-repeatable`, a deployment starts its deploy command at most once in each environment. With it, the
//!   command starts again only after a resume that recorded the repetition.
//! - A start is recorded before the command runs: no command runs more often than the journal has starts of it.
//! - A command gets the commit and the digest that the journal has for its deployment.

use std::collections::BTreeMap;

use greenlight::contract::promotion::Action;
use greenlight::deployment::entry::Entry;

use crate::effects::Kind;
use crate::history::{History, Violations};

const PROMISE: &str = "a non-repeatable effect happens at most once";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    let mut times = BTreeMap::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let Some(command) = effect.begun() else {
            continue;
        };
        let number = command.deployment;
        let mut broken = |why: String| found.add(why, &[number], Some(at));
        let Some(recorded) = history.deployments.get(&number) else {
            broken(format!("deployment {number} is not in the journal"));
            continue;
        };
        let digest = recorded.header.digest.as_deref().unwrap_or_default();
        if (command.commit.as_str(), command.digest.as_str()) != (&recorded.header.commit, digest) {
            broken(format!(
                "deployment {number} ran a command for another release"
            ));
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
            Action::LoadTest(run) => {
                command.kind == Kind::LoadTest && run.environment == command.environment
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
