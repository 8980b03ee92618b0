//! The example for Woodpecker.

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

/// A machine of Woodpecker, with the installer where the example says. The variables are those of its page
/// "Environment variables".
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
            let said = run(&workspace, shell, &step("label")).is(0).stdout;
            assert!(said.starts_with(message.action), "{}: {said}", message.name);
            run(&workspace, shell, &step("tags")).is(0);
            let tags = fs::read_to_string(workspace.repository.path().join(".tags"));
            let tags = tags.expect("the file that the next step reads");
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

/// Each step runs when all before it have passed, so these have, when it says so.
#[test]
fn what_is_said_of_jobs_is_of_steps_that_come_before() {
    let pipeline = files::yaml(&files::text("woodpecker/release.yml"));
    let names: Vec<_> = pipeline["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|it| it["name"].clone())
        .collect();
    assert_eq!(names, ["label", "checks", "test", "tags", "publish"]);
    let command = step("tags")["commands"].to_string();
    for job in ["checks", "test"] {
        assert!(command.contains(&format!("--require-job {job} --job {job}=passed")));
    }
}

/// Woodpecker would replace it before a shell reads it, and a message would become part of a script.
#[test]
fn nothing_is_replaced_in_the_text() {
    assert!(!files::text("woodpecker/release.yml").contains("${"));
}
