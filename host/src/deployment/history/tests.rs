//! Tests of merged events: the policy makes the same decisions as with the events before merging.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::contract::promotion::{
    CompetingRelease, Convergence, Decision, Deployment, InterventionKind, LoadTest,
    LoadTestResult, Node, NodeVersion, Notification, Outcome, Release, RunningLoadTest,
};
use crate::contract::settings::{self, LOAD_TEST};
use crate::contract::types::{Evidence, Verdict};
use crate::deployment::entry::Person;
use crate::sandbox::{Policy, Use};

const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const OTHER: &str = "8f94139338f9404f26296befa88755fc2598c289";

fn round(environment: &str, commits: &[&str]) -> EventKind {
    let nodes = commits.iter().enumerate().map(|(number, commit)| Node {
        name: format!("http://10.0.0.{number}"),
        version: match *commit {
            "" => NodeVersion::Unreachable("connection refused".to_owned()),
            commit => NodeVersion::Serves(commit.to_owned()),
        },
    });
    EventKind::Observed(Round {
        environment: environment.to_owned(),
        convergence: Convergence::Observed(nodes.collect()),
        times: 1,
    })
}

fn locked(environment: &str, commit: &str, left: Option<u32>) -> EventKind {
    EventKind::Locked(LockHolder {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
        load_test: left.map(|left| RunningLoadTest { left: Some(left) }),
    })
}

fn wait(seconds: u32) -> EventKind {
    EventKind::Waited(seconds)
}

/// The history of these happenings, a second apart.
fn history(happenings: &[EventKind]) -> History {
    let mut history = History::default();
    for (at, kind) in (1..).zip(happenings) {
        let kind = kind.clone();
        history.add(Event { at, kind }, ());
    }
    history
}

fn dated(history: &History) -> Vec<(u64, EventKind)> {
    let events = history.events().iter();
    events.map(|it| (it.at, it.kind.clone())).collect()
}

fn times(kind: EventKind, times: u32) -> EventKind {
    match kind {
        EventKind::Observed(round) => EventKind::Observed(Round { times, ..round }),
        other => other,
    }
}

#[test]
fn waits_in_a_row_are_one_event() {
    let waits = history(&[wait(10), wait(20), wait(u32::MAX)]);
    assert_eq!(dated(&waits), [(3, wait(u32::MAX))]);
    assert_eq!(dated(&history(&[wait(10), wait(20)])), [(2, wait(30))]);
}

#[test]
fn equal_rounds_with_waits_between_them_are_one_event() {
    let (old, new) = (round("stage", &[OTHER]), round("stage", &[SHA]));
    let cycle = [old.clone(), wait(1), old.clone(), wait(1), old.clone()];
    let three = times(old.clone(), 3);
    assert_eq!(dated(&history(&cycle)), [(5, three.clone())]);
    let more = [&cycle[..], &[wait(1), new.clone(), wait(1), old.clone()]].concat();
    assert_eq!(
        dated(&history(&more)),
        [
            (5, three),
            (6, wait(1)),
            (7, new.clone()),
            (8, wait(1)),
            (9, old.clone())
        ]
    );
    for apart in [
        vec![old.clone(), old.clone()],
        vec![old.clone(), wait(1), round("prod", &[OTHER])],
        vec![old.clone(), wait(1), round("stage", &[OTHER, OTHER])],
        vec![old, wait(1), locked("prod", SHA, None), wait(1), new],
    ] {
        assert_eq!(history(&apart).events().len(), apart.len(), "{apart:?}");
    }
}

#[test]
fn only_the_latest_finding_about_an_occupant_stays() {
    let taken = |left| locked("prod", OTHER, left);
    let found = [
        taken(None),
        wait(10),
        taken(Some(60)),
        wait(10),
        taken(Some(50)),
    ];
    assert_eq!(
        dated(&history(&found)),
        [(4, wait(20)), (5, taken(Some(50)))]
    );
    let another = [taken(None), wait(10), locked("prod", SHA, None)];
    assert_eq!(history(&another).events().len(), 3);
    let elsewhere = [taken(None), wait(10), locked("stage", OTHER, None)];
    assert_eq!(history(&elsewhere).events().len(), 3);
}

#[test]
fn a_deployment_that_waits_for_days_has_a_short_history() {
    let answers = [SHA; 500];
    for cycle in [
        vec![round("stage", &answers), wait(10)],
        vec![locked("prod", OTHER, None), wait(10)],
        vec![wait(10)],
    ] {
        let mut history = History::default();
        for at in 0..100_000 {
            for kind in cycle.clone() {
                history.add(Event { at, kind }, ());
            }
        }
        assert!(history.events().len() <= 3, "{}", history.events().len());
    }
}

#[test]
fn a_count_ends_at_the_limit_of_a_document() {
    let many = times(round("stage", &[SHA]), MOST_ROUNDS);
    let more = history(&[many.clone(), wait(1), many.clone()]);
    assert_eq!(dated(&more), [(3, many)]);
}

#[test]
fn a_tail_of_another_history_is_refused() {
    let mut long = history(&[wait(1), round("stage", &[SHA])]);
    long.forget_changes();
    for kind in [wait(1), round("stage", &[SHA])] {
        long.add(Event { at: 9, kind }, ());
    }
    let tail = long.take_changes();
    for other in [
        vec![],
        vec![wait(1)],
        vec![wait(1), wait(1)],
        vec![wait(1), round("prod", &[SHA])],
        vec![wait(1), locked("prod", SHA, None)],
    ] {
        assert_eq!(history(&other).apply(&tail, &()), Err(OtherHistory));
    }
    let mut same = history(&[wait(1), round("stage", &[SHA])]);
    let added = same.apply(&tail, &()).expect("the end of this history");
    let kind = round("stage", &[SHA]);
    assert_eq!(added, Some(Event { at: 9, kind }));
    assert_eq!(same.events(), long.events());
}

fn intervened(kind: InterventionKind) -> EventKind {
    let ada = Person {
        name: "Ada".to_owned(),
        reason: None,
        proven: false,
    };
    EventKind::Intervened(ada.intervention(kind))
}

fn environment() -> impl Strategy<Value = &'static str> {
    prop_oneof![30 => select(vec!["stage", "prod"]), 1 => Just("qa")]
}

fn kind() -> impl Strategy<Value = EventKind> {
    use InterventionKind::{Approved, Held};
    let commit = || select(vec![SHA, SHA, OTHER]);
    let outcome = select(vec![
        Outcome::Succeeded,
        Outcome::Succeeded,
        Outcome::Unknown,
    ]);
    let deployed = (environment(), commit(), outcome).prop_map(|(environment, commit, outcome)| {
        EventKind::Deployed(Deployment {
            environment: environment.to_owned(),
            commit: commit.to_owned(),
            digest: None,
            outcome,
        })
    });
    let answers = vec(select(vec![SHA, SHA, SHA, OTHER, ""]), 0..3);
    let observed = (environment(), answers).prop_map(|(environment, it)| round(environment, &it));
    let verdict = select(vec![Verdict::Passed, Verdict::Failed]);
    let load_tested = (environment(), verdict).prop_map(|(environment, verdict)| {
        EventKind::LoadTested(LoadTest {
            environment: environment.to_owned(),
            name: LOAD_TEST.to_owned(),
            result: LoadTestResult::Judged(verdict),
        })
    });
    let taken = (environment(), commit(), proptest::option::of(0..99_u32))
        .prop_map(|(environment, commit, left)| locked(environment, commit, left));
    let competing_release = (environment(), any::<bool>()).prop_map(|(environment, is_newer)| {
        let competing_release = CompetingRelease {
            environment: environment.to_owned(),
            commit: OTHER.to_owned(),
        };
        if is_newer {
            EventKind::Superseded(competing_release)
        } else {
            EventKind::Diverged(competing_release)
        }
    });
    let notified = select(vec!["stopped", "superseded", "promoted"]).prop_map(|key| {
        EventKind::Notified(Notification {
            key: key.to_owned(),
            outcome: Outcome::Succeeded,
        })
    });
    prop_oneof![
        4 => deployed,
        8 => observed,
        2 => load_tested,
        4 => taken,
        1 => competing_release,
        1 => notified,
        1 => select(vec![Held, Approved]).prop_map(intervened),
        2 => (0..20_u32).prop_map(wait),
    ]
}

/// Histories of single events, and of events that alternate with waits.
fn happenings() -> impl Strategy<Value = Vec<EventKind>> {
    let part = (kind(), 0..4_usize).prop_map(|(kind, repeated)| {
        let cycle = [kind.clone(), wait(10)];
        let mut part: Vec<_> = cycle.iter().cloned().cycle().take(2 * repeated).collect();
        part.push(kind);
        part
    });
    vec(part, 0..8).prop_map(|it| it.concat())
}

fn places(decision: &mut Decision, place: impl Fn(usize) -> usize) {
    let reasons = decision.reasons.iter_mut();
    for evidence in reasons.flat_map(|it| &mut it.evidence) {
        if let Evidence::Event(index) = evidence {
            let found = place(usize::try_from(*index).expect("a place"));
            *index = u32::try_from(found).expect("a place");
        }
    }
}

#[test]
fn the_policy_decides_the_same_with_and_without_merging() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let tags = select(vec!["stage", "stage-loadtest-warn", "prod"]);
    let later = 0..1000_u64;
    let config = ProptestConfig::with_cases(1000);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    // A merged event has only the time of its last round. Therefore all rounds are after the deadline, or none.
    let deadline = select(vec![0, u32::MAX]);
    let given = (tags, happenings(), 1..40_u64, later, deadline);
    let result = runner.run(&given, |(tag, happenings, pace, later, deadline)| {
        let mut settings = settings::defaults();
        for environment in &mut settings.environments {
            environment.convergence_deadline = deadline;
        }
        let release = Release {
            tag: format!("{tag}-{SHA}"),
            digest: None,
            instruction: None,
            authors: Vec::new(),
            facts: Vec::new(),
        };
        let (mut whole, mut short) = (Vec::new(), History::default());
        for (place, kind) in happenings.into_iter().enumerate() {
            let at = pace * place as u64;
            let event = Event { at, kind };
            whole.push(event.clone());
            short.add(event, place);
        }
        let now = pace * whole.len() as u64 + later;
        let decide = |events: &[Event]| {
            let decided = policy.decide(&release, events, now, &settings);
            decided.expect("a decision")
        };
        let (mut expected, mut decision) = (decide(&whole), decide(short.events()));
        // The data of a merged event is the place of the latest event in it.
        places(&mut decision, |index| short.about[index]);
        if expected.reasons[0].code == "environment-unknown" {
            // The policy refers to the first of several events.
            places(&mut expected, |_| 0);
            places(&mut decision, |_| 0);
        }
        prop_assert_eq!(decision, expected);
        Ok(())
    });
    result.expect("the same decision");
}

/// Decides after changing rounds of 500 nodes whose names have this length. With each round, every `step`th node changes
/// back or forth.
fn decides_after(rounds: usize, length: usize, step: usize) {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let mut settings = settings::defaults();
    settings.environments[0].convergence_deadline = u32::MAX;
    let release = Release {
        tag: format!("stage-loadtest-warn-{SHA}"),
        digest: None,
        instruction: None,
        authors: Vec::new(),
        facts: Vec::new(),
    };
    let mut events = vec![Event {
        at: 0,
        kind: EventKind::Deployed(Deployment {
            environment: "stage".to_owned(),
            commit: SHA.to_owned(),
            digest: None,
            outcome: Outcome::Succeeded,
        }),
    }];
    for round in 0..rounds {
        let nodes = (0..500).map(|number| Node {
            name: format!("{number:0>length$}"),
            version: NodeVersion::Serves(if number % step == round % step {
                OTHER.to_owned()
            } else {
                SHA.to_owned()
            }),
        });
        let round = Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Observed(nodes.collect()),
            times: 1,
        };
        events.push(Event {
            at: 1,
            kind: EventKind::Observed(round),
        });
    }
    let decided = policy.decide(&release, &events, 2, &settings);
    assert!(decided.is_ok(), "{:?}", decided.map(|it| it.permission));
}

/// `limits.md` states this number.
#[test]
fn four_hundred_changing_rounds_of_500_nodes_are_decided() {
    decides_after(400, 25, 7);
    let page = include_str!("../../../docs/limits.md");
    assert!(page.contains("400 such rounds"));
}

#[test]
fn changing_rounds_of_500_nodes_with_long_names_are_decided() {
    decides_after(150, 195, 2);
}
