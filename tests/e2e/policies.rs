//! The example policies decide whole deployments, and the facts of a deployment are read once.

use std::fs;

use greenlight::deployment::entry::Entry;
use rustix::process::{Pid, Signal, kill_process};

use crate::pipeline::{Ended, LIMIT, Pipeline};

#[path = "../cli/room/component.rs"]
mod component;

/// A pipeline with an example policy and a load test that fails and leaves a file. The first commit is live.
fn with_policy(name: &str) -> Pipeline {
    let mut pipeline = Pipeline::new();
    pipeline.setting.rounds = 1;
    let load_test = ["/bin/sh", "-c", "echo run >> tested; exit 1"];
    pipeline.setting.load_test = load_test.map(str::to_owned).to_vec();
    let policy = pipeline.folder().join("policy.wasm");
    fs::write(policy, component::example(name)).expect("written");
    let set = ["--set", &pipeline.before, "--environment", "prod"];
    let set = [&["live"][..], &set, &["--by", "Ada"]].concat();
    pipeline.greenlight(&set).is(0, &[""]);
    pipeline
}

/// Commits a change of a file below `docs/`.
#[track_caller]
fn change_docs(pipeline: &Pipeline) -> String {
    let docs = pipeline.folder().join("docs");
    fs::create_dir_all(&docs).expect("made");
    fs::write(docs.join("index.md"), "# Shop\n").expect("written");
    pipeline.git(&["add", "docs"]);
    pipeline.commit("Write more [load test: abort]")
}

/// Runs a deployment with the policy.
#[track_caller]
fn run(pipeline: &Pipeline, arguments: &[&str]) -> Ended {
    let policy = ["--policy", "policy.wasm"];
    pipeline.greenlight(&[&["run"][..], arguments, &policy].concat())
}

/// Whether the load test ran.
fn was_tested(pipeline: &Pipeline) -> bool {
    pipeline.folder().join("tested").exists()
}

#[test]
fn a_release_that_changes_only_docs_is_promoted_without_its_load_test() {
    let pipeline = with_policy("docs-only");
    let commit = change_docs(&pipeline);
    let tag = format!("stage-loadtest-abort-{commit}");
    run(&pipeline, &["--tag", &tag]).is(0, &["docs-only: ", "promoted"]);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("promoted"));
    assert!(!was_tested(&pipeline));
    assert_eq!(Pipeline::times(&pipeline.prod, &commit), 1);
    // A change of another file has its load test.
    let commit = pipeline.commit("Change [load test: abort]");
    fs::write(pipeline.folder().join("main.rs"), "fn main() {}\n").expect("written");
    pipeline.git(&["add", "main.rs"]);
    pipeline.git(&["commit", "--quiet", "--amend", "--no-edit"]);
    let amended = pipeline.git(&["rev-parse", "HEAD"]);
    assert_ne!(amended, commit);
    let tag = format!("stage-loadtest-abort-{amended}");
    run(&pipeline, &["--tag", &tag]).is(1, &["stop[load-test-errored]"]);
    assert!(was_tested(&pipeline));
    assert_eq!(Pipeline::times(&pipeline.prod, &amended), 0);
}

#[test]
fn a_share_in_the_message_runs_the_step_before_production() {
    let mut pipeline = with_policy("canary");
    pipeline.setting.steps = "[[step]]\nname = \"canary\"\ncommand = [\"/bin/sh\", \"-c\", \
         \"echo $GREENLIGHT_ENVIRONMENT $GREENLIGHT_ARGUMENT_SHARE >> shares\"]\n"
        .to_owned();
    let commit = pipeline.commit("Change [canary: 10%] [load test: skip]");
    run(&pipeline, &["--tag", &format!("stage-{commit}")]).is(0, &["promoted"]);
    assert_eq!(pipeline.conclusion(1).as_deref(), Some("promoted"));
    let shares = fs::read_to_string(pipeline.folder().join("shares")).expect("the step ran");
    assert_eq!(shares, "prod 10\n");
    for service in [&pipeline.stage, &pipeline.prod] {
        assert_eq!(Pipeline::times(service, &commit), 1);
    }
}

/// The facts that the journal has of a deployment, as name and value.
#[track_caller]
fn recorded(pipeline: &Pipeline) -> Vec<(String, String)> {
    let entries = pipeline.entries(1).into_iter();
    let began = entries.filter_map(|it| match it.entry {
        Entry::Began(began) => Some(began.facts),
        _ => None,
    });
    let facts = began.flatten().map(|it| it.attribute);
    facts.map(|it| (it.name, it.value)).collect()
}

#[test]
fn a_resumed_deployment_is_decided_by_the_facts_that_were_recorded() {
    let mut pipeline = with_policy("docs-only");
    pipeline.setting.steps = "[facts]\ncommand = [\"cat\", \"facts.json\"]\n".to_owned();
    let facts = pipeline.folder().join("facts.json");
    fs::write(&facts, "{\"ticket\": \"A-1\"}").expect("written");
    let commit = change_docs(&pipeline);
    let freeze = ["freeze", "--by", "Ada", "--reason", "incident 7"];
    pipeline.greenlight(&freeze).is(0, &["freeze-1: "]);
    let tag = format!("stage-loadtest-abort-{commit}");
    let mut held = pipeline.start(&["run", "--tag", &tag, "--policy", "policy.wasm"]);
    pipeline.until_status(1, "is frozen by window `freeze-1`");
    kill_process(Pid::from_child(held.child()), Signal::KILL).expect("it runs");
    held.wait(LIMIT);
    let before = recorded(&pipeline);
    let ticket = ("ticket".to_owned(), "\"A-1\"".to_owned());
    let paths = ("changed-paths".to_owned(), "[\"docs/index.md\"]".to_owned());
    for fact in [ticket, paths] {
        assert!(before.contains(&fact), "no {fact:?} in {before:?}");
    }

    // Facts that are read now are an error, and their changed paths need a load test.
    fs::write(&facts, "none").expect("written");
    let set = ["--set", &commit, "--environment", "prod", "--by", "Ada"];
    let set = [&["live"][..], &set].concat();
    pipeline.greenlight(&set).is(0, &[""]);
    let thaw = ["thaw", "--by", "Ada", "--reason", "fixed"];
    pipeline.greenlight(&thaw).is(0, &["freeze-1 has ended"]);
    run(&pipeline, &["--resume", "1"]).is(0, &["promoted"]);
    assert!(!was_tested(&pipeline));
    assert_eq!(recorded(&pipeline), before);
    let again = run(&pipeline, &["--tag", &tag, "--again"]);
    assert_eq!(again.status, 2, "{again:?}");
}
