//! All sequences of events up to a length, after each part of the path to production.

use std::fmt::Write as _;

use super::super::compare::Comparison;
use super::super::contract::promotion::{Event, EventKind, InterventionKind, Outcome, Release};
use super::super::contract::types::{LoadTestAction, Settings, Verdict};
use super::super::model::Question;
use super::events::{
    accompanied, competing, contains, deployed, deployments, elsewhere, intervened, judged,
    load_tested, load_tests, named, notified, observed, rounds, superseded, times, waived,
};
use super::gate_groups;
use super::releases::{
    DIGESTS, LOAD_TEST, OWN, SMOKE_TEST, load_test, release, releases, settings, usable,
};

/// An event, or time that passes.
#[derive(Clone)]
pub enum Step {
    Happens(Box<EventKind>),
    Passes(u64),
}

/// Histories that are compared together.
pub struct Group {
    pub name: &'static str,
    pub settings: Settings,
    pub releases: Vec<Release>,
    /// The beginnings of the histories. All sequences of steps follow each of them.
    pub prefixes: Vec<Vec<Step>>,
    pub steps: Vec<Step>,
    pub length: usize,
}

/// Compares all groups, with sequences that are shorter or longer by a number of steps. Returns a summary.
pub fn compare(comparison: &mut Comparison<'_>, shorter: usize, longer: usize) -> String {
    let mut said = String::new();
    for group in [
        whole(),
        path(),
        convergence(),
        three(),
        labels(),
        several_load_tests(),
        gate_groups::windows(),
        gate_groups::people(),
        gate_groups::steps(),
    ] {
        let before = comparison.count;
        let length = (group.length + longer).saturating_sub(shorter);
        for release in &group.releases {
            for prefix in &group.prefixes {
                let mut walk = Walk {
                    comparison,
                    group: &group,
                    release,
                    history: Vec::new(),
                    now: 1000,
                };
                for step in prefix {
                    walk.take(step);
                }
                walk.all(length);
            }
        }
        let count = comparison.count - before;
        write!(said, "{} {count} up to {length} steps; ", group.name).expect("memory");
    }
    said
}

/// One history, which grows and shrinks.
struct Walk<'a, 'b> {
    comparison: &'a mut Comparison<'b>,
    group: &'a Group,
    release: &'a Release,
    history: Vec<Event>,
    now: u64,
}

impl Walk<'_, '_> {
    /// Compares the history, and each history that adds at most `length` steps to it.
    fn all(&mut self, length: usize) {
        let decision = self.comparison.compare(Question {
            release: self.release,
            history: &self.history,
            now: self.now,
            settings: &self.group.settings,
        });
        let is_refused = decision.environments.is_empty();
        if length == 0 || is_refused {
            return;
        }
        let group = self.group;
        for step in &group.steps {
            let (events, now) = (self.history.len(), self.now);
            self.take(step);
            self.all(length - 1);
            self.history.truncate(events);
            self.now = now;
        }
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Passes(seconds) => self.now += seconds,
            Step::Happens(kind) => self.history.push(Event {
                at: self.now,
                kind: (**kind).clone(),
            }),
        }
    }
}

pub fn happens(happenings: Vec<EventKind>) -> Vec<Step> {
    happenings
        .into_iter()
        .map(Box::new)
        .map(Step::Happens)
        .collect()
}

/// The path to production, and each beginning of it.
pub fn beginnings(environments: &[(&str, u32)]) -> Vec<Vec<Step>> {
    let mut path = Vec::new();
    for (place, (name, rounds)) in environments.iter().enumerate() {
        path.push(deployed(name, OWN, None, Outcome::Succeeded));
        for _ in 0..*rounds {
            path.push(observed(name, &[("a", OWN), ("b", OWN)]));
        }
        if place == 0 {
            path.push(load_tested(name, Verdict::Failed));
        }
    }
    let path = happens(path);
    (0..=path.len()).map(|end| path[..end].to_vec()).collect()
}

pub const TWO: [(&str, u32); 2] = [("stage", 1), ("prod", 1)];

/// Every event, in short histories.
fn whole() -> Group {
    let mut steps = Vec::new();
    for (name, _) in TWO {
        steps.extend(deployments(name));
        steps.extend(rounds(name));
        steps.extend(load_tests(name));
        steps.extend(competing(name));
    }
    steps.extend(elsewhere());
    let mut steps = happens(steps);
    steps.push(Step::Passes(31));
    Group {
        name: "whole",
        settings: settings(&TWO, 30),
        releases: releases(&TWO),
        prefixes: beginnings(&TWO),
        steps,
        length: 2,
    }
}

/// The events of one release and its competitor, in longer histories.
fn path() -> Group {
    use LoadTestAction::Abort;
    let steps = vec![
        deployed("stage", OWN, None, Outcome::Succeeded),
        observed("stage", &[("a", OWN)]),
        observed("stage", &[("a", "")]),
        load_tested("stage", Verdict::Passed),
        load_tested("stage", Verdict::Errored),
        deployed("prod", OWN, None, Outcome::Succeeded),
        deployed("prod", OWN, None, Outcome::Failed),
        deployed("prod", OWN, Some(DIGESTS[1]), Outcome::Succeeded),
        judged("prod", true),
        superseded("prod"),
        EventKind::Waited(10),
        notified("load-test-warning"),
    ];
    Group {
        name: "path",
        settings: settings(&TWO, 30),
        releases: vec![
            release("stage-loadtest-abort", None, None),
            release("stage-loadtest-warn", Some(DIGESTS[0]), None),
            release("prod", None, Some(Abort)),
        ],
        prefixes: vec![Vec::new()],
        steps: happens(steps),
        length: 4,
    }
}

/// Rounds, waits and holds of one environment that needs several rounds.
fn convergence() -> Group {
    let stage = "stage";
    let steps = vec![
        observed(stage, &[("a", OWN), ("b", OWN)]),
        observed(stage, &[("b", OWN), ("a", OWN)]),
        observed(stage, &[("a", OWN), ("b", "")]),
        observed(stage, &[("a", super::events::OTHER), ("b", OWN)]),
        observed(stage, &[("a", OWN)]),
        times(observed(stage, &[("a", OWN), ("b", OWN)]), 2),
        judged(stage, true),
        judged(stage, false),
        intervened(InterventionKind::Held),
        intervened(InterventionKind::Approved),
        EventKind::Waited(10),
    ];
    let mut steps = happens(steps);
    steps.extend([Step::Passes(10), Step::Passes(31)]);
    let prefix = |outcome| happens(vec![deployed(stage, OWN, None, outcome)]);
    Group {
        name: "convergence",
        settings: settings(&[(stage, 2), ("prod", 2)], 30),
        releases: vec![release("stage-loadtest-warn", None, None)],
        prefixes: vec![prefix(Outcome::Succeeded), prefix(Outcome::Unknown)],
        steps,
        length: 4,
    }
}

/// Two load tests of the first environment, and one of the last.
fn several_load_tests() -> Group {
    let mut settings = settings(&TWO, 30);
    settings.environments[0]
        .load_tests
        .push(load_test(SMOKE_TEST));
    settings.environments[1]
        .load_tests
        .push(load_test(LOAD_TEST));
    let mut steps = Vec::new();
    for name in ["stage", "prod"] {
        for verdict in [Verdict::Passed, Verdict::Failed, Verdict::Inconclusive] {
            steps.push(load_tested(name, verdict));
            steps.push(named(load_tested(name, verdict), SMOKE_TEST));
        }
        steps.extend([
            named(load_tested(name, Verdict::Passed), "unknown"),
            deployed(name, OWN, None, Outcome::Succeeded),
            deployed(name, super::events::OTHER, None, Outcome::Succeeded),
            observed(name, &[("a", OWN), ("b", OWN)]),
            superseded(name),
        ]);
    }
    steps.extend([contains(super::events::OTHER), waived(super::events::OTHER)]);
    Group {
        name: "several load tests",
        settings,
        releases: usable(&TWO),
        prefixes: beginnings(&TWO),
        steps: happens(steps),
        length: 2,
    }
}

/// Three environments, and deployments back and forth between them.
fn three() -> Group {
    let environments = [("stage", 1), ("canary", 1), ("prod", 1)];
    let mut steps = Vec::new();
    for (name, _) in environments {
        steps.extend([
            deployed(name, OWN, None, Outcome::Succeeded),
            deployed(name, OWN, Some(DIGESTS[0]), Outcome::Failed),
            deployed(name, OWN, Some(DIGESTS[1]), Outcome::Unknown),
            deployed(name, super::events::OTHER, None, Outcome::Succeeded),
            observed(name, &[("a", OWN)]),
            observed(name, &[("a", super::events::OTHER)]),
            load_tested(name, Verdict::Failed),
            superseded(name),
        ]);
    }
    Group {
        name: "three",
        settings: settings(&environments, 30),
        releases: vec![
            release("stage", None, None),
            release("stage-loadtest-abort", Some(DIGESTS[0]), None),
            release("canary", None, Some(LoadTestAction::Warn)),
        ],
        prefixes: beginnings(&environments),
        steps: happens(steps),
        length: 2,
    }
}

/// Load tests, with the events that change the action.
fn labels() -> Group {
    use super::events::{OTHER, THIRD};
    use LoadTestAction::{Abort, Skip, Warn};
    let mut steps = load_tests("stage");
    steps.extend([
        contains(OTHER),
        contains(THIRD),
        waived(OTHER),
        waived(THIRD),
        accompanied(Abort),
        accompanied(Warn),
        accompanied(Skip),
        notified("load-test-warning"),
        deployed("prod", OWN, None, Outcome::Succeeded),
    ]);
    let stage = [
        deployed("stage", OWN, None, Outcome::Succeeded),
        observed("stage", &[("a", OWN)]),
    ];
    Group {
        name: "labels",
        settings: settings(&TWO, 30),
        releases: vec![
            release("stage-loadtest-abort", None, None),
            release("stage-loadtest-warn", None, None),
            release("stage", None, None),
            release("prod", None, None),
            release("prod", None, Some(Skip)),
        ],
        prefixes: vec![happens(stage.to_vec())],
        steps: happens(steps),
        length: 3,
    }
}
