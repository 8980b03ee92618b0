//! A newer release that can't wait for an older one.

use std::time::Duration;

use greenlight::contract::promotion::EventKind;
use greenlight::deployment::entry::{Details, Entry, Person};
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{LIMIT, Pipeline, recorded};
use crate::process::Process;
use crate::under_way::{self, EndlessRecord};

/// Starts a release, and waits until its load test runs.
#[track_caller]
fn in_its_load_test(pipeline: &mut Pipeline, message: &str) -> (String, Process) {
    let commit = pipeline.commit(message);
    let tags = pipeline.tags();
    let run = under_way::load_testing(pipeline, &tags[0]);
    (commit, run)
}

const URGENT: [&str; 5] = ["--urgent", "--by", "Ada", "--reason", "the shop is down"];

/// Checks that an urgent release, for which Ada is responsible, superseded a deployment.
#[track_caller]
fn gave_way(pipeline: &Pipeline, number: u64) {
    assert_eq!(pipeline.conclusion(number).as_deref(), Some("superseded"));
    let ada = Details::Person(Person {
        name: "Ada".to_owned(),
        reason: Some("the shop is down".to_owned()),
        proven: false,
    });
    assert!(pipeline.entries(number).iter().any(|it| {
        matches!(&it.entry, Entry::Happened { event, details }
            if matches!(event.kind, EventKind::Superseded(_)) && *details == ada)
    }));
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
            if matches!(event.kind, EventKind::LoadTested(_)))
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
    let one = under_way::deploying(&pipeline, &first[0]);
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
    let urgent = [&["run", "--tag", &tags[0]], &URGENT[..]].concat();
    // It contains a release that ended untested, so it is load tested itself.
    pipeline
        .greenlight(&urgent)
        .is(0, &["promote[load-test-passed]"]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    gave_way(&pipeline, 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
}

/// The process of the urgent release is killed before it could end the other deployment.
#[test]
fn an_urgent_release_is_urgent_after_a_resume() {
    let mut pipeline = Pipeline::new();
    let older = pipeline.commit("Older [load test: abort]");
    let first = pipeline.tags();
    let newer = pipeline.commit("Hot fix [load test: skip]");
    let second = pipeline.tags();
    let record = EndlessRecord::of(&pipeline, "NEW.position = 2");
    let urgent = [&["run", "--tag", &second[0]], &URGENT[..]].concat();
    let mut killed = pipeline.start(&urgent);
    // `status` shows the subject after the first record.
    pipeline.until_status(1, "Hot fix");
    kill_process(Pid::from_child(killed.child()), Signal::KILL).expect("it runs");
    killed.wait(LIMIT);
    record.remove();
    let run = under_way::load_testing(&mut pipeline, &first[0]);
    pipeline.setting.load_test = recorded("passed");
    let resumed = pipeline.greenlight(&["run", "--resume", "1"]);
    resumed.is(0, &["promote[load-test-passed]"]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    gave_way(&pipeline, 2);
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
}
