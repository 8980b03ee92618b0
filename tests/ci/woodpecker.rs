//! The example for Woodpecker.

mod settings;

use std::fs;

use serde_json::Value;

use crate::files;
use crate::messages;
use crate::workspace::{Ended, Workspace};

/// The shells that an image may have as `/bin/sh`.
pub const SHELLS: [&[&str]; 2] = [&["dash", "-e"], &["busybox", "sh", "-e"]];

fn step(name: &str) -> Value {
    let pipeline = files::yaml(&files::text("woodpecker/release.yml"));
    let steps = pipeline["steps"].as_array().expect("steps");
    let step = steps.iter().find(|it| it["name"] == name);
    step.expect("the step").clone()
}

/// A machine of Woodpecker, with the installer where the example expects it. Its page "Environment variables" lists the
/// variables.
pub fn machine(message: &str, branch: &str) -> Workspace {
    let mut workspace = Workspace::new(message);
    let commit = workspace.commit.clone();
    let folder = workspace.repository.path().to_path_buf();
    fs::create_dir(folder.join("ci")).expect("a folder");
    fs::copy(
        files::path("install.sh"),
        folder.join("ci/install-greenlight.sh"),
    )
    .expect("a copy");
    let folder = folder.display().to_string();
    for (name, value) in [
        ("CI", "woodpecker"),
        ("CI_SYSTEM_NAME", "woodpecker"),
        ("CI_COMMIT_SHA", &commit),
        ("CI_COMMIT_BRANCH", branch),
        ("CI_COMMIT_MESSAGE", message),
        ("CI_COMMIT_REF", &format!("refs/heads/{branch}")),
        ("CI_PIPELINE_EVENT", "push"),
        (
            "CI_PIPELINE_URL",
            "https://ci.example.org/repos/1/pipeline/7",
        ),
        ("CI_WORKSPACE", &folder),
    ] {
        workspace.set(name, value);
    }
    workspace
}

/// Runs a step: its commands are one script.
pub fn run(workspace: &Workspace, shell: &[&str], step: &Value) -> Ended {
    let (url, sum) = workspace.download();
    let environment = step["environment"].as_object().into_iter().flatten();
    let environment: Vec<_> = environment
        .map(|(name, value)| {
            let value = match name.as_str() {
                "GREENLIGHT_INSTALL_URL" => &url,
                "GREENLIGHT_INSTALL_SHA256" => &sum,
                _ => value.as_str().expect("a text"),
            };
            (name.clone(), value.to_owned())
        })
        .collect();
    let commands = step["commands"].as_array().expect("commands");
    let lines: Vec<_> = commands
        .iter()
        .map(|it| it.as_str().expect("a line"))
        .collect();
    workspace.run(shell, &lines.join("\n"), &environment)
}

#[test]
fn every_message_has_its_tags() {
    for shell in SHELLS {
        for message in messages::all() {
            let workspace = machine(&message.text, "main");
            let printed = run(&workspace, shell, &step("label")).is(0).stdout;
            assert!(
                printed.starts_with(message.action),
                "{}: {printed}",
                message.name
            );
            run(&workspace, shell, &step("tags")).is(0);
            let tags = fs::read_to_string(workspace.repository.path().join(".tags"));
            let tags = tags.expect("the file for the next step");
            let expected = messages::tags(message.action, &workspace.commit);
            assert_eq!(
                tags.lines().collect::<Vec<_>>(),
                expected,
                "{}",
                message.name
            );
            workspace.nothing_ran();
        }
    }
}

#[test]
fn another_branch_is_not_published() {
    let workspace = machine("x\n", "cart");
    run(&workspace, SHELLS[0], &step("tags"))
        .is(1)
        .says("branch-not-published");
}

/// The findings in a pipeline. Steps run in order, each only if all before it passed: a step may report only those.
fn lint(pipeline: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let steps = pipeline["steps"].as_array().expect("steps");
    for (place, step) in steps.iter().enumerate() {
        let name = step["name"].as_str().expect("a name");
        if !step["depends_on"].is_null() {
            findings.push(format!("{name} leaves the order"));
        }
        let commands = step["commands"].as_array().into_iter().flatten();
        let commands: Vec<_> = commands.filter_map(Value::as_str).collect();
        let commands = commands.join("\n");
        for reported in commands.split("--job ").skip(1) {
            let (reported, _) = reported.split_once('=').expect("its status");
            let before = steps[..place].iter().find(|it| it["name"] == reported);
            match before {
                None => findings.push(format!("{name} reports {reported}, which is not before it")),
                Some(it) if it["failure"] == "ignore" => {
                    findings.push(format!(
                        "{name} reports {reported}, which is allowed to fail"
                    ));
                }
                Some(it) if !it["when"].is_null() && it["when"] != step["when"] => {
                    findings.push(format!("{name} reports {reported}, which need not run"));
                }
                Some(_) => {}
            }
        }
    }
    findings
}

#[test]
fn reported_jobs_are_steps_that_come_before() {
    let text = files::text("woodpecker/release.yml");
    assert_eq!(lint(&files::yaml(&text)), Vec::<String>::new());
    let command = step("tags")["commands"].to_string();
    for job in ["checks", "test"] {
        assert!(command.contains(&format!("--job {job}=passed")));
    }
    for (right, wrong, finding) in [
        (
            "- name: test\n",
            "- name: tests\n",
            "tags reports test, which is not before it",
        ),
        (
            "--job checks=passed",
            "--job publish=passed",
            "tags reports publish, which is not before it",
        ),
        (
            "- name: test\n",
            "- name: test\n    failure: ignore\n",
            "tags reports test, which is allowed to fail",
        ),
        (
            "- name: test\n",
            "- name: test\n    when:\n      - event: tag\n",
            "tags reports test, which need not run",
        ),
        (
            "- name: tags\n",
            "- name: tags\n    depends_on: [checks]\n",
            "tags leaves the order",
        ),
    ] {
        let broken = text.replacen(right, wrong, 1);
        assert_ne!(broken, text, "{right}");
        assert_eq!(lint(&files::yaml(&broken)), [finding]);
    }
}

/// Woodpecker replaces `${…}` before a shell reads it: a message would become part of a script.
#[test]
fn the_example_has_no_text_that_woodpecker_replaces() {
    assert!(!files::text("woodpecker/release.yml").contains("${"));
}
