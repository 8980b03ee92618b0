//! The property: no two commands contradict each other about one commit.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::case::{ACTIONS, Case};

/// Where commands get their settings and their commit: other processes, or this one.
pub trait Commands {
    /// The case.
    fn case(&self) -> &Case;
    /// The commit with the message of the case.
    fn commit(&self) -> &str;
    /// The arguments that name the message.
    fn message(&self) -> Vec<&str>;
    /// A folder for files of a test.
    fn folder(&self) -> &Path;
    /// Runs a command with the configuration of the case. Returns its exit status and what it prints.
    fn run(&self, arguments: &[&str]) -> (i32, String);

    /// Runs a command that prints a document.
    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let mut all = arguments.to_vec();
        all.extend(["--format", "json"]);
        let (status, text) = self.run(&all);
        let document = serde_json::from_str(&text);
        (
            status,
            document.unwrap_or_else(|error| panic!("{all:?}: {error}\n{text}")),
        )
    }

    /// What `decide` says about a tag with the message of the case.
    fn decided(&self, tag: &str, evidence: &[&str]) -> Value {
        let mut arguments = vec!["decide", "--tag", tag];
        arguments.extend(self.message());
        arguments.extend(evidence);
        self.json(&arguments).1
    }

    /// What `decide` says about a tag before anything is deployed: `go` if the deployment comes next, else the
    /// code of the first reason.
    fn first_step(&self, tag: &str) -> String {
        let decision = self.decided(tag, &[]);
        match decision["next"]["action"].as_str() {
            Some("deploy") => {
                let first = &self.case().environments[0];
                assert_eq!(decision["next"]["environment"], **first, "{decision}");
                "go".to_owned()
            }
            _ => code(&decision),
        }
    }
}

/// A text of a document.
pub fn word(value: &Value) -> String {
    let word = value.as_str().unwrap_or_else(|| panic!("{value}"));
    word.to_owned()
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().expect("a list").iter().map(word).collect()
}

/// The code of the reason that decided.
pub fn code(decision: &Value) -> String {
    word(&decision["reasons"][0]["code"])
}

/// Asks every command that reads and judges, and compares their answers with the rules and with each other.
pub fn agree(commands: &impl Commands) {
    let (case, commit) = (commands.case(), commands.commit());
    let action = case.action();
    let tags = case.tags(action, commit);

    let label = labeled(commands);
    built(commands, &label["diagnostics"], &tags);
    resolved(commands, &tags);
    replayed(commands, &label, &tags);
    explained(commands, &label, &tags);
    measured(commands, &tags[0]);
    for (place, tag) in case.tags(other(action), commit).iter().enumerate() {
        // The tags of later environments and `latest` are the same for every action.
        if place == 0 {
            assert_eq!(commands.first_step(tag), "label-contradicts-tag");
        } else {
            assert_eq!(*tag, tags[place]);
        }
    }
    assert_eq!(commands.first_step(&tags[0]), "go");
}

/// An action that the message does not ask for.
pub fn other(action: &str) -> &'static str {
    ACTIONS.into_iter().find(|it| *it != action).expect("one")
}

fn labeled(commands: &impl Commands) -> Value {
    let mut arguments = vec!["label"];
    arguments.extend(commands.message());
    let (status, label) = commands.json(&arguments);
    assert_eq!(status, 0, "{label}");
    assert_eq!(label["action"], commands.case().action(), "label");
    assert_eq!(label["explicit"], commands.case().is_labeled(), "label");
    label
}

/// `tags` prints the tags, or refuses the build for the reasons that it has.
fn built(commands: &impl Commands, diagnostics: &Value, tags: &[String]) {
    let case = commands.case();
    let of_build = |branch: &str, jobs: &[Option<&str>]| {
        let jobs = case.required_jobs.iter().zip(jobs);
        let jobs: Vec<_> = jobs
            .filter_map(|(name, status)| Some(format!("{name}={}", (*status)?)))
            .collect();
        let mut arguments = vec!["tags", "--commit", commands.commit(), "--branch", branch];
        arguments.extend(commands.message());
        // A job that is not required, so that nothing is left to be read from a CI system.
        arguments.extend(["--job", "docs=passed"]);
        arguments.extend(jobs.iter().flat_map(|it| ["--job", it]));
        commands.json(&arguments)
    };
    let (status, answer) = of_build(case.branch(), &[Some("passed"); 3]);
    assert_eq!(status, 0, "{answer}");
    assert_eq!(words(&answer["tags"]), tags, "tags");
    assert_eq!(answer["action"], case.action(), "tags");
    assert_eq!(answer["diagnostics"], *diagnostics, "tags");

    let branch = if case.build.is_of_publish_branch {
        case.branch()
    } else {
        "topic"
    };
    let (status, answer) = of_build(branch, &case.build.jobs);
    let expected = case.refusals();
    if expected.is_empty() {
        assert_eq!((status, words(&answer["tags"])), (0, tags.to_vec()), "tags");
    } else {
        let reasons = answer["reasons"].as_array().expect("reasons");
        let mut codes: Vec<_> = reasons.iter().map(|it| word(&it["code"])).collect();
        codes.sort_unstable();
        assert_eq!((status, codes), (1, expected), "tags");
    }
}

/// `resolve` reads each tag as `tags` wrote it.
fn resolved(commands: &impl Commands, tags: &[String]) {
    let case = commands.case();
    for (place, name) in case.environments.iter().enumerate() {
        let (status, target) = commands.json(&["resolve", &tags[place]]);
        assert_eq!(status, 0, "{target}");
        assert_eq!(target["environment"], **name, "resolve {}", tags[place]);
        assert_eq!(target["commit"], *commands.commit());
        let action = if place == 0 {
            json!(case.action())
        } else {
            Value::Null
        };
        assert_eq!(target["load-test"], action, "resolve {}", tags[place]);
    }
    let (status, refusal) = commands.json(&["resolve", "latest"]);
    assert_eq!((status, code(&refusal)), (1, "tag-moves".to_owned()));
}

fn replayed(commands: &impl Commands, label: &Value, tags: &[String]) {
    let (_, lines) = commands.run(&["replay", commands.commit(), "--format", "jsonl"]);
    let line = lines.lines().next().expect("a line");
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(line["commit"], *commands.commit(), "replay");
    for key in ["action", "explicit", "diagnostics"] {
        assert_eq!(line[key], label[key], "{key} of replay");
    }
    assert_eq!(words(&line["tags"]), tags, "replay");
}

/// `explain` says what `label` and `tags` say, and decides as `decide` does.
fn explained(commands: &impl Commands, label: &Value, tags: &[String]) {
    let (_, explained) = commands.json(&["explain", commands.commit()]);
    for key in ["action", "explicit", "span", "diagnostics"] {
        assert_eq!(explained["label"][key], label[key], "{key} of explain");
    }
    assert_eq!(words(&explained["tags"]), tags, "explain");
    let decisions = explained["decisions"].as_array().expect("decisions");
    assert!(decisions.len() > commands.case().environments.len());
    for decision in decisions {
        let (tag, stage, load_test) = (
            word(&decision["tag"]),
            word(&decision["stage"]),
            word(&decision["load-test"]),
        );
        let mut evidence = vec!["--load-test", load_test.as_str()];
        if stage != "not-deployed" {
            evidence.extend(["--stage", &stage]);
        }
        let decided = commands.decided(&tag, &evidence);
        assert_eq!(
            (&decided["permission"], code(&decided)),
            (&decision["permission"], code(decision)),
            "explain and decide --tag {tag} {evidence:?}"
        );
    }
}

/// `decide` judges numbers by the thresholds of the file: as if it were told the verdict.
fn measured(commands: &impl Commands, tag: &str) {
    let (case, commit) = (commands.case(), commands.commit());
    let environment = &case.environments[0];
    let measured = json!({"measured": {
        "total": {
            "requests": case.measured.requests, "failures": case.measured.failures,
            "p95": case.measured.p95,
        },
        "exceptions": 0, "duration": 60_000, "broken-thresholds": [], "exit-status": 0,
        "complete": true, "versions": [commit],
    }});
    let events = [
        json!({"deployed": {
            "environment": environment, "commit": commit, "digest": null, "outcome": "succeeded",
        }}),
        json!({"observed": {"environment": environment, "convergence": {"judged": true}}}),
        json!({"load-tested": {"environment": environment, "result": measured}}),
    ];
    let events: Vec<_> = (1000..)
        .zip(events)
        .map(|(at, kind)| json!({"at": at, "kind": kind}))
        .collect();
    let file = commands.folder().join("history.json");
    let history = json!({"schema": "greenlight.history/3", "events": events});
    fs::write(&file, history.to_string()).expect("written");
    let file = file.to_str().expect("UTF-8");
    let by_numbers = commands.decided(tag, &["--history", file, "--now", "1010"]);
    let verdict = case.verdict();
    let by_verdict = commands.decided(tag, &["--stage", "converged", "--load-test", verdict]);
    assert_eq!(
        by_numbers["permission"], by_verdict["permission"],
        "decide by {:?} and by `{verdict}`: {by_numbers}",
        case.measured
    );
}
