//! Whole deployments in a simulated world.

use crate::bindings::promotion::Outcome::{Succeeded, Unknown};
use crate::bindings::promotion::{Action, Conclusion, InterventionKind, Release};
use crate::bindings::types::Verdict;
use crate::fixtures::{History, OTHER, SHA, release};

/// Carries out an action: adds its result to the history.
type World<'a> = &'a mut dyn FnMut(History, &Action) -> History;

/// Drives a release to its end, and lists the actions in words.
fn drive(release: &Release, history: History, world: World<'_>) -> (Conclusion, Vec<String>) {
    let mut history = history;
    let mut done = Vec::new();
    // Far more steps than any of these deployments needs.
    for _ in 0..1000 {
        let decision = history.decide(release);
        assert!(!decision.reasons.is_empty());
        done.push(match &decision.next {
            Action::Finish(conclusion) => return (*conclusion, done),
            Action::Deploy(environment) => format!("deploy {environment}"),
            Action::Observe(environment) => format!("observe {environment}"),
            Action::LoadTest(run) => format!("test {}", run.environment),
            Action::Notify(notice) => format!("tell {}", notice.key),
            Action::Ask(question) => format!("ask {}", question.key),
            Action::Perform(step) => format!("perform {} {}", step.name, step.environment),
            Action::Measure(environment) => format!("measure {environment}"),
            Action::RollBack(environment) => format!("roll back {environment}"),
            Action::Wait(_) => "wait".to_owned(),
        });
        history = world(history, &decision.next);
    }
    panic!("no end in sight: {done:?}");
}

/// A world where everything works.
fn works(history: History, action: &Action) -> History {
    match action {
        Action::Deploy(environment) => history.deployed(environment, Succeeded),
        Action::Observe(environment) => history.observed(environment, &[("a", SHA), ("b", SHA)]),
        Action::LoadTest(run) => history.load_tested(&run.environment, Verdict::Passed),
        Action::Notify(notice) => history.notified(&notice.key),
        Action::Ask(_) | Action::Perform(_) | Action::Measure(_) | Action::RollBack(_) => {
            panic!("these settings do not ask for {action:?}")
        }
        Action::Wait(_) => history.waited(),
        Action::Finish(_) => history,
    }
}

fn tests(verdict: Verdict) -> impl FnMut(History, &Action) -> History {
    move |history, action| match action {
        Action::LoadTest(run) => history.load_tested(&run.environment, verdict),
        _ => works(history, action),
    }
}

const TO_STAGE: [&str; 4] = ["deploy stage", "observe stage", "wait", "observe stage"];
const TO_PROD: [&str; 4] = ["deploy prod", "observe prod", "wait", "observe prod"];

#[test]
fn all_green() {
    let (end, done) = drive(&release("stage-loadtest-abort"), History::new(), &mut works);
    assert_eq!(end, Conclusion::Promoted);
    let steps = [&TO_STAGE[..], &["test stage"], &TO_PROD, &["tell promoted"]].concat();
    assert_eq!(done, steps);
}

#[test]
fn a_failed_load_test_under_warn() {
    let release = release("stage-loadtest-warn");
    let (end, done) = drive(&release, History::new(), &mut tests(Verdict::Failed));
    assert_eq!(end, Conclusion::PromotedWithWarning);
    let steps = [
        &TO_STAGE[..],
        &["test stage", "tell load-test-warning"],
        &TO_PROD,
        &["tell promoted"],
    ];
    assert_eq!(done, steps.concat());
}

#[test]
fn a_failed_load_test_under_abort() {
    let release = release("stage-loadtest-abort");
    for verdict in [Verdict::Failed, Verdict::Errored, Verdict::Inconclusive] {
        let (end, done) = drive(&release, History::new(), &mut tests(verdict));
        assert_eq!(end, Conclusion::Stopped);
        let steps = [&TO_STAGE[..], &["test stage", "tell stopped"]].concat();
        assert_eq!(done, steps);
    }
}

#[test]
fn a_skipped_load_test() {
    let (end, done) = drive(&release("stage"), History::new(), &mut works);
    assert_eq!(end, Conclusion::Promoted);
    assert_eq!(done, [&TO_STAGE[..], &TO_PROD, &["tell promoted"]].concat());
}

#[test]
fn a_stage_that_never_converges() {
    let (end, done) = drive(
        &release("stage"),
        History::new(),
        &mut |history, action| match action {
            Action::Observe(_) => history.observed("stage", &[("a", SHA), ("b", OTHER)]),
            _ => works(history, action),
        },
    );
    assert_eq!(end, Conclusion::Stopped);
    assert!(!done.contains(&"deploy prod".to_owned()));
    // A round and a wait take twelve seconds of the six hundred.
    assert!(done.len() > 90, "{}", done.len());
}

#[test]
fn a_node_that_flaps_delays_and_does_not_fail() {
    let mut round = 0;
    let (end, done) = drive(
        &release("stage"),
        History::new(),
        &mut |history, action| match action {
            Action::Observe(environment) => {
                round += 1;
                let b = if round < 10 && round % 2 == 0 {
                    ""
                } else {
                    SHA
                };
                history.observed(environment, &[("a", SHA), ("b", b)])
            }
            _ => works(history, action),
        },
    );
    assert_eq!(end, Conclusion::Promoted);
    let rounds = done.iter().filter(|it| *it == "observe stage").count();
    assert_eq!(rounds, 10);
}

#[test]
fn a_place_that_is_taken_and_then_free() {
    let mut taken = 3;
    let (end, done) = drive(
        &release("stage"),
        History::new(),
        &mut |history, action| match action {
            Action::Deploy(environment) if taken > 0 => {
                taken -= 1;
                history.locked(environment)
            }
            _ => works(history, action),
        },
    );
    assert_eq!(end, Conclusion::Promoted);
    let start = ["deploy stage", "wait"].repeat(3);
    assert_eq!(done[..6], start);
    assert_eq!(done[6..10], TO_STAGE);
}

#[test]
fn a_newer_release_during_the_load_test() {
    let release = release("stage-loadtest-abort");
    let (end, done) = drive(
        &release,
        History::new(),
        &mut |history, action| match action {
            Action::LoadTest(_) => history.superseded("stage"),
            _ => works(history, action),
        },
    );
    assert_eq!(end, Conclusion::Superseded);
    let steps = [&TO_STAGE[..], &["test stage", "tell superseded"]].concat();
    assert_eq!(done, steps);
}

#[test]
fn a_person_ends_it() {
    let (end, done) = drive(
        &release("stage"),
        History::new(),
        &mut |history, action| match action {
            Action::Wait(_) => history.intervened(InterventionKind::Canceled),
            _ => works(history, action),
        },
    );
    assert_eq!(end, Conclusion::Canceled);
    assert_eq!(done, [&TO_STAGE[..3], &["tell canceled"]].concat());
}

#[test]
fn resumed_after_a_deployment_of_unknown_outcome() {
    let killed = History::new().deployed("stage", Unknown);
    let (end, done) = drive(&release("stage"), killed, &mut works);
    assert_eq!(end, Conclusion::Promoted);
    assert_eq!(
        done,
        [&TO_STAGE[1..], &TO_PROD, &["tell promoted"]].concat()
    );
}

#[test]
fn a_prod_tag_waits_for_another_release_to_verify_stage() {
    let mut waits = 0;
    let (end, done) = drive(&release("prod"), History::new(), &mut |history, action| {
        if *action == Action::Wait(10) {
            waits += 1;
        }
        match (action, waits) {
            (Action::Wait(_), 2) => history.waited().deployed("stage", Succeeded),
            (Action::Wait(_), 4) => history.waited().judged("stage", true),
            (Action::Wait(_), 6) => history.waited().load_tested("stage", Verdict::Passed),
            _ => works(history, action),
        }
    });
    assert_eq!(end, Conclusion::Promoted);
    let steps = [&["wait"; 6][..], &TO_PROD, &["tell promoted"]].concat();
    assert_eq!(done, steps);
}
