//! Events in one environment, and the state that they lead to.

use crate::bindings::promotion::{EnvironmentStatus, Outcome, Progress};
use crate::bindings::types::Verdict;
use crate::fixtures::{History, OTHER, SHA, release};

fn verdict(history: &History) -> Option<Verdict> {
    stage(history).load_tests.first().map(|it| it.verdict)
}

fn stage(history: &History) -> EnvironmentStatus {
    let decision = history.decide(&release("stage-loadtest-abort"));
    decision.environments[0].clone()
}

fn progress(history: &History) -> Progress {
    stage(history).progress
}

#[test]
fn the_outcome_says_how_far_it_is() {
    for (outcome, expected) in [
        (Outcome::Succeeded, Progress::Deployed),
        (Outcome::Failed, Progress::Failed),
        (Outcome::TimedOut, Progress::Failed),
        (Outcome::Canceled, Progress::Failed),
        (Outcome::Unknown, Progress::Unknown),
    ] {
        let history = History::new().deployed("stage", outcome);
        assert_eq!(progress(&history), expected);
    }
    assert_eq!(progress(&History::new()), Progress::Pending);
}

#[test]
fn nodes_settle_an_unknown_outcome() {
    let mut history = History::new().deployed("stage", Outcome::Unknown);
    for expected in [Progress::Unknown, Progress::Converged] {
        history = history.observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&history), expected);
    }
}

#[test]
fn rounds_count_from_the_deployment_on() {
    let history = History::new()
        .observed("stage", &[("a", SHA)])
        .deployed("stage", Outcome::Succeeded)
        .observed("stage", &[("a", SHA)]);
    assert_eq!(progress(&history), Progress::Deployed);
    let again = history
        .observed("stage", &[("a", SHA)])
        .deployed("stage", Outcome::Succeeded)
        .observed("stage", &[("a", SHA)]);
    assert_eq!(progress(&again), Progress::Deployed);
}

#[test]
fn convergence_can_be_lost_except_at_the_end() {
    let lost = History::new()
        .through("stage")
        .observed("stage", &[("a", OTHER)]);
    assert_eq!(progress(&lost), Progress::Deployed);
    let regained = lost
        .observed("stage", &[("a", SHA)])
        .observed("stage", &[("a", SHA)]);
    assert_eq!(progress(&regained), Progress::Converged);

    let end = History::new().through("prod").judged("prod", false);
    let decision = end.decide(&release("prod"));
    assert_eq!(decision.environments[1].progress, Progress::Converged);
}

#[test]
fn a_load_test_before_the_deployment_does_not_count() {
    let early = History::new()
        .load_tested("stage", Verdict::Passed)
        .through("stage");
    assert_eq!(verdict(&early), None);
    let repeated = early.load_tested("stage", Verdict::Failed);
    assert_eq!(verdict(&repeated), Some(Verdict::Failed));
    let again = repeated.through("stage");
    assert_eq!(verdict(&again), None);
}

#[test]
fn the_latest_load_test_counts() {
    let history = History::new()
        .through("stage")
        .load_tested("stage", Verdict::Errored)
        .load_tested("stage", Verdict::Passed);
    assert_eq!(verdict(&history), Some(Verdict::Passed));
}

#[test]
fn what_was_not_settled_is_lost_with_the_place() {
    for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Unknown] {
        let displaced = History::new()
            .through("stage")
            .deployed_commit("stage", OTHER, outcome)
            .judged("stage", true)
            .load_tested("stage", Verdict::Passed);
        assert_eq!(progress(&displaced), Progress::Pending);
        assert_eq!(verdict(&displaced), None);
    }
}

#[test]
fn what_was_settled_stays() {
    let history = History::new()
        .through("stage")
        .load_tested("stage", Verdict::Failed)
        .deployed_commit("stage", OTHER, Outcome::Succeeded)
        .judged("stage", false)
        .load_tested("stage", Verdict::Passed);
    assert_eq!(progress(&history), Progress::Converged);
    assert_eq!(verdict(&history), Some(Verdict::Failed));

    let skipped =
        History::new()
            .through("stage")
            .deployed_commit("stage", OTHER, Outcome::Succeeded);
    let decision = skipped.decide(&release("stage"));
    assert_eq!(decision.environments[0].progress, Progress::Converged);

    let failed = History::new()
        .deployed("stage", Outcome::Failed)
        .deployed_commit("stage", OTHER, Outcome::Succeeded);
    assert_eq!(progress(&failed), Progress::Failed);
}
