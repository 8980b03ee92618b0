//! The decisions that `decide` prints, compared with their schema.

use serde_json::{Value, json};

use super::Schema;
use super::output::answer;
use crate::harness::{SHA, fixture};

fn history() -> String {
    fixture("cases/history.json")
        .to_str()
        .expect("UTF-8")
        .to_owned()
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
    let event = |at: u64, kind: Value| json!({"at": at, "kind": kind});
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
    let document = json!({"schema": "greenlight.history/3", "events": events});
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
