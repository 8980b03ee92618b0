//! Several releases that want the same environment.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{LIMIT, Pipeline};
use crate::{under_way, waiting};

/// Deploys two releases at once: the newer one waits until the older one is promoted. `meanwhile` runs before the newer
/// one starts.
#[track_caller]
fn newer_release_waits(meanwhile: impl FnOnce(&Pipeline)) {
    let pipeline = Pipeline::recorded();
    let older = pipeline.commit("Older [load test: abort]");
    let first = pipeline.tags();
    let one = under_way::deploying(&pipeline, &first[0]);
    let newer = pipeline.commit("Newer [load test: abort]");
    let second = pipeline.tags();
    meanwhile(&pipeline);
    let two = pipeline.start(&["run", "--tag", &second[0]]);
    pipeline.until_status(2, "is being deployed to `stage`");
    assert_eq!(Pipeline::times(&pipeline.stage, &newer), 0);
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(one.wait(LIMIT).code(), Some(0));
    assert_eq!(two.wait(LIMIT).code(), Some(0));
    for service in [&pipeline.stage, &pipeline.prod] {
        let deployed = service.state().deployments.into_iter();
        let deployed: Vec<_> = deployed.map(|it| it.commit).collect();
        assert_eq!(deployed, [older.as_str(), &newer]);
    }
}

#[test]
fn a_second_release_waits_for_its_turn() {
    newer_release_waits(|_| {});
}

/// Sets the clock of all processes of greenlight, in seconds from the real time.
#[track_caller]
fn set_clock(pipeline: &Pipeline, offset: i64) {
    let new = pipeline.folder().join("clock.new");
    fs::write(&new, offset.to_string()).expect("written");
    fs::rename(new, pipeline.folder().join("clock")).expect("renamed");
}

#[test]
fn a_clock_that_is_set_forwards_does_not_end_the_lease_of_a_running_process() {
    newer_release_waits(|pipeline| set_clock(pipeline, 3600));
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_the_lease_of_a_dead_process() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.lease = 3;
    pipeline.commit("Older [load test: abort]");
    let first = pipeline.tags();
    let mut one = under_way::deploying(&pipeline, &first[0]);
    kill_process(Pid::from_child(one.child()), Signal::KILL).expect("it runs");
    one.wait(LIMIT);
    set_clock(&pipeline, -3600);
    pipeline.stage.pace(Duration::ZERO);
    let newer = pipeline.commit("Newer [load test: abort]");
    pipeline.run().is(0, &["promote[load-test-passed]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_a_deadline() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.deadline = 4;
    pipeline.stage.flap(1, &pipeline.before);
    pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    // The deadline begins after the deploy command.
    waiting::until("round", LIMIT, || {
        let status = pipeline.greenlight(&["status", "1"]).stdout;
        status.contains(" of 3 nodes").then_some(())
    });
    set_clock(&pipeline, -3600);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    let text = pipeline.greenlight(&["status", "1"]).stdout;
    assert!(text.contains("did not converge within 4 s"), "{text}");
}

#[test]
fn an_older_release_gives_way_to_a_newer_one() {
    let pipeline = Pipeline::recorded();
    let older = pipeline.commit("Older [load test: abort]");
    let late = pipeline.tags();
    let newer = pipeline.commit("Newer [load test: abort]");
    let ended = pipeline.run();
    ended.is(0, &[]);
    let ended = pipeline.run_tag(&late[0]);
    ended.is(1, &["stop[superseded]"]);
    assert_eq!(pipeline.conclusion(2).as_deref(), Some("superseded"));
    assert_eq!(Pipeline::times(&pipeline.stage, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
    assert_eq!(Pipeline::times(&pipeline.prod, &newer), 1);
}

#[test]
fn a_deployment_from_outside_invalidates_the_load_test() {
    let pipeline = Pipeline::new();
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.stage.wait("load", |state| state.requests > 5);
    // Another tool deploys while the load test runs.
    pipeline.stage.deploy(&pipeline.before);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    let text = pipeline.greenlight(&["status", "1"]).stdout;
    assert!(text.contains("load test inconclusive"), "{text}");
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
}

#[test]
fn production_with_an_unknown_commit_is_not_replaced() {
    let pipeline = Pipeline::recorded();
    let stranger = "5".repeat(40);
    pipeline.prod.deploy(&stranger);
    pipeline.prod.wait("stranger", |state| {
        state.nodes.iter().all(|it| it.up && it.commit == stranger)
    });
    let commit = pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    ended.is(1, &["stop[ancestry-unknown]"]);
    assert_eq!(
        Pipeline::times(&pipeline.stage, &commit),
        0,
        "nothing was begun"
    );
    let tags = pipeline.tags();
    let ended = pipeline.greenlight(&["run", "--tag", &tags[0], "--approved-by", "Ada"]);
    ended.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

#[test]
fn one_tag_is_driven_once() {
    let pipeline = Pipeline::recorded();
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let one = under_way::deploying(&pipeline, &tags[0]);
    let again = pipeline.run_tag(&tags[0]);
    assert_eq!(again.status, 2, "{}", again.stdout);
    assert!(
        again
            .stderr
            .contains("deployment 1 of this tag has not ended"),
        "{}",
        again.stderr
    );
    let resumed = pipeline.greenlight(&["run", "--resume"]);
    assert_eq!(resumed.status, 2, "{}", resumed.stdout);
    assert!(
        resumed.stderr.contains("of this tag is running"),
        "{}",
        resumed.stderr
    );
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(one.wait(LIMIT).code(), Some(0));
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1);
}

/// What was promoted last is known also while its nodes don't answer.
#[test]
fn an_old_release_does_not_pass_silent_nodes() {
    let pipeline = Pipeline::recorded();
    let older = pipeline.commit("Older [load test: abort]");
    let late = pipeline.tags();
    pipeline.commit("Newer [load test: abort]");
    assert_eq!(pipeline.run().status, 0);
    for node in 0..pipeline.prod.nodes().len() {
        pipeline.prod.break_node(node);
    }
    let ended = pipeline.run_tag(&late[0]);
    ended.is(1, &["stop[superseded]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &older), 0);
}

#[test]
fn a_diverged_production_is_for_a_person_to_replace() {
    let pipeline = Pipeline::recorded();
    let hotfix = pipeline.commit_on_a_branch("Hotfix");
    pipeline.prod.deploy(&hotfix);
    pipeline.prod.wait("hotfix", |state| {
        state.nodes.iter().all(|it| it.up && it.commit == hotfix)
    });
    let commit = pipeline.commit("Change [load test: abort]");
    let ended = pipeline.run();
    ended.is(1, &["stop[ancestry-unknown]"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
}

/// A production tag waits for the record of stage, and takes over what comes, also after a resume.
#[test]
fn a_production_tag_waits_for_stage_and_goes_on() {
    let mut pipeline = Pipeline::recorded();
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    // Stage alone is deployed by this one: it can't go on to production.
    pipeline.setting.deploy_prod = Some(vec!["false".to_owned()]);
    let stage = under_way::deploying(&pipeline, &tags[0]);
    let mut prod = pipeline.start(&["run", "--tag", &tags[1]]);
    pipeline.until_status(2, "`stage`");
    let pid = Pid::from_child(prod.child());
    kill_process(pid, Signal::TERM).expect("it runs");
    assert_eq!(prod.wait(LIMIT).code(), Some(75));
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(stage.wait(LIMIT).code(), Some(1), "production refused it");
    pipeline.setting.deploy_prod = None;
    let ended = pipeline.greenlight(&["run", "--resume", "2"]);
    ended.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}
