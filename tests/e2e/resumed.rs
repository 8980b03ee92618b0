//! A load test whose greenlight was killed lives on, and must not spoil the one that repeats it.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use crate::pipeline::{LIMIT, Pipeline};
use crate::{locust, waiting};

/// The numbers of the pipeline's processes of Locust.
fn load_tests(pipeline: &Pipeline) -> Vec<Pid> {
    let folder = pipeline.folder().to_str().expect("UTF-8").to_owned();
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let found = processes.filter_map(|it| {
        let line = fs::read(it.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let number = it.file_name().to_str()?.parse().ok()?;
        let is_ours = line.contains("locustfile.py") && line.contains(&folder);
        Pid::from_raw(number).filter(|_| is_ours)
    });
    found.collect()
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
    let cleanup = ["/bin/sh", "-c", r#"echo "$GREENLIGHT_FOLDER" >> cleaned"#];
    pipeline.setting.cleanup = Some(cleanup.map(str::to_owned).to_vec());
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
    let cleaned = fs::read_to_string(pipeline.folder().join("cleaned")).expect("a file");
    assert_eq!(cleaned.trim(), runs[0].to_str().expect("UTF-8"));
}
