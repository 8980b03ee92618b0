//! Runs builds in a stand-in for Jenkins on Debian's Groovy.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{equipped, filled_in, machine, script};
use crate::child;
use crate::files;
use crate::harness::fixture;
use crate::programs;
use crate::workspace::executable;

/// Runs the builds one after the other, and returns their results.
#[track_caller]
pub fn run(builds: &[Value]) -> Vec<Value> {
    run_with(
        &programs::on_path("groovy"),
        &programs::on_path("java"),
        builds,
    )
}

/// The same, with this launcher of Groovy and this Java.
#[track_caller]
fn run_with(groovy: &Path, java: &Path, builds: &[Value]) -> Vec<Value> {
    let mut child = Command::new(groovy)
        .arg(fixture("ci/jenkins/harness.groovy"))
        // Debian's launcher does not look on `PATH`.
        .env("JAVA_HOME", child::java_home(java))
        // The run is too short for a second compiler or parallel garbage collection to pay.
        .env("JAVA_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("groovy starts");
    let mut input = child.stdin.take().expect("a pipe");
    let requests = serde_json::to_vec(builds).expect("JSON");
    // The stand-in reads all of its input before it writes.
    let read = input.write_all(&requests);
    drop(input);
    let output = child.wait_with_output().expect("groovy ends");
    child::succeeded("groovy", &output);
    read.expect("groovy reads the requests");
    let ended: Vec<_> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", child::shown(&output)));
    assert_eq!(ended.len(), builds.len(), "{}", child::shown(&output));
    ended
}

/// The stand-in refuses a directive, a step and an argument that Jenkins does not know.
#[test]
fn unknown_words_of_a_jenkinsfile_are_refused() {
    let workspace = machine("x\n");
    let file = files::text("jenkins/Jenkinsfile");
    let wrong = [
        ("milestone(1)", "mileStone(1)", "no step `mileStone`"),
        ("agent none", "agents none", "no `agents` in Pipeline"),
        (
            "allowEmptyArchive",
            "allowNone",
            "`archiveArtifacts` has no argument",
        ),
        ("host/ci/jenkins/", "host/ci/", "nothing is at `host/ci/`"),
    ];
    let builds = wrong.map(|(text, broken, _)| {
        let broken = file.replacen(text, broken, 1);
        assert_ne!(broken, file);
        filled_in(&workspace, &broken, &json!({}))
    });
    for (build, (.., text)) in run(&builds).iter().zip(wrong) {
        let result = build["result"].as_str().expect("a result");
        assert!(result.starts_with(&format!("unknown: {text}")), "{result}");
    }
}

/// As in Jenkins, a resource is a file below `resources` of the library.
#[test]
fn other_resources_of_a_library_are_refused() {
    let workspace = machine("x\n");
    let wrong = [
        ("greenlight/none.sh", "No such library resource"),
        (
            "../vars/greenlightRun.groovy",
            "is not contained within the library",
        ),
    ];
    let builds = wrong.map(|(name, _)| script(&workspace, &format!("libraryResource('{name}')")));
    for (build, (_, text)) in run(&builds).iter().zip(wrong) {
        assert_eq!(build["result"], "FAILURE");
        let log = build["log"].as_str().expect("a log");
        assert!(log.contains(text), "no {text:?} in {log}");
    }
}

/// A machine without Debian's package `default-jre-headless`: Debian's launcher finds no Java without `JAVA_HOME`, and
/// `java` is a script that runs a Java in another folder.
#[test]
fn another_java_than_debians_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let launcher = fs::canonicalize(programs::on_path("groovy")).expect("a file");
    for name in ["groovy", "startGroovy"] {
        let text = fs::read_to_string(launcher.with_file_name(name)).expect("a script");
        let text = text.replace("/usr/lib/jvm/default-java", "/nowhere");
        executable(&folder.path().join(name), &text);
    }
    let java = folder.path().join("java");
    let real = programs::on_path("java");
    executable(
        &java,
        &format!("#!/bin/sh\nexec '{}' \"$@\"\n", real.display()),
    );
    let workspace = equipped("x\n");
    let steps = "checkout(scm); greenlightLabel().GREENLIGHT_ACTION";
    let ended = run_with(
        &folder.path().join("groovy"),
        &java,
        &[script(&workspace, steps)],
    );
    assert_eq!(ended[0]["answer"], "warn", "{}", ended[0]["log"]);
}
