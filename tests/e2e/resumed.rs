//! A command keeps running after its greenlight process was killed, and must not interfere with its repetition.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::pipeline::{LIMIT, Pipeline, recorded};
use crate::under_way::{self, EndlessRecord};
use crate::{locust, processes, waiting};

/// The process ids of the pipeline's Locust processes.
fn load_tests(pipeline: &Pipeline) -> Vec<Pid> {
    let folder = pipeline.folder().to_str().expect("UTF-8");
    processes::with("cmdline", &["locustfile.py", folder])
}

/// A command that appends a line with the folder of its run, `GREENLIGHT_FOLDER`, to a file.
fn leaves_a_line(file: &str) -> Vec<String> {
    let script = format!(r#"echo "$GREENLIGHT_FOLDER" >> {file}; "$@""#);
    ["/bin/sh", "-c", &script, "sh"].map(str::to_owned).to_vec()
}

fn cleanup() -> Vec<String> {
    leaves_a_line("cleaned")
}

/// The lines that commands have appended to a file.
fn lines(pipeline: &Pipeline, file: &str) -> Vec<String> {
    let text = fs::read_to_string(pipeline.folder().join(file)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The folders of the runs of the load test, in order.
fn runs(pipeline: &Pipeline) -> Vec<PathBuf> {
    let folder = pipeline.folder().join(".greenlight/deployments/1");
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut runs: Vec<_> = entries
        .map(|it| it.path())
        .filter(|it| it.is_dir() && it.to_string_lossy().ends_with("-load-test-stage"))
        .collect();
    runs.sort();
    runs
}

#[test]
fn a_load_test_that_lives_on_does_not_spoil_its_repetition() {
    let mut pipeline = Pipeline::new();
    pipeline.setting.rounds = 1;
    // Each run writes into its own folder. The last of several equal options counts.
    let script =
        r#"exec "$@" --csv "$GREENLIGHT_FOLDER/results" --json-file "$GREENLIGHT_FOLDER/results""#;
    let locust = locust::command(pipeline.stage.balancer(), 300, pipeline.folder());
    let shell = ["/bin/sh", "-c", script, "sh"].map(str::to_owned);
    pipeline.setting.load_test = shell.into_iter().chain(locust).collect();
    pipeline.setting.cleanup = Some(cleanup());
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    pipeline.until_status(1, "load-test stage: running");
    waiting::until("requests of the load test", LIMIT, || {
        (pipeline.stage.state().requests > 20).then_some(())
    });
    let first = load_tests(&pipeline);
    assert!(!first.is_empty());
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    for pid in &first {
        test_kill_process(*pid).expect("it lives on");
    }

    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(
        0,
        &[
            "what was left of the load test against `stage` was ended",
            "cleaned up after the load test against `stage`",
            "promote[load-test-passed]",
        ],
    );
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    assert!(load_tests(&pipeline).is_empty(), "the first one is gone");
    let runs = runs(&pipeline);
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(runs[1].join("results.json").exists());
    let first = runs[0].to_str().expect("UTF-8");
    assert_eq!(lines(&pipeline, "cleaned"), [first]);
}

#[test]
fn a_deploy_command_that_lives_on_is_ended_before_its_repetition() {
    let mut pipeline = Pipeline::recorded();
    pipeline.setting.repeatable = true;
    pipeline.setting.deploy_cleanup = Some(cleanup());
    let commit = pipeline.commit("Change [load test: skip]");
    let tags = pipeline.tags();
    let mut run = under_way::deploying(&pipeline, &tags[0]);
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    let first = under_way::deploy_commands(&pipeline);
    assert_eq!(first.len(), 1, "it lives on");
    let resumed = pipeline.start(&["run", "--resume"]);
    waiting::until("end of the first one", LIMIT, || {
        test_kill_process(first[0]).is_err().then_some(())
    });
    pipeline.stage.pace(Duration::ZERO);
    assert_eq!(resumed.wait(LIMIT).code(), Some(0));
    let said = fs::read_to_string(pipeline.folder().join("said")).expect("a file");
    for text in [
        "the deployment to `stage` was interrupted when the last process ended: it is repeated",
        "what was left of the deploy command of `stage` was ended",
        "cleaned up after the deploy command of `stage`",
    ] {
        assert!(said.contains(text), "no {text:?} in {said}");
    }
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    let cleaned = lines(&pipeline, "cleaned");
    assert_eq!(cleaned.len(), 1, "{cleaned:?}");
    assert!(cleaned[0].ends_with("-deploy-stage"), "{cleaned:?}");
}

/// If greenlight were killed, the journal would not know a command that was executed before its record.
#[test]
fn a_command_is_executed_only_when_it_is_recorded() {
    let mut pipeline = Pipeline::recorded();
    let mut load_test = leaves_a_line("ran");
    load_test.append(&mut recorded("passed"));
    pipeline.setting.load_test = load_test;
    let commit = pipeline.commit("Change [load test: abort]");
    let tags = pipeline.tags();
    let of_load_test = r#"NEW.body LIKE '%"folder":"%-load-test-stage"%'"#;
    let record = EndlessRecord::of(&pipeline, of_load_test);
    let mut run = pipeline.start(&["run", "--tag", &tags[0]]);
    let mark = format!("GREENLIGHT_FOLDER={}", pipeline.folder().display());
    let commands = || processes::with("environ", &[&mark, "-load-test-stage"]);
    waiting::until("the process of the load test", LIMIT, || {
        let is_there = !commands().is_empty() || !lines(&pipeline, "ran").is_empty();
        is_there.then_some(())
    });
    kill_process(Pid::from_child(run.child()), Signal::KILL).expect("it runs");
    run.wait(LIMIT);
    waiting::until("its end", LIMIT, || commands().is_empty().then_some(()));
    assert_eq!(lines(&pipeline, "ran"), [""; 0]);
    record.remove();
    let ended = pipeline.greenlight(&["run", "--resume"]);
    ended.is(0, &["promote[load-test-passed]"]);
    assert_eq!(lines(&pipeline, "ran").len(), 1);
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
}
