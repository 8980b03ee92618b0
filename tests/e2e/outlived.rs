//! A deploy command outlives its greenlight, which was killed. While it runs, no other command begins in its environment.

use std::fs;
use std::time::Duration;

use greenlight::journal::{self, Lock};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::pipeline::{LIMIT, Pipeline};
use crate::process::Process;
use crate::{under_way, waiting};

/// A pipeline with short leases, in which greenlight was killed while its deploy command changed stage; and the process
/// of the command.
fn killed(limit: Option<u32>) -> (Pipeline, Pid) {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.lease = 3;
    pipeline.setting.deploy_limit = limit;
    pipeline.commit("Older [load test: skip]");
    let tags = pipeline.tags();
    let mut run = under_way::deploying(&pipeline, &tags[0]);
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    let running = under_way::deploy_commands(&pipeline);
    assert_eq!(running.len(), 1, "it lives on");
    (pipeline, running[0])
}

/// What the last process said so far.
fn until_said(pipeline: &Pipeline, text: &str) {
    waiting::until(text, LIMIT, || {
        let said = fs::read_to_string(pipeline.folder().join("said")).unwrap_or_default();
        said.contains(text).then_some(())
    });
}

/// Starts a newer release, and waits until it could lock stage.
fn newer(pipeline: &Pipeline) -> Process {
    pipeline.commit("Newer [load test: skip]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    waiting::until("the end of the lease of a dead process", LIMIT, || {
        let mut store = journal::open(&pipeline.location()).expect("the journal");
        let leases = store.leases().expect("leases");
        let mut of_stage = leases
            .iter()
            .filter(|it| it.0 == Lock::environment("stage"));
        of_stage.all(|it| it.1.deployment != 1).then_some(())
    });
    run
}

#[test]
fn another_release_waits_for_its_end() {
    let (pipeline, command) = killed(None);
    let two = newer(&pipeline);
    until_said(&pipeline, "is being deployed to `stage`");
    test_kill_process(command).expect("it runs");
    let commits = || -> Vec<_> {
        let deployments = pipeline.stage.state().deployments.into_iter();
        deployments.map(|it| it.commit).collect()
    };
    assert_eq!(commits().len(), 1);
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(two.wait(LIMIT).code(), Some(0));
    assert_eq!(commits().len(), 2);
}

#[test]
fn a_resume_waits_for_its_end() {
    let (pipeline, command) = killed(None);
    let resumed = pipeline.start(&["run", "--resume", "1"]);
    until_said(
        &pipeline,
        "deploy command of `stage` still runs: waiting for its end",
    );
    test_kill_process(command).expect("it runs");
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(resumed.wait(LIMIT).code(), Some(0));
    assert_eq!(pipeline.stage.state().deployments.len(), 1);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("promoted"));
}

#[test]
fn a_command_that_exceeds_its_time_limit_is_ended() {
    let (pipeline, command) = killed(Some(5));
    let two = newer(&pipeline);
    until_said(
        &pipeline,
        "what was left of the deploy command of `stage` was ended",
    );
    waiting::until("its end", LIMIT, || {
        test_kill_process(command).is_err().then_some(())
    });
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(two.wait(LIMIT).code(), Some(0));
}
