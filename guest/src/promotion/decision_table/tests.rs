use super::permission;
use crate::bindings::promotion::{
    Instruction, Measurement, Outcome, Permission, Release, RequestStatistics,
};
use crate::bindings::types::{Evidence, LoadTestAction, Reason, Span, Verdict};
use crate::fixtures::{History, OTHER, measurement, release};

#[test]
fn every_cell() {
    use LoadTestAction::{Abort, Skip, Warn};
    use Permission::{Hold, Promote, PromoteWithWarning, Stop};
    use Verdict::{Errored, Failed, Inconclusive, Passed};

    let verdicts = [
        Some(Passed),
        Some(Failed),
        Some(Errored),
        Some(Inconclusive),
        None,
    ];
    for (action, row) in [
        (Some(Abort), [Promote, Stop, Stop, Stop, Hold]),
        (
            Some(Warn),
            [
                Promote,
                PromoteWithWarning,
                PromoteWithWarning,
                PromoteWithWarning,
                Hold,
            ],
        ),
        (Some(Skip), [Promote; 5]),
        (None, [Promote, Hold, Hold, Hold, Hold]),
    ] {
        assert_eq!(
            verdicts.map(|verdict| permission(action, verdict)),
            row,
            "{action:?}"
        );
    }
}

fn reasons(release: &Release, history: &History) -> Vec<Reason> {
    history.decide(release).reasons
}

fn codes(reasons: &[Reason]) -> Vec<&str> {
    reasons.iter().map(|it| it.code.as_str()).take(2).collect()
}

fn failing() -> Measurement {
    Measurement {
        total: RequestStatistics {
            requests: 536,
            failures: 37,
            ..measurement().total
        },
        ..measurement()
    }
}

#[test]
fn the_verdict_comes_first_and_its_numbers_after_it() {
    let history = History::new().through("stage").measured(failing());
    let release = release("stage-loadtest-abort");
    let reasons = reasons(&release, &history);
    assert_eq!(codes(&reasons), ["load-test-failed", "too-many-failures"]);
    assert_eq!(
        reasons[0].message,
        "the load test of `stage` failed; `abort` stops the release"
    );
    assert_eq!(
        reasons[0].evidence,
        [
            Evidence::Event(2),
            Evidence::Environment("stage".to_owned()),
            Evidence::Tag(release.tag),
        ]
    );
    assert_eq!(
        reasons[1].message,
        "37 of 536 requests failed; 0 are allowed"
    );
}

#[test]
fn the_label_is_named_where_it_was_read() {
    let span = Span { start: 4, end: 21 };
    let mut release = release("stage-loadtest-warn");
    release.instruction = Some(Instruction {
        action: LoadTestAction::Warn,
        source: Some(span),
        extra: Vec::new(),
    });
    let history = History::new()
        .through("stage")
        .load_tested("stage", Verdict::Errored);
    let decision = history.decide(&release);
    assert_eq!(decision.permission, Permission::PromoteWithWarning);
    assert_eq!(decision.reasons[0].code, "load-test-errored");
    assert!(
        decision.reasons[0]
            .evidence
            .contains(&Evidence::Label(span))
    );
}

#[test]
fn every_way_on_has_its_reason() {
    let converged = History::new().through("stage");
    let first =
        |tag: &str, history: &History| codes(&reasons(&release(tag), history))[0].to_owned();
    assert_eq!(first("stage", &converged), "load-test-skipped");
    let abort = "stage-loadtest-abort";
    assert_eq!(first(abort, &converged), "load-test-not-run");
    for (verdict, code) in [
        (Verdict::Passed, "load-test-passed"),
        (Verdict::Inconclusive, "load-test-inconclusive"),
    ] {
        let tested = converged.clone().load_tested("stage", verdict);
        assert_eq!(first(abort, &tested), code);
    }
}

#[test]
fn a_load_test_that_came_too_early_is_named() {
    let early = History::new().load_tested("stage", Verdict::Passed);
    let release = release("stage-loadtest-warn");
    assert_eq!(
        codes(&reasons(&release, &early)),
        ["not-deployed", "load-test-before-deployment"]
    );
    assert_eq!(
        codes(&reasons(&release, &early.clone().locked("stage"))),
        ["locked", "load-test-before-deployment"]
    );
    let converged = early.clone().through("stage");
    assert_eq!(
        codes(&reasons(&release, &converged)),
        ["load-test-not-run", "load-test-before-deployment"]
    );
    let displaced = History::new()
        .deployed("stage", Outcome::Succeeded)
        .load_tested("stage", Verdict::Passed)
        .deployed_commit("stage", OTHER, Outcome::Succeeded);
    assert_eq!(
        codes(&reasons(&release, &displaced)),
        ["displaced", "load-test-before-deployment"]
    );
    // Another one has run since.
    let lost = converged
        .load_tested("stage", Verdict::Passed)
        .judged("stage", false);
    assert_eq!(codes(&reasons(&release, &lost)), ["converging"]);
}

#[test]
fn a_disabled_load_test_is_not_missing() {
    let early = History::new().load_tested("stage", Verdict::Passed);
    assert_eq!(codes(&reasons(&release("stage"), &early)), ["not-deployed"]);
}

#[test]
fn without_an_action_only_a_passed_load_test_goes_on() {
    let converged = History::new().through("stage");
    let release = release("prod");
    assert_eq!(
        codes(&reasons(&release, &converged)),
        ["action-unknown", "load-test-not-run"]
    );
    let failed = converged.clone().load_tested("stage", Verdict::Failed);
    let decision = failed.decide(&release);
    assert_eq!(decision.permission, Permission::Hold);
    assert_eq!(
        codes(&decision.reasons),
        ["action-unknown", "load-test-failed"]
    );
    let passed = converged.load_tested("stage", Verdict::Passed);
    assert_eq!(passed.decide(&release).permission, Permission::Promote);
}
