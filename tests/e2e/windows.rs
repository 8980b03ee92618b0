//! Windows and freezes hold a release that runs, at times that the test sets.

use std::fs;

use greenlight::clock;
use greenlight::contract::promotion::Action;
use greenlight::deployment::entry::Entry;
use rustix::process::{Pid, Signal, kill_process};

use crate::people::locked;
use crate::pipeline::{LIMIT, Pipeline};
use crate::process::Process;
use crate::waiting;

/// Saturday, 2026-11-28, 12:00 UTC.
const SATURDAY: u64 = 1_795_867_200;

/// From then until the window opens.
const UNTIL_MONDAY: u64 = 44 * 60 * 60;

const HOURS: &str =
    "[[window]]\nname = \"hours\"\nallow = [\"Mon-Fri 09:00-16:00\"]\nzone = \"Europe/Berlin\"\n";

const OPENING: &str = "`prod` is outside of its windows; next opening Mon 2026-11-30 09:00 Europe/Berlin (2026-11-30T08:00:00Z)";

/// A pipeline on a Saturday, with a release without a load test.
fn on_saturday() -> (Pipeline, String) {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    HOURS.clone_into(&mut pipeline.setting.steps);
    let offset = SATURDAY.cast_signed() - clock::seconds().cast_signed();
    fs::write(pipeline.folder().join("clock"), offset.to_string()).expect("the clock is set");
    let commit = pipeline.commit("Change [load test: skip]");
    (pipeline, commit)
}

/// Starts the release of the checked-out commit, and waits until a window holds it.
#[track_caller]
fn begin_held(pipeline: &Pipeline) -> Process {
    let run = pipeline.start(&["run", "--tag", &pipeline.tags()[0]]);
    pipeline.until_status(1, OPENING);
    waiting::until("the message", LIMIT, || {
        (told_held(pipeline) == 1).then_some(())
    });
    waiting::until("the released lock", LIMIT, || {
        locked(pipeline).is_empty().then_some(())
    });
    run
}

/// How often people were told that the release is held.
fn told_held(pipeline: &Pipeline) -> usize {
    let told = pipeline.told().into_iter();
    told.filter(|it| it.contains(" is held (") && it.contains(OPENING))
        .count()
}

/// Whether the nodes of the first environment were asked after the wait, because the answer before it was too old.
fn stage_was_asked_again(pipeline: &Pipeline) -> bool {
    let mut entries = pipeline.entries(1).into_iter().map(|it| it.entry);
    let asks = entries.any(|it| match it {
        Entry::Decided { decision, .. } => {
            decision.next == Action::Observe("stage".to_owned())
                && decision.reasons[0].code == "verification-stale"
        }
        _ => false,
    });
    // The answer is the same as before the wait, so only its repetition is recorded.
    let next = entries.next();
    asks && matches!(&next, Some(Entry::Repeated { history, .. })
        if history.rounds.as_ref().is_some_and(|it| it.environment == "stage"))
}

/// The lines of the console about the window.
fn said(pipeline: &Pipeline) -> usize {
    let said = fs::read_to_string(pipeline.folder().join("said")).unwrap_or_default();
    said.lines().filter(|it| it.contains(OPENING)).count()
}

#[test]
fn a_release_continues_when_its_window_opens() {
    let (pipeline, commit) = on_saturday();
    let run = begin_held(&pipeline);
    assert_eq!(said(&pipeline), 1);
    let report = [
        "status",
        "1",
        "--report=markdown=report.md",
        "--report=html=report.html",
    ];
    pipeline.greenlight(&report).is(0, &["  now: "]);
    for file in ["report.md", "report.html"] {
        let report = fs::read_to_string(pipeline.folder().join(file)).expect("a report");
        assert!(
            report.contains("Mon 2026-11-30 09:00 Europe/Berlin"),
            "{report}"
        );
    }
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    let passed = pipeline.folder().join("passed");
    fs::write(passed, UNTIL_MONDAY.to_string()).expect("time passes");
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert_eq!(told_held(&pipeline), 1);
    assert!(stage_was_asked_again(&pipeline));
}

#[test]
fn a_freeze_stops_the_next_step_until_it_is_thawed() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.rounds = 1;
    pipeline.setting.stage_keys = "after = [\"smoke\"]\n";
    pipeline.setting.steps = "[[step]]\nname = \"smoke\"\ncommand = [\"/bin/sh\", \"-c\", \
         \"echo run >> runs; while [ ! -e go ]; do sleep 0.05; done\"]\n"
        .to_owned();
    let commit = pipeline.commit("Change [load test: skip]");
    let run = pipeline.start(&["run", "--tag", &pipeline.tags()[0]]);
    waiting::until("the step", LIMIT, || {
        pipeline.folder().join("runs").exists().then_some(())
    });
    let freeze = ["freeze", "--by", "Ada", "--reason", "incident 7"];
    pipeline
        .greenlight(&freeze)
        .is(0, &["freeze-1: all environments are frozen"]);
    fs::write(pipeline.folder().join("go"), "").expect("the step ends");
    let frozen = "`prod` is frozen by window `freeze-1`: incident 7, by Ada (claimed); freeze `freeze-1` has no end; \
                  end it with `greenlight thaw freeze-1 --by NAME --reason TEXT`";
    pipeline.until_status(1, frozen);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    let thaw = ["thaw", "--by", "Bob", "--reason", "fixed"];
    pipeline.greenlight(&thaw).is(0, &["freeze-1 has ended"]);
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}

#[test]
fn a_person_lets_one_release_ignore_windows() {
    let (pipeline, first) = on_saturday();
    let mut run = begin_held(&pipeline);
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    let mut run = pipeline.start(&["run", "--resume", "1"]);
    waiting::until("the window", LIMIT, || (said(&pipeline) == 2).then_some(()));
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    let despite = ["--despite", "hours", "--by", "Ada", "--reason", "hot fix"];
    let resume = [&["run", "--resume", "1"][..], &despite].concat();
    pipeline
        .greenlight(&resume)
        .is(0, &["ignores window `hours`: Ada (claimed): hot fix"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &first), 1);
    let status = ["status", "1"];
    pipeline
        .greenlight(&status)
        .is(0, &["window `hours` ignored: Ada (claimed): hot fix"]);

    assert_eq!(told_held(&pipeline), 1, "the message is not repeated");

    // The next release does not ignore it, and a freeze must be named, too.
    let freeze = ["freeze", "--by", "Bob", "--reason", "incident 7"];
    pipeline.greenlight(&freeze).is(0, &["freeze-1: "]);
    let second = pipeline.commit("Next [load test: skip]");
    let tags = pipeline.tags();
    let begin = [
        &["run", "--tag", &tags[0], "--despite", "freeze-1"][..],
        &despite,
    ]
    .concat();
    pipeline
        .greenlight(&begin)
        .is(0, &["ignores window `freeze-1`: Ada (claimed): hot fix"]);
    assert_eq!(Pipeline::times(&pipeline.prod, &second), 1);
}

/// The local pipeline shows a newcomer what the configuration asks for.
#[test]
fn the_local_pipeline_shows_a_window_an_approval_and_a_step() {
    let (mut pipeline, _) = on_saturday();
    // Only the clock of the driver moves, so the approval is two days old when it arrives.
    pipeline.setting.production =
        "approvals = 1\napproval-lasts = \"72h\"\nbefore = [\"migrate\"]\n";
    pipeline
        .setting
        .steps
        .push_str("[[step]]\nname = \"migrate\"\ncommand = [\"./migrate\"]\n");
    let run = pipeline.start(&["run", "--local"]);
    waiting::until("the window", LIMIT, || (said(&pipeline) == 1).then_some(()));
    let console = || fs::read_to_string(pipeline.folder().join("said")).expect("the console");
    assert!(!console().contains("approve 1"), "{}", console());
    let passed = pipeline.folder().join("passed");
    fs::write(passed, UNTIL_MONDAY.to_string()).expect("time passes");
    assert_eq!(run.wait(LIMIT).code(), Some(0));
    let mut console = console();
    for line in [
        OPENING,
        "built-in people approve it: the journal of `run --local`",
        "approved for prod by built-in person 1",
        "run step `migrate` in `prod`",
        "deploy to `prod`",
        "promote[",
    ] {
        let Some(place) = console.find(line) else {
            panic!("no {line:?} behind the lines before it in {console}");
        };
        console.drain(..place);
    }
}
