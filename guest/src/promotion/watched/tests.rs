//! Whole watches: rounds in, verdict and next step out.

use crate::bindings::promotion::Outcome::Succeeded;
use crate::bindings::promotion::{Action, Conclusion, EventKind, Permission};
use crate::bindings::types::{Consequence, Verdict};
use crate::fixtures::watched::{FAILED, codes, converged, decide, end, failed, first};
use crate::fixtures::{
    History, METRIC, OTHER, SHA, competing_release, metric, metric_reading, release, watch,
};

const GOOD: f64 = 0.0;

fn verdict(history: &History) -> Option<Verdict> {
    decide(history).environments[1].watch
}

/// Rounds until the end of the watch.
fn rounds(history: History, round: impl Fn(History, u32) -> History) -> History {
    (0..6).fold(history, round)
}

#[test]
fn a_release_is_promoted_when_the_watch_passed() {
    let mut history = converged(Consequence::Stop);
    let decision = decide(&history);
    assert_eq!(decision.next, Action::Wait(60));
    assert_eq!(first(&decision), "watching");
    history = history.later(59);
    assert_eq!(decide(&history).next, Action::Wait(1));
    history = history.later(1);
    let measure = Action::Measure("prod".to_owned());
    assert_eq!(decide(&history).next, measure);
    history = history.read("prod", GOOD);
    let decision = decide(&history);
    assert_eq!(decision.next, Action::Wait(60));
    assert_eq!(decision.reasons[0].message, "`prod` is watched, 300 s left");
    assert_eq!(decision.environments[1].watch, None);
    history = history.later(60);
    assert_eq!(decide(&history).next, measure);
    history.now -= 60;
    for _ in 0..4 {
        history = history.read("prod", GOOD);
        assert_eq!(verdict(&history), None);
    }
    history = history.read("prod", GOOD);
    assert_eq!(verdict(&history), Some(Verdict::Passed));
    let decision = decide(&history);
    assert_eq!(decision.permission, Permission::Promote);
    assert_eq!(
        end(&history),
        (Conclusion::Promoted, vec!["promoted".to_owned()])
    );
}

#[test]
fn the_end_needs_a_round() {
    let history = converged(Consequence::Stop).read("prod", GOOD).later(9999);
    assert_eq!(decide(&history).next, Action::Measure("prod".to_owned()));
    let history = history.read("prod", GOOD);
    assert_eq!(verdict(&history), Some(Verdict::Inconclusive));
    let decision = decide(&history);
    assert_eq!(
        codes(&decision),
        [
            "watch-inconclusive",
            "metric-unproven",
            "load-test-skipped",
            "promoted"
        ]
    );
    assert_eq!(
        end(&history),
        (Conclusion::PromotedWithWarning, vec!["promoted".to_owned()])
    );
}

#[test]
fn a_clock_that_goes_backwards_delays_no_round() {
    let mut history = converged(Consequence::Stop).read("prod", GOOD);
    history.now = 0;
    assert_eq!(decide(&history).next, Action::Measure("prod".to_owned()));
}

#[test]
fn consecutive_usable_rounds_outside_fail_it_at_once() {
    let history = failed(Consequence::Stop);
    assert_eq!(verdict(&history), Some(Verdict::Failed));
    let decision = decide(&history);
    assert_eq!(codes(&decision), ["watch-failed", "metric-outside"]);
    assert_eq!(
        decision.reasons[1].message,
        "metric `errors` was 0.5 in the last of 2 rounds outside its limits; at most 0.01 is allowed"
    );
    assert_eq!(
        end(&history),
        (Conclusion::Stopped, vec!["stopped".to_owned()])
    );
    // A good round resets, an unusable one does not.
    let reset = converged(Consequence::Stop)
        .read("prod", FAILED)
        .read("prod", GOOD)
        .read("prod", FAILED);
    assert_eq!(verdict(&reset), None);
    let unusable = converged(Consequence::Stop)
        .read("prod", FAILED)
        .query_failed("prod")
        .watched("prod", metric_reading(FAILED), &[SHA, OTHER])
        .watched("prod", metric_reading(FAILED), &[]);
    assert_eq!(verdict(&unusable), None);
    assert_eq!(
        verdict(&unusable.read("prod", FAILED)),
        Some(Verdict::Failed)
    );
}

#[test]
fn what_is_not_proven_is_errored_or_inconclusive() {
    let down = rounds(converged(Consequence::RollBack), |it, _| {
        it.query_failed("prod")
    });
    assert_eq!(verdict(&down), Some(Verdict::Errored));
    let foreign = rounds(converged(Consequence::RollBack), |it, _| {
        it.watched("prod", metric_reading(FAILED), &[OTHER])
    });
    assert_eq!(verdict(&foreign), Some(Verdict::Inconclusive));
    let half = rounds(converged(Consequence::RollBack), |it, round| {
        if round % 2 == 0 {
            it.query_failed("prod")
        } else {
            it.watched("prod", metric_reading(GOOD), &[])
        }
    });
    assert_eq!(verdict(&half), Some(Verdict::Inconclusive));
    let without = rounds(converged(Consequence::RollBack), |it, _| {
        let mut other = metric_reading(GOOD);
        other.metric = "another".to_owned();
        it.watched("prod", other, &[SHA])
    });
    assert_eq!(verdict(&without), Some(Verdict::Inconclusive));
}

#[test]
fn the_table_is_total() {
    use Conclusion::{Promoted, PromotedWithWarning, RolledBack, Stopped};
    use Consequence::{RollBack, Stop, Warn};
    use Verdict::{Errored, Failed, Inconclusive, Passed};

    let judged = |verdict: Verdict, environment: &'static str| {
        move |history: History, _| match verdict {
            Passed => history.read(environment, GOOD),
            Failed => history.read(environment, FAILED),
            Errored => history.query_failed(environment),
            Inconclusive => history.watched(environment, metric_reading(GOOD), &[OTHER]),
        }
    };
    let mut cells = 0;
    for verdict in [Passed, Failed, Errored, Inconclusive] {
        for consequence in [Stop, Warn, RollBack] {
            for unproven in [Stop, Warn, RollBack] {
                let applies = match verdict {
                    Passed => None,
                    Failed => Some(consequence),
                    Errored | Inconclusive if unproven == Warn => Some(Warn),
                    Errored | Inconclusive => Some(Stop),
                };
                let settings = || {
                    let mut settings = watch(consequence);
                    settings.unproven = unproven;
                    Some(settings)
                };
                let what = format!("{verdict:?} {consequence:?} {unproven:?}");

                let stage = History::new()
                    .with(|it| it.environments[0].watch = settings())
                    .through("stage");
                let stage = rounds(stage, judged(verdict, "stage"));
                let decision = decide(&stage);
                let (permission, next) = match applies {
                    None => (Permission::Promote, Action::Deploy("prod".to_owned())),
                    Some(Warn) => (
                        Permission::PromoteWithWarning,
                        Action::Deploy("prod".to_owned()),
                    ),
                    Some(Stop | RollBack) => (Permission::Stop, Action::Finish(Stopped)),
                };
                assert_eq!(decision.permission, permission, "{what}");
                let told = stage.notified("watch-warning").notified("stopped");
                assert_eq!(decide(&told).next, next, "{what}");

                let prod = History::new()
                    .with(|it| it.environments[1].watch = settings())
                    .through("stage")
                    .through("prod");
                let prod = rounds(prod, judged(verdict, "prod"));
                let expected = match applies {
                    None => Promoted,
                    Some(Warn) => PromotedWithWarning,
                    Some(Stop) => Stopped,
                    Some(RollBack) => {
                        let next = decide(&prod).next;
                        assert_eq!(next, Action::RollBack("prod".to_owned()), "{what}");
                        let back = prod
                            .rolled_back(OTHER, Succeeded)
                            .observed("prod", &[("a", OTHER)])
                            .observed("prod", &[("a", OTHER)]);
                        assert_eq!(end(&back).0, RolledBack, "{what}");
                        continue;
                    }
                };
                assert_eq!(end(&prod).0, expected, "{what}");
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 33);
}

#[test]
fn a_watch_of_an_earlier_environment_is_not_that_of_another_release() {
    let history = History::new()
        .with(|it| it.environments[0].watch = Some(watch(Consequence::Stop)))
        .through("stage")
        .load_tested("stage", Verdict::Passed);
    let decision = history.decide(&release("prod"));
    assert_eq!(decision.next, Action::Wait(10));
    assert_eq!(codes(&decision), ["stage-not-verified", "watching"]);
    let passed = rounds(history, |it, _| it.read("stage", GOOD));
    let decision = passed.decide(&release("prod"));
    assert_eq!(decision.next, Action::Deploy("prod".to_owned()));
    assert_eq!(first(&decision), "watch-passed");
    assert_eq!(decision.environments[0].watch, Some(Verdict::Passed));
}

#[test]
fn a_newer_release_ends_the_watch_without_a_roll_back() {
    let watched = converged(Consequence::RollBack).read("prod", FAILED);
    assert_eq!(
        end(&watched.clone().superseded("prod")).0,
        Conclusion::Superseded
    );
    let replaced = watched.deployed_commit("prod", OTHER, Succeeded);
    assert_eq!(end(&replaced).0, Conclusion::Superseded);
    // It failed before the newer release came.
    for failed in [
        failed(Consequence::RollBack).superseded("prod"),
        failed(Consequence::RollBack).deployed_commit("prod", OTHER, Succeeded),
    ] {
        assert_eq!(first(&decide(&failed)), "watch-failed");
        assert_eq!(end(&failed).0, Conclusion::Stopped);
    }
}

#[test]
fn every_metric_must_pass() {
    let mut settings = watch(Consequence::Stop);
    let mut second = metric();
    second.name = "latency".to_owned();
    settings.metrics.push(second);
    let history = converged(Consequence::Stop).with(|it| it.environments[1].watch = Some(settings));
    let history = rounds(history, |it, _| it.read("prod", GOOD));
    assert_eq!(verdict(&history), Some(Verdict::Inconclusive));
    let decision = decide(&history);
    assert!(decision.reasons[1].message.contains("`latency`"));
    assert!(
        !decision
            .reasons
            .iter()
            .any(|it| it.message.contains(METRIC))
    );
}

#[test]
fn a_competing_release_elsewhere_does_not_matter() {
    let history =
        converged(Consequence::Stop).add(EventKind::Superseded(competing_release("stage")));
    assert_eq!(first(&decide(&history)), "watching");
}
