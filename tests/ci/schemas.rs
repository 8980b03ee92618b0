//! Checks each file against the schema of its system in check-jsonschema, and GitHub's files with zizmor. Neither uses
//! the network.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::child;
use crate::circleci;
use crate::files;
use crate::harness::fixture;
use crate::programs;

fn check(schema: &str, more: &[&str], file: &std::path::Path) -> Output {
    Command::new(programs::in_environment("check-jsonschema"))
        .args(["--builtin-schema", schema])
        .args(more)
        .arg(file)
        // A request to the network fails.
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
        .output()
        .expect("check-jsonschema starts")
}

#[track_caller]
fn fits(schema: &str, more: &[&str], name: &str) {
    let output = check(schema, more, &files::path(name));
    child::succeeded(name, &output);
}

#[test]
fn circleci_with_the_orb_inside() {
    // JSON is YAML: the configuration with its inline orb.
    let file = tempfile::Builder::new().suffix(".json").tempfile();
    let file = file.expect("a file");
    serde_json::to_writer(&file, &circleci::inlined()).expect("it is written");
    let output = check("vendor.circle-ci", &[], file.path());
    child::succeeded("circleci/release.yml with the orb", &output);
    fits("vendor.circle-ci", &[], "circleci/release.yml");
}

/// An orb consists of commands, jobs and executors, which the schema of a configuration describes.
#[test]
fn each_example_of_the_orb_is_a_configuration() {
    let orb = files::yaml(&files::text("circleci/orb.yml"));
    let examples = orb["examples"].as_object().expect("examples");
    for (name, example) in examples {
        let mut usage = example["usage"].clone();
        // The example omits the jobs of the project.
        let job: Value = serde_json::json!({"docker": [{"image": "x"}], "steps": ["checkout"]});
        usage["jobs"] = serde_json::json!({"test": job, "image": job});
        let file = tempfile::Builder::new().suffix(".json").tempfile();
        let file = file.expect("a file");
        serde_json::to_writer(&file, &usage).expect("it is written");
        let output = check("vendor.circle-ci", &[], file.path());
        child::succeeded(name, &output);
    }
    assert!(!examples.is_empty());
}

/// The workflow of this project.
fn own_workflow() -> PathBuf {
    fixture("../.github/workflows/ci.yml")
}

/// A change must pass the same checks here and there.
#[test]
fn the_workflow_of_this_project_runs_all_checks() {
    let text = std::fs::read_to_string(own_workflow()).expect("the workflow");
    let workflow = files::yaml(&text);
    let commands = |job: &str| {
        let steps = workflow["jobs"][job]["steps"].as_array().expect("steps");
        let commands = steps.iter().filter_map(|step| step["run"].as_str());
        commands.collect::<Vec<_>>().join("\n")
    };
    assert!(commands("run").ends_with(" .ci/run"));
    assert_eq!(
        commands("advisories").lines().last(),
        Some(".ci/deny advisories")
    );
}

#[test]
fn github() {
    fits("vendor.github-actions", &[], "github/action.yml");
    fits("vendor.github-workflows", &[], "github/release.yml");
    fits("vendor.github-workflows", &[], "github/deploy.yml");
    let output = check("vendor.github-workflows", &[], &own_workflow());
    child::succeeded("ci.yml", &output);
}

#[test]
fn gitlab() {
    let transform = ["--data-transform", "gitlab-ci"];
    fits("vendor.gitlab-ci", &transform, "gitlab/greenlight.yml");
    fits("vendor.gitlab-ci", &transform, "gitlab/release.yml");
}

#[test]
fn woodpecker() {
    fits("vendor.woodpecker-ci", &[], "woodpecker/release.yml");
}

#[test]
fn a_schema_refuses_a_mistake() {
    let file = tempfile::Builder::new().suffix(".yml").tempfile();
    let file = file.expect("a file");
    let text = files::text("gitlab/release.yml");
    let wrong = text.replace("stages: [test, publish, deploy]", "stages: three");
    assert_ne!(wrong, text);
    std::fs::write(file.path(), wrong).expect("it is written");
    let transform = ["--data-transform", "gitlab-ci"];
    let output = check("vendor.gitlab-ci", &transform, file.path());
    let shown = child::shown(&output);
    assert_eq!(output.status.code(), Some(1), "{shown}");
    assert!(shown.contains("'three'"), "{shown}");
}

fn zizmor(file: &std::path::Path) -> (Option<i32>, String) {
    let output = Command::new(programs::in_environment("zizmor"))
        .args(["--offline", "--no-progress", "--persona", "pedantic"])
        .arg(file)
        .output()
        .expect("zizmor starts");
    (output.status.code(), child::shown(&output))
}

#[test]
fn zizmor_finds_nothing() {
    for name in ["action.yml", "release.yml", "deploy.yml"] {
        let (status, shown) = zizmor(&files::path(&format!("github/{name}")));
        assert_eq!(status, Some(0), "{name}: {shown}");
    }
    let (status, shown) = zizmor(&own_workflow());
    assert_eq!(status, Some(0), "{shown}");
}

#[test]
fn zizmor_finds_a_template_in_a_shell() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("action.yml");
    let wrong = files::text("github/action.yml")
        .replace("case $COMMAND in", "case ${{ inputs.command }} in");
    std::fs::write(&file, wrong).expect("it is written");
    let (status, shown) = zizmor(&file);
    assert_ne!(status, Some(0));
    assert!(shown.contains("template-injection"), "{shown}");
}
