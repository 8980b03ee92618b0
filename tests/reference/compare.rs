//! Compares decisions with the model, and shows the shortest history on which they differ.

use std::collections::BTreeMap;

use super::contract::promotion::{Action, Decision, Event};
use super::histories::json;
use super::model::{self, Answer, Next, Question};

/// The policy, natively or in its sandbox.
pub type Policy<'a> = dyn Fn(Question<'_>) -> Decision + 'a;

/// The comparisons so far.
pub struct Comparison<'a> {
    policy: &'a Policy<'a>,
    /// The number of compared histories.
    pub count: u64,
    /// How often each code was the first reason, and each action the next action.
    seen: BTreeMap<String, u64>,
}

/// Codes and actions that must occur. Otherwise the histories do not reach a part of the policy.
const EXPECTED: [&str; 41] = [
    "action-unknown",
    "approval-missing",
    "deadline-exceeded",
    "frozen",
    "outside-hours",
    "rejected",
    "step-failed",
    "step-not-run",
    "step-unknown",
    "verification-stale",
    "ask",
    "perform",
    "notify outside-hours",
    "ancestry-unknown",
    "canceled",
    "converging",
    "deployment-failed",
    "deployment-unknown",
    "digest-mismatch",
    "displaced",
    "environment-unknown",
    "held",
    "load-test-errored",
    "load-test-failed",
    "load-test-inconclusive",
    "load-test-not-run",
    "load-test-passed",
    "load-test-skipped",
    "not-converged",
    "not-deployed",
    "locked",
    "stage-not-verified",
    "superseded",
    "deploy",
    "finish canceled",
    "finish promoted",
    "finish promoted-with-warning",
    "finish stopped",
    "finish superseded",
    "load-test",
    "observe",
];

impl<'a> Comparison<'a> {
    pub fn new(policy: &'a Policy<'a>) -> Self {
        Self {
            policy,
            count: 0,
            seen: BTreeMap::new(),
        }
    }

    /// Compares one decision, and returns the decision of the policy.
    #[track_caller]
    pub fn compare(&mut self, question: Question<'_>) -> Decision {
        let decision = (self.policy)(question);
        let policy = read(&decision);
        let model = model::decide(question);
        if policy != model {
            self.fail(question);
        }
        self.count += 1;
        for word in [&policy.first, &action(&policy.next)] {
            match self.seen.get_mut(word) {
                Some(count) => *count += 1,
                None => drop(self.seen.insert(word.clone(), 1)),
            }
        }
        decision
    }

    /// Prints how often each code and action occurred, and fails if an expected one is missing.
    pub fn covers_everything(&self) {
        println!("{:?}", self.seen);
        let mut expected = EXPECTED.iter();
        let missing = expected.find(|it| !self.seen.contains_key(**it));
        assert_eq!(missing, None);
    }

    #[track_caller]
    fn fail(&self, question: Question<'_>) -> ! {
        let differs = |history: &[Event]| {
            let question = Question {
                history,
                ..question
            };
            read(&(self.policy)(question)) != model::decide(question)
        };
        let history = shortest(question.history, &differs);
        let question = Question {
            history: &history,
            ..question
        };
        let policy = read(&(self.policy)(question));
        let model = model::decide(question);
        panic!(
            "policy and model differ\npolicy: {policy:?}\nmodel:  {model:?}\nrelease: {:?}\nnow: {}\nsettings: {:?}\n{}",
            question.release,
            question.now,
            question.settings,
            json::history(&history)
        );
    }
}

/// Removes each event without which the answers still differ.
fn shortest(history: &[Event], differs: &dyn Fn(&[Event]) -> bool) -> Vec<Event> {
    let mut history = history.to_vec();
    let mut place = 0;
    while place < history.len() {
        let mut without = history.clone();
        without.remove(place);
        if differs(&without) {
            history = without;
            place = 0;
        } else {
            place += 1;
        }
    }
    history
}

/// The part of a decision that is compared.
fn read(decision: &Decision) -> Answer {
    let codes = || decision.reasons.iter().map(|it| it.code.clone());
    let mut sorted: Vec<String> = codes().collect();
    sorted.sort();
    sorted.dedup();
    Answer {
        permission: decision.permission,
        next: match &decision.next {
            Action::Deploy(it) => Next::Deploy(it.clone()),
            Action::Observe(it) => Next::Observe(it.clone()),
            Action::LoadTest(it) => Next::LoadTest(it.environment.clone(), it.name.clone()),
            Action::Notify(it) => Next::Notify(it.key.clone(), it.urgency),
            Action::Ask(it) => Next::Ask(it.key.clone()),
            Action::Perform(it) => Next::Perform(it.environment.clone(), it.name.clone()),
            Action::Measure(it) => Next::Measure(it.clone()),
            Action::RollBack(it) => Next::RollBack(it.clone()),
            Action::Wait(it) => Next::Wait(*it),
            Action::Finish(it) => Next::Finish(*it),
        },
        first: codes().next().expect("a reason"),
        codes: sorted,
        environments: decision.environments.clone(),
    }
}

fn action(next: &Next) -> String {
    match next {
        Next::Deploy(_) => "deploy".to_owned(),
        Next::Observe(_) => "observe".to_owned(),
        Next::LoadTest(..) => "load-test".to_owned(),
        Next::Notify(key, _) => format!("notify {key}"),
        Next::Wait(_) => "wait".to_owned(),
        Next::Ask(_) => "ask".to_owned(),
        Next::Perform(..) => "perform".to_owned(),
        Next::Measure(_) => "measure".to_owned(),
        Next::RollBack(_) => "roll-back".to_owned(),
        Next::Finish(conclusion) => format!("finish {}", json::word(&format!("{conclusion:?}"))),
    }
}
