//! What a load test stopped is not carried to production by a later release.

use std::fs;

use greenlight::contract::promotion::EventKind;
use greenlight::deployment::entry::{Details, Entry, Person};

use crate::pipeline::{Ended, LIMIT, Pipeline, ended, recorded};
use crate::under_way;

/// Commits a change of a file, and returns the commit.
#[track_caller]
fn change(pipeline: &Pipeline, name: &str, text: &str, message: &str) -> String {
    fs::write(pipeline.folder().join(name), text).expect("written");
    pipeline.git(&["add", name]);
    pipeline.commit(message)
}

/// A change that asks for a load test that passes.
#[track_caller]
fn feature(pipeline: &Pipeline) -> String {
    change(
        pipeline,
        "pool",
        "50\n",
        "Raise the pool size\n\n[load test: abort]",
    )
}

/// A change that asks for no load test.
#[track_caller]
fn typo(pipeline: &Pipeline, text: &str) -> String {
    change(pipeline, "docs", text, "docs: typo [load test: skip]")
}

/// A pipeline whose first deployment was stopped by its load test, and the commit.
#[track_caller]
fn stopped() -> (Pipeline, String) {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.load_test = recorded("failed");
    let commit = feature(&pipeline);
    pipeline.run().is(1, &["stop[load-test-failed]"]);
    (pipeline, commit)
}

fn load_tests(pipeline: &Pipeline, number: u64) -> usize {
    let entries = pipeline.entries(number).into_iter();
    entries
        .filter(|it| {
            matches!(&it.entry, Entry::Happened { event, .. }
                if matches!(event.kind, EventKind::LoadTested(_)))
        })
        .count()
}

/// It names the stopped commit and the deployment that stopped it.
#[track_caller]
fn names(ended: &Ended, commit: &str, deployment: u64) {
    let said = format!(
        "the release contains `{}`, which its load test stopped in deployment {deployment}",
        &commit[..12]
    );
    ended.is(ended.status, &[said.as_str()]);
}

#[test]
fn a_release_on_top_of_a_stopped_commit_needs_a_load_test_that_passes() {
    let pipeline = Pipeline::new();
    pipeline.stage.fail_requests(0.3);
    let bad = feature(&pipeline);
    pipeline.run().is(1, &["stop[load-test-failed]"]);
    let docs = typo(&pipeline, "one\n");
    let ended = pipeline.run();
    ended.is(1, &["stop[load-test-failed]", "`skip` counts as `abort`"]);
    names(&ended, &bad, 1);
    assert_eq!(load_tests(&pipeline, 2), 1);
    for commit in [&bad, &docs] {
        assert_eq!(Pipeline::times(&pipeline.prod, commit), 0);
    }
    let told = pipeline.told().pop().expect("a message");
    assert!(
        told.contains(&bad[..12]) && told.contains("deployment 1"),
        "{told}"
    );

    // The fix of the cause passes, and takes it all to production.
    pipeline.stage.fail_requests(0.0);
    let fix = change(&pipeline, "fix", "one\n", "Fix it [load test: skip]");
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    assert_eq!(load_tests(&pipeline, 3), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &fix), 1);
    // From now on a label means what it says.
    typo(&pipeline, "two\n");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
    assert_eq!(load_tests(&pipeline, 4), 0);
}

#[test]
fn a_named_person_can_let_it_continue() {
    let (pipeline, bad) = stopped();
    let docs = typo(&pipeline, "one\n");
    let tags = pipeline.tags();
    let run = ["run", "--tag", &tags[0], "--allow-stopped", &bad];
    let refused = pipeline.greenlight(&run);
    assert_eq!(refused.status, 2, "{}", refused.stdout);
    let by = ["--by", "Ada", "--reason", "the test itself was broken"];
    let mut in_ci = pipeline.command();
    in_ci
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_ACTOR", "Ada");
    let ended = ended(in_ci.args([&run[..], &by[..]].concat()));
    ended.is(0, &["promote-with-warning[load-test-skipped]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &docs), 1);
    assert_eq!(
        pipeline.conclusion(2).as_deref(),
        Some("promoted-with-warning")
    );
    let ada = Details::Person(Person {
        name: "Ada".to_owned(),
        reason: Some("the test itself was broken".to_owned()),
        proven: true,
    });
    assert!(pipeline.entries(2).iter().any(|it| {
        matches!(&it.entry, Entry::Happened { event, details }
            if matches!(&event.kind, EventKind::Waived(it) if it.commit == bad && it.by == "Ada" && it.proven)
                && *details == ada)
    }));
    let status = pipeline.greenlight(&["status", "2"]);
    status.is(0, &["Ada (proven): the test itself was broken"]);
    let told = pipeline.told();
    assert!(told.iter().any(|it| it.contains(&bad[..12])), "{told:?}");
}

#[test]
fn a_release_that_reverts_a_stopped_commit_is_free_of_it() {
    let (pipeline, bad) = stopped();
    // Another commit only says so.
    change(
        &pipeline,
        "docs",
        "one\n",
        &format!("This reverts commit {bad}.\n\n[load test: warn]"),
    );
    let ended = pipeline.run();
    ended.is(1, &["`warn` counts as `abort`"]);
    names(&ended, &bad, 1);

    pipeline.git(&["revert", "--no-edit", &bad]);
    let revert = pipeline.git(&["rev-parse", "HEAD"]);
    pipeline
        .run()
        .is(0, &["promote-with-warning[load-test-failed]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &revert), 1);

    pipeline.git(&["revert", "--no-edit", &revert]);
    names(&pipeline.run(), &bad, 1);
    assert_eq!(pipeline.conclusion(4).as_deref(), Some("stopped"));
}

#[test]
fn an_abort_that_was_superseded_untested_counts_as_stopped() {
    let mut pipeline = Pipeline::recorded();
    let late = feature(&pipeline);
    let tags = pipeline.tags();
    typo(&pipeline, "one\n");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
    pipeline.run_tag(&tags[0]).is(1, &["stop[superseded]"]);
    pipeline.setting.load_test = recorded("failed");
    typo(&pipeline, "two\n");
    let said = format!(
        "the release contains `{}`, which asks for `abort` and ended untested in deployment 2",
        &late[..12]
    );
    pipeline.run().is(1, &["stop[load-test-failed]", &said]);
    // A newer release that contains it has passed meanwhile.
    pipeline.setting.load_test = recorded("passed");
    change(&pipeline, "fix", "one\n", "Fix it");
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    typo(&pipeline, "three\n");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
}

/// A deployment that failed before its load test does not show that the commit is good.
#[test]
fn an_abort_that_failed_untested_counts_as_stopped() {
    let mut pipeline = Pipeline::recorded();
    let feature = feature(&pipeline);
    pipeline.stage.freeze(0);
    pipeline.setting.deadline = 1;
    pipeline.run().is(1, &["stop[not-converged]"]);
    pipeline.stage.mend();
    pipeline.setting.deadline = 60;
    next_release_is_stopped(pipeline, &feature);
}

#[test]
fn an_abort_that_was_canceled_untested_counts_as_stopped() {
    let mut pipeline = Pipeline::recorded();
    let feature = feature(&pipeline);
    let tags = pipeline.tags();
    let run = under_way::load_testing(&mut pipeline, &tags[0]);
    pipeline
        .greenlight(&["cancel", "1", "--by", "Ada"])
        .is(0, &["is canceled"]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    next_release_is_stopped(pipeline, &feature);
}

/// The next release asks for no load test. It is load tested because of the commit that it contains, and stopped.
#[track_caller]
fn next_release_is_stopped(mut pipeline: Pipeline, feature: &str) {
    pipeline.setting.load_test = recorded("failed");
    let docs = typo(&pipeline, "one\n");
    let said = format!(
        "the release contains `{}`, which asks for `abort` and ended untested in deployment 1",
        &feature[..12]
    );
    pipeline.run().is(1, &["stop[load-test-failed]", &said]);
    assert_eq!(Pipeline::times(&pipeline.prod, &docs), 0);
}

#[test]
fn where_git_can_not_tell_a_stopped_commit_counts_as_contained() {
    let (pipeline, bad) = stopped();
    let docs = typo(&pipeline, "one\n");
    let tags = pipeline.tags();
    let shallow = pipeline.folder().join("shallow");
    let (from, to) = (
        format!("file://{}", pipeline.folder().display()),
        shallow.display().to_string(),
    );
    pipeline.git(&["clone", "--quiet", "--depth", "1", &from, &to]);
    // The order relative to the live commit is unknown, too.
    let run = [
        "run",
        "--tag",
        &tags[0],
        "--repo",
        &to,
        "--approved-by",
        "Ada",
        "--config",
        "greenlight.toml",
    ];
    let ended = pipeline.greenlight(&run);
    let said = format!("the release may contain `{}`", &bad[..12]);
    ended.is(1, &["stop[load-test-failed]", &said]);
    assert_eq!(Pipeline::times(&pipeline.prod, &docs), 0);
}

#[test]
fn the_strictest_label_since_the_live_release_can_count() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.labels = "since-live";
    typo(&pipeline, "one\n");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
    pipeline.setting.load_test = recorded("failed");
    // The feature is not deployed itself.
    let feature = feature(&pipeline);
    typo(&pipeline, "two\n");
    let ended = pipeline.run();
    ended.is(1, &["stop[load-test-failed]", &asks_for_abort(&feature)]);
    pipeline.setting.load_test = recorded("passed");
    typo(&pipeline, "three\n");
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    typo(&pipeline, "four\n");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
}

fn asks_for_abort(commit: &str) -> String {
    format!(
        "`{}`, which is not live yet, asks for `abort`",
        &commit[..12]
    )
}

#[test]
fn before_the_first_promotion_the_nodes_say_what_is_live() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.labels = "since-live";
    pipeline.setting.load_test = recorded("failed");
    let feature = feature(&pipeline);
    typo(&pipeline, "one\n");
    let ended = pipeline.run();
    ended.is(1, &["stop[load-test-failed]", &asks_for_abort(&feature)]);
}

#[test]
fn what_a_person_says_is_live_counts_too() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.labels = "since-live";
    pipeline.setting.load_test = recorded("failed");
    let set = |commit: &str| {
        let live = ["live", "--set", commit];
        let by = ["--environment", "prod", "--by", "Ada"];
        let ended = pipeline.greenlight(&[&live[..], &by[..]].concat());
        ended.is(0, &[&format!("recorded: {}, set by Ada", &commit[..12])]);
    };
    let feature = feature(&pipeline);
    set(&feature);
    typo(&pipeline, "one\n");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
    // A person rolls production back.
    set(&pipeline.before);
    typo(&pipeline, "two\n");
    let ended = pipeline.run();
    ended.is(1, &["stop[load-test-failed]", &asks_for_abort(&feature)]);
}
