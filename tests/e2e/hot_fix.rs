//! A newer release that can't wait for an older one.

use std::time::Duration;

use greenlight::contract::promotion::Happening;
use greenlight::deployment::entry::{Details, Entry, Person};

use crate::locust;
use crate::pipeline::{LIMIT, Pipeline, recorded};
use crate::process::Process;

/// Starts a release, and waits until its load test runs, which takes longer than the whole test.
#[track_caller]
fn in_its_load_test(pipeline: &mut Pipeline, message: &str) -> (String, Process) {
    let folder = pipeline.folder().to_owned();
    pipeline.setting.load_test = locust::command(pipeline.stage.balancer(), 10_000_000, &folder);
    let commit = pipeline.commit(message);
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.stage.wait("load", |state| state.requests > 5);
    (commit, run)
}

#[test]
fn a_hot_fix_supersedes_an_older_release_in_its_load_test() {
    let mut pipeline = Pipeline::new();
    let (older, run) = in_its_load_test(&mut pipeline, "Older");
    let newer = pipeline.commit("Hot fix [load test: skip]");
    pipeline.run().is(0, &["promote[load-test-skipped]"]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("superseded"));
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
    let tested = pipeline.entries(1).into_iter().any(|it| {
        matches!(it.entry, Entry::Happened { event, .. }
            if matches!(event.happening, Happening::LoadTested(_)))
    });
    assert!(!tested, "its load test was ended");
    let status = pipeline.greenlight(&["status", "2"]);
    status.is(0, &["is asked to give way"]);
}

#[test]
fn a_deploy_command_is_not_ended_half_way() {
    let pipeline = Pipeline::recorded();
    let older = pipeline.commit("Older");
    let first = pipeline.tags();
    pipeline.stage.pace(Duration::from_mins(10));
    let one = pipeline.start(&["run", "--tag", &first[0]]);
    pipeline
        .stage
        .wait("deployment", |state| !state.deployments.is_empty());
    let newer = pipeline.commit("Hot fix [load test: skip]");
    let second = pipeline.tags();
    let two = pipeline.start(&["run", "--tag", &second[0]]);
    pipeline.until_status(2, "is asked to give way");
    assert_eq!(pipeline.stage.state().deployments[0].state, "rolling");
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(one.wait(LIMIT).code(), Some(1));
    assert_eq!(two.wait(LIMIT).code(), Some(0));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("superseded"));
    assert_eq!(pipeline.stage.state().deployments[0].state, "finished");
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
}

#[test]
fn an_urgent_release_supersedes_every_older_one() {
    let mut pipeline = Pipeline::new();
    let (older, run) = in_its_load_test(&mut pipeline, "Older [load test: abort]");
    // The older release asks for a load test that passes, and so would the newer one: it waits.
    pipeline.setting.load_test = recorded("passed");
    let newer = pipeline.commit("Hot fix [load test: skip]");
    let tags = pipeline.tags();
    let waits = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.until_status(2, "load test of `");
    drop(waits);
    pipeline
        .greenlight(&["cancel", "2", "--by", "Ada"])
        .is(0, &["is canceled"]);
    assert_eq!(pipeline.conclusion(1), None);

    let refused = pipeline.greenlight(&["run", "--tag", &tags[0], "--urgent"]);
    assert_eq!(refused.status, 2, "{}", refused.stdout);
    let urgent = [
        "run",
        "--tag",
        &tags[0],
        "--urgent",
        "--by",
        "Ada",
        "--reason",
        "the shop is down",
    ];
    // It contains a release that was superseded untested, so it is load tested itself.
    pipeline
        .greenlight(&urgent)
        .is(0, &["promote[load-test-passed]"]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("superseded"));
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
    let ada = Details::Person(Person {
        name: "Ada".to_owned(),
        reason: Some("the shop is down".to_owned()),
    });
    assert!(pipeline.entries(1).iter().any(|it| {
        matches!(&it.entry, Entry::Happened { event, details }
            if matches!(event.happening, Happening::Overtaken(_)) && *details == ada)
    }));
}
