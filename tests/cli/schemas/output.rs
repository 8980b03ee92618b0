//! What the program prints, compared with its schemas.

use serde_json::{Value, json};

use super::Schema;
use crate::commands::{hours, run, windows};
use crate::harness::{Repository, SHA, Text, greenlight};

/// Messages with something to say for every kind of diagnostic, and some with nothing.
const MESSAGES: [&str; 9] = [
    "fix",
    "fix: an ordinary commit",
    "fix: one label [load test: abort]",
    "fix: a near miss [load test:skip]",
    "fix: an unknown action [load test: abrot]",
    "fix: [load test: skip] and [load test: abort]",
    "fix: twice [load test: skip] [load test: skip]",
    "Revert \"fix: it [load test: abort]\"\n\nThis reverts commit 1.\n",
    "\u{1b}[31m ##[error] \u{202e} (load test: skip)",
];

/// Asks for JSON, and gets it with this status.
#[track_caller]
pub fn answer(status: i32, arguments: &[&str]) -> Value {
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
fn refusal() {
    let schema = Schema::of("refusal");
    let repository = Repository::new();
    let of_build = |more: &[&'static str]| {
        let build = ["tags", "--commit", SHA, "--message", "x"];
        [&build[..], more].concat()
    };
    for arguments in [
        vec!["label", "--message", "cut of", "--truncated"],
        of_build(&[]),
        of_build(&["--branch", "dev", "--job", "lint=failed"]),
        of_build(&["--branch", "main", "--require-job", "lint"]),
        of_build(&["--branch", "main", "--truncated"]),
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
fn hours() {
    let schema = Schema::of("hours");
    let repository = hours::team();
    let counted = [
        "hours",
        "--since",
        "2025-01-01",
        "--repo",
        repository.argument(),
    ];
    schema.holds(&answer(0, &counted));
    schema.holds(&answer(
        0,
        &[&counted[..], &["--zone", "Asia/Kathmandu"]].concat(),
    ));
    let none = [
        "hours",
        "--since",
        "2026-01-01",
        "--repo",
        repository.argument(),
    ];
    let document = answer(0, &none);
    schema.holds(&document);
    assert_eq!(document["window"], Value::Null);
}

#[test]
fn window() {
    let schema = Schema::of("window");
    let shop = windows::shop(
        "[[window]]\nname = 'hours'\nallow = ['Mon 09:00-10:00']\nzone = 'Europe/Berlin'\nreason = 'people'\n",
    );
    // Saturday, then Monday at 09:30 in Berlin.
    for (time, status) in [(1_795_867_200, 4), (1_796_027_400, 0)] {
        let arguments = ["window", "--format", "json"];
        let said = windows::at(time, shop.path(), &arguments).run();
        assert_eq!(said.status, status, "{said:?}");
        let document = said.json();
        schema.holds(&document);
        let next = &document["opening"]["next-opening"];
        let expected = if status == 4 {
            json!(1_796_025_600_000_u64)
        } else {
            json!(null)
        };
        assert_eq!(*next, expected, "{document:#}");
    }
    for until in ["2027-11-30T08:00Z", ""] {
        let freeze = ["freeze", "--by", "Ada", "--reason", "incident 7", "--until"];
        let arguments = if until.is_empty() {
            freeze[..5].to_vec()
        } else {
            [&freeze[..], &[until]].concat()
        };
        let frozen = windows::at(1_795_867_200, shop.path(), &arguments).run();
        assert_eq!(frozen.status, 0, "{frozen:?}");
    }
    let arguments = ["window", "--format", "json"];
    let document = windows::at(1_795_867_200, shop.path(), &arguments)
        .run()
        .json();
    schema.holds(&document);
    let names = |list: &Value, key: &str| -> Vec<String> {
        let list = list.as_array().expect("a list").iter();
        list.map(|it| format!("{} {}", it[key], it["until"]))
            .collect()
    };
    let end = 1_827_561_600_000_u64;
    let freezes = [
        format!("\"freeze-1\" {end}"),
        "\"freeze-2\" null".to_owned(),
    ];
    assert_eq!(names(&document["freezes"], "name"), freezes);
    let closed_by = names(&document["opening"]["closed-by"], "window");
    assert_eq!(closed_by[..2], freezes);
    assert_eq!(closed_by[2..], ["\"hours\" null"]);
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
    let gates = document["gates"].as_array_mut().expect("gates");
    assert_eq!(gates.len(), 16);
    gates.truncate(2);
    schema.holds(&document);
    schema.fits(&answer(
        0,
        &["policy", "table", "--environments", "qa,stage,prod"],
    ));
}

#[test]
fn status() {
    let (shop, tag) = run::shop(run::UNREACHABLE);
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
fn live() {
    let schema = Schema::of("live");
    let (shop, tag) = run::shop(run::UNREACHABLE);
    let live = |more: &[&str]| {
        let arguments = ["live", "--format", "json"].iter().chain(more);
        let ended = greenlight(arguments).within(shop.path()).run();
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        let document = ended.json();
        schema.fits(&document);
        document["environments"].clone()
    };
    let first = live(&[]);
    assert!(first[0]["commit"].is_null() && first[0]["recorded"].is_null());
    assert!(first[0]["nodes"][0]["unreachable"].is_string(), "{first}");
    let deployed = greenlight(["run", "--tag", &tag]).within(shop.path()).run();
    assert_eq!(deployed.status, 1, "{}", deployed.stderr);
    assert_eq!(live(&[])[0]["recorded"]["deployment"], 1);
    let set = live(&["--set", SHA, "--environment", "prod", "--by", "Ada"]);
    assert_eq!(set[1]["recorded"]["by"], "Ada");
    assert_eq!(set[1]["recorded"]["commit"], SHA);
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
    assert_eq!(document["message"]["completeness"], "unsure");
    assert_eq!(document["problems"][0]["code"], "message-unsure");
    assert_eq!(document["checkout"]["has-commit"], true);
}
