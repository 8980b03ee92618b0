//! Arguments that a command does not take.

use std::fs;

use super::is_error;
use crate::harness::{SHA, greenlight};

#[test]
fn unknown_flags_and_values() {
    for (arguments, said) in [
        (
            ["label", "--message", "x", "--strickt"].as_slice(),
            "--strict",
        ),
        (&["label", "stdin"], "possible values: -"),
        (
            &["label", "--message", "x", "--format", "yaml"],
            "possible values: human, json",
        ),
        (
            &["label", "--message", "x", "--default-action", "fail"],
            "expected one of abort, skip, warn",
        ),
        (&["replay", "--repo", ".", "--format", "json"], "jsonl"),
        (&["replay", "--repo", ".", "--all"], "--all"),
        (
            &["run", "--resume", "x"],
            "expected the number of a deployment",
        ),
        (&["status", "x"], "expected the number of a deployment"),
        (
            &["status", "--ended", "x"],
            "expected a whole number from 0",
        ),
        (
            &["cancel", "x", "--by", "Ada"],
            "expected the number of a deployment",
        ),
        (
            &["serve", "--listen", "x"],
            "expected an IP address with a port, like `127.0.0.1:8930`",
        ),
        (&["resolve"], "<TAG>"),
        (&["resolve", "a", "b"], "'b'"),
        (&["decide"], "--tag <TAG>"),
        (
            &["decide", "--tag", "x", "--stage", "up"],
            "deployed, converged, failed, unknown",
        ),
        (
            &["decide", "--tag", "x", "--load-test", "ok"],
            "passed, failed, errored, inconclusive, not-run",
        ),
        (
            &["decide", "--tag", "x", "--warn-exit-code", "1"],
            "possible values: 0, 3",
        ),
        (&["decide", "--tag", "x", "--now", "today"], "'today'"),
        // A message from git is whole.
        (&["label", "--rev", "HEAD", "--truncated"], "'--rev <REV>'"),
        (
            &["decide", "--tag", "x", "--digest", "sha256:abc"],
            "expected `sha256:` and 64",
        ),
        (
            &["decide", "--tag", "x", "--environments", "stage,"],
            "lowercase letters, digits and hyphens",
        ),
        (
            &["decide", "--tag", "x", "--environments", "Stage,prod"],
            "lowercase letters, digits and hyphens",
        ),
        (
            &["tags", "--message", "x", "--branch", ""],
            "--branch <NAME>",
        ),
        (&["policy", "table", "--policy", ""], "--policy <FILE>"),
        (&["schema", "labels"], "label, tags"),
        (&["completions", "tcl"], "bash"),
        (&["promote"], "'promote'"),
    ] {
        is_error(greenlight(arguments), &[said]);
    }
}

#[test]
fn commits_that_are_not_full_hashes() {
    let upper = SHA.to_uppercase();
    let long = format!("{SHA}0");
    let broken = format!("{SHA}\n");
    for commit in ["", "HEAD", &SHA[..7], &SHA[..39], &upper, &long, &broken] {
        is_error(
            greenlight([
                "tags",
                "--branch",
                "main",
                "--message",
                "x",
                &format!("--commit={commit}"),
            ]),
            &["--commit <SHA>"],
        );
    }
}

#[test]
fn jobs_without_a_name_or_a_status() {
    for job in ["lint", "lint=", "=passed", "lint=ok", "lint=Passed", ""] {
        is_error(
            greenlight([
                "tags",
                "--commit",
                SHA,
                "--message",
                "x",
                &format!("--job={job}"),
            ]),
            &["--job <NAME=STATUS>"],
        );
    }
}

#[test]
fn arguments_that_are_not_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    for [command, flag] in [
        ["label", "--message"],
        ["decide", "--tag"],
        ["label", "--rev"],
    ] {
        let arguments = [
            OsStr::new(command),
            OsStr::new(flag),
            OsStr::from_bytes(b"\xff\xfe"),
        ];
        is_error(greenlight(arguments), &["invalid UTF-8"]);
    }
}

/// Types of TOML, not of Rust, and the table that the key belongs to.
#[test]
fn values_of_the_configuration() {
    let folder = super::nowhere();
    for (text, said) in [
        (
            "[release]\nrequired-jobs = \"a\"",
            "line 2: `release.required-jobs`: expected a list, not the string \"a\"",
        ),
        (
            "[[environment]]\nname = \"stage\"\ndeploy = [\"a\"]\nconvergence-rounds = -1",
            "`environment.convergence-rounds`: expected a whole number from 0, not the integer `-1`",
        ),
        (
            "release = []",
            "line 1: `release`: expected a table, not a list",
        ),
        (
            "[load-test.thresholds]\nmin-requests = 5",
            "line 1: `load-test`: missing key `command`",
        ),
    ] {
        fs::write(folder.path().join("greenlight.toml"), text).expect("written");
        is_error(
            greenlight(["config", "check", "--offline"]).within(folder.path()),
            &[said],
        );
    }
}
