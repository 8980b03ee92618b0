//! What the program prints, held against its schemas.

use serde_json::{Value, json};

use super::Schema;
use crate::commands::run;
use crate::harness::{Repository, SHA, Text, fixture, greenlight};

/// Messages with something to say for every kind of diagnostic, and some with nothing.
const MESSAGES: [&str; 9] = [
    "fix",
    "fix: an ordinary commit",
    "fix: one label [load test: abort]",
    "fix: a near miss [load test:skip]",
    "fix: an action that there is none of [load test: abrot]",
    "fix: [load test: skip] and [load test: abort]",
    "fix: twice [load test: skip] [load test: skip]",
    "Revert \"fix: it [load test: abort]\"\n\nThis reverts commit 1.\n",
    "\u{1b}[31m ##[error] \u{202e} (load test: skip)",
];

/// Asks for JSON, and gets it with this status.
#[track_caller]
fn answer(status: i32, arguments: &[&str]) -> Value {
    let arguments = arguments.iter().chain(&["--format", "json"]);
    greenlight(arguments)
        .gives(
            status,
            Text::Has(&["\"schema\": \"greenlight."]),
            Text::Has(&[]),
        )
        .json()
}

/// Writes a commit with a message that `git commit` would mend or refuse.
fn object(repository: &Repository, message: &[u8]) -> String {
    let tree = repository.git(&["write-tree"]);
    let headers = format!("tree {tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\n");
    let arguments = [
        "hash-object",
        "-t",
        "commit",
        "-w",
        "--stdin",
        "--literally",
    ];
    repository.git_with(&arguments, &[headers.as_bytes(), message].concat())
}

fn history() -> String {
    fixture("cases/history.json")
        .to_str()
        .expect("UTF-8")
        .to_owned()
}

#[test]
fn label() {
    let schema = Schema::of("label");
    for message in MESSAGES {
        schema.holds(&answer(0, &["label", "--message", message]));
    }
    let repository = Repository::new();
    let commit = object(&repository, b"not UTF-8 \xff [load test: skip]");
    let document = answer(
        0,
        &["label", "--rev", &commit, "--repo", repository.argument()],
    );
    schema.holds(&document);
    assert_eq!(document["commit"], json!(commit));
    assert_eq!(document["diagnostics"][0]["code"], "message-not-utf8");
}

#[test]
fn tags() {
    let schema = Schema::of("tags");
    for message in MESSAGES {
        let arguments = [
            "tags",
            "--commit",
            SHA,
            "--branch",
            "main",
            "--message",
            message,
        ];
        schema.holds(&answer(0, &arguments));
    }
}

#[test]
fn resolve() {
    let schema = Schema::of("resolve");
    for form in [
        "prod",
        "stage",
        "stage-loadtest-abort",
        "stage-loadtest-skip",
        "stage-loadtest-warn",
    ] {
        schema.holds(&answer(0, &["resolve", &format!("{form}-{SHA}")]));
    }
}

#[test]
fn decision() {
    let schema = Schema::of("decision");
    let digest = format!("sha256:{SHA}{}", &SHA[..24]);
    let [stage, abort, warn, prod] = [
        "stage",
        "stage-loadtest-abort",
        "stage-loadtest-warn",
        "prod",
    ]
    .map(|form| format!("{form}-{SHA}"));
    let history = history();
    let mut met = Vec::new();
    for (status, permission, arguments) in [
        (0, "promote", vec!["--tag", &stage, "--stage", "converged"]),
        (
            0,
            "promote",
            vec![
                "--tag",
                &prod,
                "--stage",
                "converged",
                "--load-test",
                "passed",
                "--digest",
                &digest,
            ],
        ),
        (
            0,
            "promote-with-warning",
            vec![
                "--tag",
                &warn,
                "--stage",
                "converged",
                "--load-test",
                "failed",
            ],
        ),
        (
            1,
            "stop",
            vec![
                "--tag",
                &abort,
                "--stage",
                "converged",
                "--load-test",
                "failed",
            ],
        ),
        (1, "stop", vec!["--tag", &abort, "--stage", "failed"]),
        (1, "stop", vec!["--tag", "latest"]),
        (1, "stop", vec!["--tag", "\u{1b}[31m ##[error]\n::error::"]),
        (
            1,
            "stop",
            vec!["--tag", &prod, "--history", &history, "--now", "1200"],
        ),
        (
            1,
            "stop",
            vec!["--tag", &stage, "--message", "x [load test: abort]"],
        ),
        (4, "hold", vec!["--tag", &abort]),
        (4, "hold", vec!["--tag", &abort, "--stage", "deployed"]),
        (4, "hold", vec!["--tag", &abort, "--stage", "converged"]),
        (4, "hold", vec!["--tag", &prod]),
    ] {
        let document = answer(status, &[&["decide"], &arguments[..]].concat());
        schema.holds(&document);
        assert_eq!(document["permission"], permission);
        met.push(
            document["next"]["action"]
                .as_str()
                .expect("a word")
                .to_owned(),
        );
    }
    met.sort();
    met.dedup();
    assert_eq!(
        met,
        ["deploy", "finish", "load-test", "notify", "observe", "wait"]
    );
}

#[test]
fn decision_about_nodes() {
    let schema = Schema::of("decision");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.json");
    let other = "8f94139338f9404f26296befa88755fc2598c289";
    let event = |at: u64, happening: Value| json!({"at": at, "happening": happening});
    let nodes = json!([
        {"name": "a", "version": {"serves": SHA}},
        {"name": "b", "version": {"serves": other}},
        {"name": "c", "version": {"unreachable": "refused"}},
    ]);
    let deployed = json!({"environment": "stage", "commit": SHA, "outcome": "succeeded"});
    let events = json!([
        event(0, json!({"deployed": deployed})),
        event(
            1,
            json!({"observed": {"environment": "stage", "convergence": {"observed": nodes}}})
        ),
    ]);
    let document = json!({"schema": "greenlight.history/2", "events": events});
    std::fs::write(&file, document.to_string()).expect("written");
    let file = file.to_str().expect("UTF-8");
    let tag = format!("stage-{SHA}");
    let document = answer(
        4,
        &["decide", "--tag", &tag, "--history", file, "--now", "2"],
    );
    schema.holds(&document);
    let states = &document["environments"][0]["nodes"];
    assert_eq!(
        *states,
        json!([
            {"name": "a", "state": "current"},
            {"name": "b", "state": "foreign"},
            {"name": "c", "state": "unreachable"},
        ])
    );
}

#[test]
fn refusal() {
    let schema = Schema::of("refusal");
    let repository = Repository::new();
    for arguments in [
        vec!["label", "--message", "cut of", "--truncated"],
        vec!["tags", "--commit", SHA, "--message", "x"],
        vec![
            "tags",
            "--commit",
            SHA,
            "--message",
            "x",
            "--branch",
            "dev",
            "--job",
            "lint=failed",
        ],
        vec![
            "tags",
            "--commit",
            SHA,
            "--message",
            "x",
            "--branch",
            "main",
            "--require-job",
            "lint",
        ],
        vec![
            "tags",
            "--commit",
            SHA,
            "--message",
            "x",
            "--truncated",
            "--branch",
            "main",
        ],
        vec!["resolve", "latest"],
        vec!["resolve", ""],
        vec!["resolve", "prod-4b825dc"],
        vec!["resolve", "\u{1b}]0;##[error]\n"],
    ] {
        schema.holds(&answer(1, &arguments));
    }
    let commit = repository.commit("x");
    let arguments = [
        "tags",
        "--rev",
        &commit,
        "--branch",
        "dev",
        "--repo",
        repository.argument(),
    ];
    schema.holds(&answer(1, &arguments));
}

#[test]
fn explain() {
    let schema = Schema::of("explain");
    let repository = Repository::new();
    for message in MESSAGES {
        repository.commit(message);
        schema.fits(&answer(0, &["explain", "--repo", repository.argument()]));
    }
    repository.commit("fix: [load test: abort] (load test: skip)");
    schema.holds(&answer(
        0,
        &["explain", "HEAD", "--repo", repository.argument()],
    ));
}

#[test]
fn replay() {
    let schema = Schema::of("replay");
    let repository = Repository::new();
    for message in MESSAGES {
        repository.commit(message);
    }
    let with_nul = object(&repository, b"a\0b");
    let arguments = [
        "replay",
        "--repo",
        repository.argument(),
        "--format",
        "jsonl",
        "HEAD",
        &with_nul,
    ];
    let ended = greenlight(arguments).gives(0, Text::Has(&["message-unreadable"]), Text::Nothing);
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), MESSAGES.len() + 2);
    for line in &lines {
        schema.holds(line);
    }
    assert_eq!(
        lines[lines.len() - 1]["schema"],
        "greenlight.replay-summary/2"
    );
    assert!(
        lines
            .iter()
            .any(|line| line["action"].is_null() && line["commit"] == *with_nul)
    );
}

#[test]
fn policy() {
    let document = answer(0, &["policy", "inspect"]);
    Schema::of("policy").holds(&document);
    let mut importing = document;
    importing["imports"] = json!(["wasi:cli/environment@0.2.0"]);
    assert!(!Schema::of("policy").validator.is_valid(&importing));
}

#[test]
fn table() {
    let schema = Schema::of("table");
    let mut document = answer(0, &["policy", "table"]);
    schema.fits(&document);
    let rows = document["rows"].as_array_mut().expect("rows");
    assert_eq!(rows.len(), 4 * 5 * 5);
    rows.truncate(3);
    schema.holds(&document);
    schema.fits(&answer(
        0,
        &["policy", "table", "--environments", "qa,stage,prod"],
    ));
}

#[test]
fn status() {
    let (shop, tag) = run::shop(run::NOBODY);
    let ended = greenlight(["run", "--tag", &tag, "--format", "json"])
        .within(shop.path())
        .run();
    assert_eq!(ended.status, 1, "{}", ended.stderr);
    Schema::of("decision").fits(&ended.json());
    let ended = greenlight(["status", "--format", "json"])
        .within(shop.path())
        .run();
    let document = ended.json();
    Schema::of("status").fits(&document);
    assert_eq!(document["deployments"][0]["state"], "stopped");
    assert_eq!(
        document["deployments"][0]["timeline"]["steps"][0]["kind"],
        "deploy"
    );
    assert_eq!(document["environments"][1]["environment"], "prod");
}

#[test]
fn facts() {
    let schema = Schema::of("facts");
    let repository = Repository::new();
    let commit = repository.commit("x");
    let said = |set: &[(&str, &str)]| {
        greenlight(["facts", "--format", "json"])
            .within(repository.path())
            .variables(set)
            .gives(0, Text::Has(&["greenlight.facts/2"]), Text::Nothing)
            .json()
    };
    schema.fits(&said(&[]));
    schema.fits(&said(&[("CIRCLECI", "true"), ("DRONE", "true")]));
    let document = said(&[
        ("CI", "woodpecker"),
        ("CI_COMMIT_SHA", &commit),
        ("CI_COMMIT_SOURCE_BRANCH", "cart"),
        ("CI_COMMIT_TARGET_BRANCH", "main"),
        ("CI_COMMIT_PULL_REQUEST", "7"),
        ("CI_COMMIT_TAG", "v1"),
        ("CI_COMMIT_MESSAGE", "\u{1b}[31m ##[error]"),
        ("CI_PIPELINE_EVENT", "pull_request"),
        ("CI_PIPELINE_STATUS", "failure"),
        ("CI_PIPELINE_URL", "https://ci.example.org/1"),
    ]);
    schema.holds(&document);
    assert_eq!(document["commit"]["value"], json!(commit));
    assert_eq!(document["pull-request"]["number"]["value"], "7");
    assert_eq!(document["message"]["standing"], "unsure");
    assert_eq!(document["problems"][0]["code"], "message-unsure");
    assert_eq!(document["checkout"]["has-commit"], true);
}
