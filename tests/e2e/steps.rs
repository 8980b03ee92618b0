//! Steps before and after the deployment to an environment: their order, a failure, an interruption, a person who
//! cancels.

use std::fs;

use greenlight::contract::promotion::{EventKind, Outcome, StepResult};
use greenlight::deployment::entry::Entry;
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{LIMIT, Pipeline};
use crate::process::Process;
use crate::{processes, waiting};

/// A pipeline in which production has the step `migrate` before its deployment.
fn with_migration(script: &str, more: &str) -> Pipeline {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.lease = 3;
    pipeline.setting.production = "before = [\"migrate\"]\n";
    pipeline.setting.steps = format!("{}{more}", step("migrate", script));
    pipeline.commit("Change [load test: skip]");
    pipeline
}

/// The table of a step with a shell script as its command.
fn step(name: &str, script: &str) -> String {
    let command = serde_json::to_string(&["/bin/sh", "-c", script]).expect("a list");
    format!("[[step]]\nname = \"{name}\"\ncommand = {command}\n")
}

/// The lines of a file that the commands write.
fn lines(pipeline: &Pipeline, file: &str) -> Vec<String> {
    let text = fs::read_to_string(pipeline.folder().join(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The steps that ended, as recorded.
fn performed(pipeline: &Pipeline) -> Vec<StepResult> {
    let entries = pipeline.entries(1).into_iter();
    entries
        .filter_map(|it| match it.entry {
            Entry::Happened { event, .. } => match event.kind {
                EventKind::Performed(it) => Some(it),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// A script that counts its runs, and waits for a file in its second line.
const WAITS: &str = "echo run >> runs; while [ ! -e go ]; do sleep 0.05; done";

/// Starts the release, and waits until the step runs.
fn until_step(pipeline: &Pipeline) -> Process {
    let run = pipeline.start(&["run", "--tag", &pipeline.tags()[0]]);
    waiting::until("the step", LIMIT, || {
        (lines(pipeline, "runs").len() == 1).then_some(())
    });
    run
}

/// Kills greenlight during the step, whose command lives on.
fn kill(mut run: Process) {
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
}

/// The processes of the step.
fn running(pipeline: &Pipeline) -> usize {
    let folder = pipeline.folder().to_str().expect("UTF-8");
    processes::with("environ", &["GREENLIGHT_STEP=migrate", folder]).len()
}

#[test]
fn steps_run_in_order_around_the_deployment() {
    let mut pipeline = Pipeline::recorded();
    let note = "echo \"$GREENLIGHT_STEP $GREENLIGHT_ENVIRONMENT $GREENLIGHT_COMMIT\" >> order";
    let answers = format!("{note}; echo '{{\"share\": 10}}' > \"$GREENLIGHT_ANSWER\"");
    pipeline.setting.stage_keys = "before = [\"migrate\"]\nafter = [\"smoke\"]\n";
    pipeline.setting.production = "before = [\"migrate\", \"announce\"]\nafter = [\"smoke\"]\n";
    pipeline.setting.steps = [
        step("migrate", note),
        step("announce", note),
        step("smoke", &answers),
    ]
    .concat();
    let commit = pipeline.commit("Change [load test: abort]");
    pipeline
        .run()
        .is(0, &["✓ run step `smoke` in `prod`: succeeded"]);
    let order = [
        "migrate stage",
        "smoke stage",
        "migrate prod",
        "announce prod",
        "smoke prod",
    ];
    assert_eq!(
        lines(&pipeline, "order"),
        order.map(|it| format!("{it} {commit}"))
    );
    let answered = performed(&pipeline);
    let answered = answered.iter().map(|it| it.answer.as_deref());
    let answer = Some("{\"share\": 10}");
    assert_eq!(
        answered.collect::<Vec<_>>(),
        [None, answer, None, None, answer]
    );
    let entries = pipeline.entries(1).into_iter();
    let effects: Vec<_> = entries
        .filter_map(|it| match it.entry {
            Entry::Happened { event, .. } => match event.kind {
                EventKind::Deployed(it) => Some(format!("deploy {}", it.environment)),
                EventKind::Performed(it) => Some(it.step.name),
                EventKind::LoadTested(_) => Some("load test".to_owned()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let expected = "migrate, deploy stage, smoke, load test, migrate, announce, deploy prod, smoke";
    assert_eq!(effects.join(", "), expected);
    pipeline
        .greenlight(&["status", "1"])
        .is(0, &["step announce prod", "its answer: {\"share\": 10}"]);
}

#[test]
fn a_step_that_fails_stops_the_release() {
    let mut pipeline = with_migration("echo 'no such table'; exit 3", "");
    let commit = pipeline.git(&["rev-parse", "HEAD"]);
    let said = "✗ run step `migrate` in `prod`: exit status 3";
    pipeline.run().is(1, &["stop[step-failed]", said]);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
    assert_eq!(performed(&pipeline)[0].exit_status, Some(3));
    let status = pipeline.greenlight(&["status", "1"]);
    status.is(0, &["step migrate prod: exit status 3", "no such table"]);
    let told = pipeline.slack.messages();
    let told = told.last().expect("a message").body.to_string();
    assert!(told.contains("step migrate of prod"), "{told}");

    let invalid = step("migrate", "echo '{' > \"$GREENLIGHT_ANSWER\"");
    pipeline.setting.steps = invalid;
    pipeline.commit("Next [load test: skip]");
    let said = "`migrate` in `prod`: succeeded, but its answer is not JSON: ";
    pipeline.run().is(1, &["stop[step-failed]", said]);
}

#[test]
fn a_step_exceeds_its_time_limit() {
    let pipeline = with_migration("sleep 600", "time-limit = \"1s\"\n");
    let said = "step `migrate` in `prod`: stopped at its time limit";
    pipeline.run().is(1, &["stop[step-failed]", said]);
    assert_eq!(running(&pipeline), 0);
}

#[test]
fn a_step_of_a_killed_greenlight_is_not_repeated() {
    let pipeline = with_migration(WAITS, "");
    kill(until_step(&pipeline));
    let resumed = pipeline.start(&["run", "--resume", "1"]);
    waiting::until("the resumed process", LIMIT, || {
        let said = lines(&pipeline, "said").join("\n");
        said.contains("the step `migrate` in `prod` still runs: waiting for its end")
            .then_some(())
    });
    fs::write(pipeline.folder().join("go"), "").expect("written");
    assert_eq!(resumed.wait(LIMIT).code(), Some(1));
    assert_eq!(lines(&pipeline, "runs").len(), 1);
    assert_eq!(performed(&pipeline)[0].outcome, Outcome::Unknown);
    let said = lines(&pipeline, "said").join("\n");
    assert!(said.contains("stop[step-unknown]"), "{said}");
}

#[test]
fn a_repeatable_step_of_a_killed_greenlight_is_repeated() {
    let cleanup = "repeatable = true\ncleanup = [\"/bin/sh\", \"-c\", \"echo done >> cleaned\"]\n";
    let pipeline = with_migration(WAITS, cleanup);
    kill(until_step(&pipeline));
    fs::write(pipeline.folder().join("go"), "").expect("written");
    pipeline
        .greenlight(&["run", "--resume", "1"])
        .is(0, &["promoted"]);
    assert_eq!(lines(&pipeline, "runs").len(), 2);
    assert_eq!(lines(&pipeline, "cleaned").len(), 1);
    let results = performed(&pipeline);
    assert_eq!(results.len(), 1);
    assert_eq!(results[0].outcome, Outcome::Succeeded);
}

#[test]
fn a_person_cancels_during_a_step() {
    let cleanup = "cleanup = [\"/bin/sh\", \"-c\", \"echo done >> cleaned\"]\n";
    let pipeline = with_migration(WAITS, cleanup);
    let commit = pipeline.git(&["rev-parse", "HEAD"]);
    let run = until_step(&pipeline);
    pipeline
        .greenlight(&["cancel", "1", "--by", "Ada", "--reason", "late"])
        .is(0, &["deployment 1 is canceled"]);
    assert_eq!(run.wait(LIMIT).code(), Some(1));
    assert_eq!(running(&pipeline), 0);
    assert_eq!(lines(&pipeline, "cleaned").len(), 1);
    assert_eq!(performed(&pipeline)[0].outcome, Outcome::Canceled);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("canceled"));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 0);
}

#[test]
fn a_step_that_outlived_its_greenlight_is_canceled() {
    let pipeline = with_migration(WAITS, "");
    kill(until_step(&pipeline));
    assert!(running(&pipeline) > 0, "it lives on");
    pipeline
        .greenlight(&["cancel", "1", "--by", "Ada", "--reason", "late"])
        .is(0, &["deployment 1 is canceled"]);
    waiting::until("the end of the step", LIMIT, || {
        (running(&pipeline) == 0).then_some(())
    });
}
