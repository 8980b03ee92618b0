//! An answer that could not be written: status 74, whatever the answer was.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use crate::harness::{PROGRAM, Repository, SHA};

#[test]
fn a_reader_that_has_gone() {
    let mut child = Command::new(PROGRAM)
        .args(["label", "-"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It can't answer before it has read all, so the reader is gone by then.
    drop(child.stdout.take());
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"[load test: skip]")
        .expect("it reads");
    let status = child.wait().expect("it ends");
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .expect("a pipe")
        .read_to_string(&mut stderr)
        .expect("UTF-8");
    assert_eq!(status.code(), Some(74), "{stderr}");
    assert!(
        stderr.starts_with("error: failed to write the answer: "),
        "{stderr}"
    );
    assert!(
        stderr.contains("help: ") && !stderr.contains("panicked"),
        "{stderr}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk() {
    let repository = Repository::new();
    repository.commit("x [load test: abort]");
    let repo = repository.argument();
    let [stage, prod] = ["stage", "prod"].map(|form| format!("{form}-{SHA}"));
    for arguments in [
        ["label", "--message", "x"].as_slice(),
        &["label", "--strict", "--message", "x [load test:skip]"],
        &[
            "tags",
            "--commit",
            SHA,
            "--branch",
            "main",
            "--message",
            "x",
        ],
        &["resolve", &prod],
        &["resolve", "latest", "--format", "json"],
        &["decide", "--tag", &stage, "--stage", "converged"],
        &["decide", "--tag", "latest"],
        &["explain", "--repo", repo],
        &["replay", "--repo", repo],
        &["replay", "--repo", repo, "--format", "jsonl"],
        &["policy", "inspect"],
        &["policy", "table"],
        &["schema", "label"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["--version"],
    ] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("it is there");
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(full);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        let output = command.output().expect("the program starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(74), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}
