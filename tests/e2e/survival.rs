//! Processes that end before their deployment does.

use std::fs;
use std::time::Duration;

use greenlight::contract::names::Named as _;
use greenlight::contract::promotion::Conclusion;
use greenlight::deployment::entry::Entry;
use greenlight::journal;
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{Ended, GREENLIGHT, LIMIT, Pipeline, ended};
use crate::{processes, programs, seed, under_way, waiting};

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
    let mut pipeline = Pipeline::recorded();
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
            status: i32::from(conclusion != Conclusion::Promoted),
            stdout: conclusion.name().to_owned(),
            stderr: String::new(),
        };
    }
    let ended = pipeline.greenlight(&["run", "--resume"]);
    if ended.stderr.contains("found no unfinished deployment") {
        return pipeline.run_tag(tag);
    }
    ended
}

/// Kills a deployment at its records, one after the other, and continues each. A record is made durable in some three
/// steps, so at each third one a deployment is killed, from a random one on. `GREENLIGHT_KILL_STEP=1` kills at each step.
fn killed_at_every_record(repeatable: bool) -> usize {
    let step = seed::number("GREENLIGHT_KILL_STEP").map_or(3, |it| {
        usize::try_from(it.max(1)).expect("a number of steps")
    });
    let from = seed::random().usize(1..=step);
    let mut pipeline = quick();
    pipeline.setting.repeatable = repeatable;
    pipeline.setting.production = "before = [\"migrate\"]\n";
    pipeline.setting.steps = format!(
        "[[step]]\nname = \"migrate\"\nrepeatable = {repeatable}\n\
         command = [\"sh\", \"-c\", \"echo $GREENLIGHT_COMMIT >> migrated\"]\n"
    );
    let mut kills = 0;
    for n in (from..).step_by(step) {
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
        let migrated = fs::read_to_string(pipeline.folder().join("migrated")).unwrap_or_default();
        let migrated = migrated.lines().filter(|it| *it == commit).count();
        assert!(migrated >= prod.min(1), "{migrated} {prod} {said}");
        assert!(repeatable || migrated <= 1, "{migrated} {said}");
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
    let kills = killed_at_every_record(false);
    assert!(kills >= 50, "{kills}");
}

#[test]
fn killed_at_every_record_what_may_be_repeated_is() {
    let kills = killed_at_every_record(true);
    assert!(kills >= 50, "{kills}");
}

#[test]
fn an_interrupted_deployment_ends_its_children_and_can_be_resumed() {
    let mut pipeline = quick();
    pipeline.setting.repeatable = true;
    pipeline.setting.deadline = 30;
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let mut run = under_way::deploying(&pipeline, &tags[0]);
    let pid = Pid::from_child(run.child());
    kill_process(pid, Signal::TERM).expect("it runs");
    assert_eq!(run.wait(LIMIT).code(), Some(75));
    let entries = pipeline.entries(1);
    let last: Vec<_> = entries.iter().rev().take(2).map(|it| &it.entry).collect();
    assert!(
        matches!(
            last[..],
            [Entry::Served { environment, .. }, Entry::Interrupted] if environment == "stage"
        ),
        "{last:?}"
    );
    pipeline.stage.pace(Duration::ZERO);
    let ended = pipeline.greenlight(&["run", "--resume", "1"]);
    ended.is(0, &["was interrupted when the last process ended"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

#[test]
fn an_ended_deployment_is_not_resumed() {
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

/// Many runners signal every process of a job at once. The deploy command ends by that, and has not failed.
#[test]
fn a_signal_to_the_whole_job_fails_nothing() {
    let mut pipeline = quick();
    pipeline.setting.repeatable = true;
    pipeline.setting.deadline = 30;
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let mut run = under_way::deploying(&pipeline, &tags[0]);
    let control = pipeline.stage.deploy_command().pop().expect("a URL");
    let children = || processes::with("cmdline", &["deploy.py", &control]).pop();
    let child = waiting::until("deploy command", LIMIT, children);
    for pid in [child, Pid::from_child(run.child())] {
        kill_process(pid, Signal::TERM).expect("it runs");
    }
    assert_eq!(run.wait(LIMIT).code(), Some(75));
    assert_eq!(children(), None, "nothing is left");
    pipeline.stage.pace(Duration::ZERO);
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(0, &[]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

/// Time in which the nodes were not asked does not count as their delay.
#[test]
fn a_pause_is_no_failure_to_converge() {
    let mut pipeline = quick();
    pipeline.setting.deadline = 3;
    // Convergence must need another round after the first one that follows the pause.
    pipeline.setting.rounds = 2;
    pipeline.stage.freeze(0);
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    waiting::until("round", LIMIT, || {
        let status = pipeline.greenlight(&["status", "1"]).stdout;
        status.contains("is served by 2 of 3 nodes").then_some(())
    });
    kill_process(Pid::from_child(run.child()), Signal::TERM).expect("it runs");
    assert_eq!(run.wait(LIMIT).code(), Some(75));
    pipeline.stage.mend();
    pipeline.stage.deploy(&commit);
    pipeline.stage.wait("convergence", |state| {
        state.nodes.iter().all(|it| it.up && it.commit == commit)
    });
    let stopped = pipeline.entries(1).last().expect("entries").at;
    waiting::until("deadline", LIMIT, || {
        (greenlight::clock::milliseconds() > stopped + 4000).then_some(())
    });
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(0, &[]);
}

#[test]
fn a_process_that_lost_its_lease_stops_before_its_next_effect() {
    let mut pipeline = quick();
    pipeline.setting.load_test = vec![
        "/bin/sh".into(),
        "-c".into(),
        "until [ -e go ]; do :; done".into(),
    ];
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let run = pipeline.start(&["run", "--tag", &tags[0]]);
    waiting::until("load test", LIMIT, || {
        let status = pipeline.greenlight(&["status", "1"]).stdout;
        status.contains("load-test stage: running").then_some(())
    });
    let journal = pipeline.folder().join(".greenlight/journal.db");
    let other = rusqlite::Connection::open(journal).expect("the journal");
    other
        .execute(
            "UPDATE leases SET fence = fence + 1, holder = 'another process' WHERE environment = 'stage'",
            [],
        )
        .expect("taken");
    fs::write(pipeline.folder().join("go"), "").expect("a file");
    assert_eq!(run.wait(LIMIT).code(), Some(75));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    assert!(pipeline.told().is_empty(), "no message was sent either");
}

/// A process can be paused between the record of a command and its execution.
#[test]
fn a_command_is_not_executed_without_the_lease() {
    let pipeline = quick();
    pipeline.commit("Before [load test: skip]");
    pipeline.run().is(0, &[]);
    let journal = pipeline.folder().join(".greenlight/journal.db");
    let journal = rusqlite::Connection::open(journal).expect("the journal");
    journal
        .execute_batch(
            "CREATE TRIGGER taken AFTER INSERT ON records WHEN NEW.body LIKE '%\"entry\":\"running\"%' BEGIN
                 UPDATE leases SET fence = fence + 1, holder = 'another process' WHERE environment = 'stage';
             END",
        )
        .expect("a trigger");
    let commit = pipeline.commit("Change [load test: skip]");
    let ended = pipeline.run();
    ended.is(75, &[]);
    assert!(ended.stderr.contains("lock"), "{}", ended.stderr);
    assert_eq!(Pipeline::times(&pipeline.stage, &commit), 0);
}

#[test]
fn a_person_cancels_an_unfinished_deployment() {
    let pipeline = quick();
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let run = under_way::deploying(&pipeline, &tags[0]);
    drop(run);
    let ended = pipeline.greenlight(&["cancel", "1", "--by", "Ada"]);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
    let status = pipeline.greenlight(&["status", "1"]).stdout;
    assert!(status.contains("canceled: Ada"), "{status}");
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(pipeline.run_tag(&tags[0]).status, 0, "it may begin anew");
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}
