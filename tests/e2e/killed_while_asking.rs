//! Processes that are killed at each of their records until people were asked, and while the release waits for them.

use std::process::Stdio;

use greenlight::contract::promotion::EventKind;
use greenlight::deployment::entry::Entry;
use greenlight::journal::{self, Header};

use crate::pipeline::{GREENLIGHT, LIMIT, Pipeline};
use crate::process::Process;
use crate::{programs, waiting};

/// Starts a tag. greenlight is killed when it makes its n-th record durable; before that record is.
fn killed_at(pipeline: &Pipeline, tag: &str, n: usize) -> Process {
    pipeline.configure();
    let mut command = pipeline.around(&programs::strace());
    command.args(["-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync"]);
    let kill = format!("inject=fsync,fdatasync:signal=KILL:when={n}");
    command.args(["-e", &kill, GREENLIGHT, "run", "--tag", tag]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Process::start("greenlight run", command.stderr(Stdio::null()))
}

/// The deployment of a tag, if it was begun.
fn header(pipeline: &Pipeline, tag: &str) -> Option<Header> {
    if !pipeline.folder().join(".greenlight/journal.db").exists() {
        return None;
    }
    let mut store = journal::open(&pipeline.location()).ok()?;
    let latest = store.deployments(1).ok()?.pop()?;
    (latest.tag == tag).then_some(latest)
}

/// How often people were asked in the deployment of a tag.
fn asked(pipeline: &Pipeline, tag: &str) -> usize {
    let Some(header) = header(pipeline, tag) else {
        return 0;
    };
    let entries = pipeline.entries(header.number);
    let asked = entries.iter().filter(|it| match &it.entry {
        Entry::Happened { event, .. } => matches!(event.kind, EventKind::Asked(_)),
        _ => false,
    });
    asked.count()
}

/// Waits until a process has ended, or has asked people. Returns whether it has ended.
#[track_caller]
fn ended_or_asked(pipeline: &Pipeline, tag: &str, process: &mut Process) -> bool {
    waiting::until("the question or the end", LIMIT, || {
        if process.ended().is_some() {
            return Some(true);
        }
        (asked(pipeline, tag) > 0).then_some(false)
    })
}

/// A record is made durable in some three steps, of which every other one is a place to be killed at.
#[test]
fn people_are_asked_once_and_their_answer_counts() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.stage_keys = "approvals = 1\n";
    let mut kills = 0;
    for n in (1..).step_by(2) {
        let commit = pipeline.commit(&format!("Change {n} [load test: skip]"));
        let tag = pipeline.tags().swap_remove(0);
        let told = pipeline.told().len();
        let mut run = killed_at(&pipeline, &tag, n);
        let is_killed = ended_or_asked(&pipeline, &tag, &mut run);
        kills += usize::from(is_killed);
        // Without a deployment in the journal, there is nothing to resume.
        while run.ended().is_some() {
            let resumed = pipeline.start(&["run", "--resume"]);
            run = resumed;
            if ended_or_asked(&pipeline, &tag, &mut run) {
                run = pipeline.start(&["run", "--tag", &tag]);
                ended_or_asked(&pipeline, &tag, &mut run);
            }
        }
        let number = header(&pipeline, &tag).expect("a deployment").number;
        let approve = ["approve", &number.to_string(), "--by", "Bob"];
        let approved = pipeline.greenlight(&approve);
        assert_eq!(approved.status, 0, "{n}: {approved:?}");
        if run.wait(LIMIT).code() != Some(0) {
            // It was killed after it had asked.
            let resumed = pipeline.greenlight(&["run", "--resume", &number.to_string()]);
            assert_eq!(resumed.status, 0, "{n}: {resumed:?}");
        }
        assert_eq!(asked(&pipeline, &tag), 1, "{n}");
        let told = pipeline.told().split_off(told);
        let asked = told.iter().filter(|it| it.contains("waits for people"));
        // The message whose sending was interrupted may be missing.
        assert!(asked.count() <= 1, "{n}: {told:?}");
        assert_eq!(Pipeline::times(&pipeline.stage, &commit), 1, "{n}");
        assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1, "{n}");
        if !is_killed {
            break;
        }
    }
    println!("killed {kills} times");
    assert!(kills >= 10, "{kills}");
}
