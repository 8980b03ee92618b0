//! The order of the questions.

use crate::bindings::promotion::InterventionKind::{Approved, Canceled, Held, Rejected};
use crate::bindings::promotion::Outcome::{Failed, Succeeded};
use crate::bindings::promotion::{
    Action, Conclusion, EventKind, Instruction, Intervention, Permission, Release,
};
use crate::bindings::types::{Evidence, LoadTestAction, Verdict};
use crate::fixtures::{History, OTHER, intervention, release};

const KEYS: [&str; 4] = ["stopped", "superseded", "canceled", "promoted"];

/// The decision after all notices have been sent.
fn said(release: &Release, history: &History) -> (Permission, Action, String) {
    let history = KEYS
        .iter()
        .fold(history.clone(), |it, key| it.notified(key));
    let decision = history.decide(release);
    (
        decision.permission,
        decision.next,
        decision.reasons[0].code.clone(),
    )
}

fn ends(tag: &str, history: &History, conclusion: Conclusion, code: &str) {
    let expected = (
        Permission::Stop,
        Action::Finish(conclusion),
        code.to_owned(),
    );
    assert_eq!(said(&release(tag), history), expected);
}

fn holds(tag: &str, history: &History, code: &str) {
    let expected = (Permission::Hold, Action::Wait(10), code.to_owned());
    assert_eq!(said(&release(tag), history), expected);
}

#[test]
fn a_refused_tag_has_the_reasons_of_the_tag_and_no_standings() {
    let history = History::new().through("stage");
    let mut release = release("stage");
    release.tag = "prod-latest".to_owned();
    let decision = history.decide(&release);
    let refused = crate::tag::resolve("prod-latest", &history.settings);
    assert_eq!(decision.permission, Permission::Stop);
    assert_eq!(decision.next, Action::Finish(Conclusion::Stopped));
    assert_eq!(Err(decision.reasons), refused);
    assert_eq!(decision.environments, []);
}

#[test]
fn unusable_settings_are_told_before_the_tag_is_read_with_them() {
    let history = History::new().with(|s| s.environments.clear());
    ends("stage", &history, Conclusion::Stopped, "settings-invalid");
}

#[test]
fn a_label_that_contradicts_the_tag_stops_everything() {
    let mut release = release("stage-loadtest-warn");
    release.instruction = Some(Instruction {
        action: LoadTestAction::Abort,
        source: None,
        extra: Vec::new(),
    });
    let history = History::new()
        .through("stage")
        .load_tested("stage", Verdict::Passed);
    let expected = (
        Permission::Stop,
        Action::Finish(Conclusion::Stopped),
        "label-contradicts-tag".to_owned(),
    );
    assert_eq!(said(&release, &history), expected);
    assert_eq!(history.decide(&release).environments.len(), 2);
}

#[test]
fn a_history_of_other_environments_is_not_understood() {
    for history in [
        History::new().deployed("qa", Succeeded),
        History::new().through("stage").judged("qa", true),
        History::new()
            .through("stage")
            .load_tested("qa", Verdict::Passed),
        History::new().through("stage").superseded("qa"),
        History::new().through("stage").locked("qa"),
    ] {
        ends(
            "stage",
            &history,
            Conclusion::Stopped,
            "environment-unknown",
        );
    }
}

#[test]
fn nothing_takes_a_cancellation_back() {
    let canceled = History::new().intervened(Canceled);
    for history in [
        canceled.clone(),
        canceled.clone().intervened(Approved),
        canceled.clone().intervened(Held),
        canceled.clone().superseded("stage"),
        canceled.clone().deployed("stage", Failed),
        canceled.through("stage").through("prod"),
    ] {
        ends("stage", &history, Conclusion::Canceled, "canceled");
    }
}

#[test]
fn a_hold_lasts_until_the_release_is_approved() {
    let held = History::new().through("stage").intervened(Held);
    holds("stage", &held, "held");
    holds("stage", &held.clone().waited(), "held");
    holds("stage", &held.clone().deployed("prod", Succeeded), "held");
    let approved = held.intervened(Approved);
    let (permission, next, _) = said(&release("stage"), &approved);
    assert_eq!(permission, Permission::Promote);
    assert_eq!(next, Action::Deploy("prod".to_owned()));
    holds("stage", &approved.intervened(Held), "held");
}

#[test]
fn a_hold_keeps_nothing_from_ending() {
    let failed = History::new().deployed("stage", Failed).intervened(Held);
    ends("stage", &failed, Conclusion::Stopped, "deployment-failed");
    let superseded = History::new().superseded("stage").intervened(Held);
    ends("stage", &superseded, Conclusion::Superseded, "superseded");
}

#[test]
fn a_newer_release_counts_until_this_one_is_through() {
    let tag = "stage-loadtest-abort";
    let stage = History::new().through("stage");
    let tested = stage.clone().load_tested("stage", Verdict::Passed);
    for history in [
        History::new().superseded("stage"),
        History::new().superseded("prod"),
        History::new()
            .deployed("stage", Succeeded)
            .superseded("stage"),
        stage.superseded("stage"),
        History::new().superseded("stage").through("stage"),
        tested.clone().superseded("prod"),
        tested
            .clone()
            .deployed("prod", Succeeded)
            .superseded("prod"),
        History::new()
            .deployed("stage", Succeeded)
            .later(601)
            .superseded("stage"),
    ] {
        ends(tag, &history, Conclusion::Superseded, "superseded");
    }
    let through = tested.clone().superseded("stage");
    assert_eq!(said(&release(tag), &through).0, Permission::Promote);
    let promoted = tested
        .through("prod")
        .superseded("prod")
        .superseded("stage");
    let (permission, next, _) = said(&release(tag), &promoted);
    assert_eq!(permission, Permission::Promote);
    assert_eq!(next, Action::Finish(Conclusion::Promoted));
}

#[test]
fn a_failed_deployment_is_reported_despite_a_newer_release() {
    let failed = History::new().deployed("stage", Failed);
    for environment in ["stage", "prod"] {
        let history = failed.clone().superseded(environment);
        ends("stage", &history, Conclusion::Stopped, "deployment-failed");
    }
    // A newer release supersedes it in `stage`, which comes before the failed deployment to `prod`.
    let again = History::new()
        .superseded("stage")
        .deployed("prod", Failed)
        .superseded("prod");
    ends("stage", &again, Conclusion::Superseded, "superseded");
}

#[test]
fn production_is_not_deployed_back_and_forth() {
    let verified = History::new().through("stage");
    let displaced = verified
        .clone()
        .deployed("prod", Succeeded)
        .deployed_commit("prod", OTHER, Succeeded);
    ends("stage", &displaced, Conclusion::Superseded, "displaced");
    ends(
        "stage",
        &displaced.through("stage"),
        Conclusion::Superseded,
        "displaced",
    );
    // What production served before the release does not compete with it.
    let before = verified.deployed_commit("prod", OTHER, Succeeded);
    let (permission, next, _) = said(&release("stage"), &before);
    assert_eq!(permission, Permission::Promote);
    assert_eq!(next, Action::Deploy("prod".to_owned()));
    // A completed promotion stays one.
    let promoted = before
        .through("prod")
        .deployed_commit("prod", OTHER, Succeeded);
    let (_, next, _) = said(&release("stage"), &promoted);
    assert_eq!(next, Action::Finish(Conclusion::Promoted));
}

#[test]
fn what_people_did_is_explained_with_name_and_reason() {
    let by = |kind, proven, why: &str| {
        EventKind::Intervened(Intervention {
            proven,
            why: why.to_owned(),
            ..intervention(kind)
        })
    };
    let stage = History::new().through("stage");
    let reason = |history: &History| history.decide(&release("stage")).reasons[0].clone();
    for (event, expected) in [
        (
            by(Held, false, "the dashboards are red"),
            "Ada (claimed) put the release on hold: the dashboards are red",
        ),
        (
            by(Rejected, true, "it breaks the cart"),
            "Ada (proven) rejected the release for `prod`: it breaks the cart",
        ),
        (
            by(Canceled, false, ""),
            "Ada (claimed) canceled the release",
        ),
    ] {
        let said = reason(&stage.clone().add(event));
        assert_eq!(said.message, expected);
        assert!(said.evidence.contains(&Evidence::Person("Ada".to_owned())));
    }
    let two =
        stage
            .with(|s| s.environments[1].approvals = 2)
            .add(by(Approved, true, "tried by hand"));
    assert_eq!(
        reason(&two).message,
        "the release needs 2 approvals for `prod`; Ada (proven) approved it"
    );
}

#[test]
fn a_broken_production_is_a_stop() {
    let verified = History::new().through("stage");
    let failed = verified.clone().deployed("prod", Failed);
    ends("stage", &failed, Conclusion::Stopped, "deployment-failed");
    let late = verified.deployed("prod", Succeeded).later(601);
    let late = late.observed("prod", &[("a", OTHER)]);
    ends("stage", &late, Conclusion::Stopped, "not-converged");
}
