//! Processes that end before their deployment does.

use std::time::Duration;

use greenlight::deployment::entry::Entry;
use greenlight::journal;
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{Ended, GREENLIGHT, LIMIT, Pipeline, ended, recorded};
use crate::programs;

/// Runs a tag, and kills greenlight when it makes its n-th record durable; before that record is.
fn killed_at(pipeline: &Pipeline, tag: &str, n: usize) -> Ended {
    let mut command = pipeline.around(&programs::strace());
    command.args(["-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]);
    if n > 0 {
        command.args([
            "-e",
            &format!("inject=fsync,fdatasync:signal=KILL:when={n}"),
        ]);
    }
    ended(command.args([GREENLIGHT, "run", "--tag", tag]))
}

fn quick() -> Pipeline {
    let mut pipeline = Pipeline::new();
    pipeline.setting.load_test = recorded("passed");
    pipeline.setting.rounds = 1;
    pipeline.setting.deadline = 2;
    pipeline
}

/// Goes on until the latest deployment has ended, or starts it where nothing of it was recorded. One that
/// was killed while it gave back what it held had ended before.
fn go_on(pipeline: &Pipeline, tag: &str) -> Ended {
    let mut store = journal::open(&pipeline.location()).expect("the journal");
    let latest = store.deployments(1).expect("deployments").pop();
    if let Some(conclusion) = latest
        .filter(|it| it.tag == tag)
        .and_then(|it| it.conclusion)
    {
        return Ended {
            status: i32::from(conclusion != "promoted"),
            stdout: conclusion,
            stderr: String::new(),
        };
    }
    let ended = pipeline.greenlight(&["run", "--resume"]);
    if ended.stderr.contains("no deployment waits to go on") {
        return pipeline.run_tag(tag);
    }
    ended
}

/// Kills a deployment at its records, one after the other, and goes on with each. A record is made durable
/// in some three steps, of which every other one is a place to be killed at.
fn killed_at_every_record(from: usize, repeatable: bool) -> usize {
    let mut pipeline = quick();
    pipeline.setting.repeatable = repeatable;
    let mut kills = 0;
    for n in (from..).step_by(2) {
        let commit = pipeline.commit(&format!("Change {n} [load test: abort]"));
        let tags = pipeline.tags();
        let told = pipeline.told().len();
        let first = killed_at(&pipeline, &tags[0], n);
        if first.status == 0 {
            break;
        }
        let first = format!("killed at {n}: {}{}", first.stdout, first.stderr);
        kills += 1;
        let ended = go_on(&pipeline, &tags[0]);
        let said = format!("{first}{}{}", ended.stdout, ended.stderr);
        let stage = Pipeline::times(&pipeline.stage, &commit);
        let prod = Pipeline::times(&pipeline.prod, &commit);
        if repeatable {
            assert_eq!(ended.status, 0, "{said}");
            assert!(prod >= 1 && stage + prod <= 3, "{stage} {prod} {said}");
        } else {
            // A deployment of which only the beginning is known is looked at, and not repeated.
            assert!(matches!(ended.status, 0 | 1), "{said}");
            assert!(stage <= 1 && prod <= 1, "{stage} {prod} {said}");
            assert_eq!(ended.status == 0, prod == 1, "{said}");
        }
        assert!(prod == 0 || stage >= 1, "{said}");
        // At most one message; the one whose sending was cut off may be missing.
        let told: Vec<_> = pipeline.told().split_off(told);
        assert!(told.len() <= 1, "{told:?} {said}");
    }
    println!("killed {kills} times");
    kills
}

#[test]
fn killed_at_every_record_nothing_is_repeated() {
    let kills = killed_at_every_record(1, false);
    assert!(kills >= 50, "{kills}");
}

#[test]
fn killed_at_every_record_what_may_be_repeated_is() {
    let kills = killed_at_every_record(2, true);
    assert!(kills >= 50, "{kills}");
}

#[test]
fn an_interrupt_ends_children_and_can_be_gone_on_from() {
    let mut pipeline = quick();
    pipeline.setting.repeatable = true;
    pipeline.setting.deadline = 30;
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    pipeline.stage.pace(Duration::from_mins(10));
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline
        .stage
        .wait("deployment", |state| !state.deployments.is_empty());
    let pid = Pid::from_child(run.child());
    kill_process(pid, Signal::TERM).expect("it runs");
    assert_eq!(run.wait(LIMIT).code(), Some(75));
    let entries = pipeline.entries(1);
    assert!(matches!(
        entries.last().map(|it| &it.entry),
        Some(Entry::Interrupted)
    ));
    pipeline.stage.pace(Duration::ZERO);
    let ended = pipeline.greenlight(&["run", "--resume", "1"]);
    assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(
        ended.stdout.contains("was under way when greenlight ended"),
        "{}",
        ended.stdout
    );
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

#[test]
fn an_ended_deployment_is_not_gone_on_with() {
    let pipeline = quick();
    pipeline.commit("Change [load test: skip]");
    assert_eq!(pipeline.run().status, 0);
    let again = pipeline.greenlight(&["run", "--resume", "1"]);
    assert_eq!(again.status, 2);
    assert!(
        again.stderr.contains("has ended: promoted"),
        "{}",
        again.stderr
    );
}
