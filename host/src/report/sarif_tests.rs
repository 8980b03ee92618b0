//! The findings of deployments.

use serde_json::Value;

use super::*;
use crate::contract::names::Named as _;
use crate::contract::settings::LOAD_TEST;
use crate::deployment::timeline::{Reason, TestName};
use crate::report::fixture::{self, HOSTILE};

fn run(timeline: &Timeline) -> Value {
    let text = document(timeline).expect("a report");
    let mut log: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    log["runs"][0].take()
}

/// Level, rule and environments of each result.
fn found(run: &Value) -> Vec<(String, String, Vec<String>)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let results = run["results"].as_array().expect("a list");
    results
        .iter()
        .map(|result| {
            let rule = result["ruleIndex"]
                .as_u64()
                .and_then(|index| usize::try_from(index).ok())
                .unwrap_or(usize::MAX);
            assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
            let places = result["locations"][0]["logicalLocations"].as_array();
            let places = places
                .into_iter()
                .flatten()
                .map(|place| text(&place["name"]));
            (
                text(&result["level"]),
                text(&result["ruleId"]),
                places.collect(),
            )
        })
        .collect()
}

fn line(level: &str, rule: &str, places: &[&str]) -> (String, String, Vec<String>) {
    let places = places.iter().map(|place| (*place).to_owned()).collect();
    (level.to_owned(), rule.to_owned(), places)
}

#[test]
fn a_stop_is_an_error() {
    let run = run(&fixture::stopped());
    assert_eq!(
        found(&run),
        [
            line("error", "load-test-failed", &["stage"]),
            line("error", "failures-above-threshold", &["stage"]),
            line("error", "p95-above-threshold", &["stage"]),
            line("error", "step-failed", &["stage", LOAD_TEST]),
            line("warning", "load-test-note", &["stage", LOAD_TEST]),
            line("warning", "note", &["stage"]),
        ]
    );
    assert_eq!(
        run["invocations"][0]["startTimeUtc"],
        "2025-11-23T00:15:00.000Z"
    );
}

/// The same sentence about two load tests is two findings, and each one names its load test.
#[test]
fn a_finding_about_a_load_test_has_its_name() {
    let mut timeline = fixture::stopped();
    let reason = |name: &str| Reason {
        code: "too-slow".to_owned(),
        message: "the mean is 12 ms; 10 ms are allowed".to_owned(),
        help: None,
        load_test: Some(TestName {
            environment: "stage".to_owned(),
            name: name.to_owned(),
        }),
    };
    let last = timeline.decisions.last_mut().expect("a decision");
    last.reasons = vec![reason("smoke"), reason("load"), reason("load")];
    assert_eq!(
        found(&run(&timeline))[..3],
        [
            line("error", "too-slow", &["stage", "smoke"]),
            line("error", "too-slow", &["stage", "load"]),
            line("error", "step-failed", &["stage", LOAD_TEST]),
        ]
    );
    let text = document(&timeline).expect("a report");
    assert!(text.contains("\"kind\": \"load test\""), "{text}");
}

#[test]
fn a_warning_is_a_warning_and_is_there_once() {
    assert_eq!(
        found(&run(&fixture::promoted_with_warning())),
        [
            line("warning", "load-test-failed", &["stage"]),
            line("warning", "load-test-warned", &["stage", LOAD_TEST]),
            line("warning", "notify-warned", &["prod"]),
            line("warning", "load-test-note", &["stage", LOAD_TEST]),
            line("warning", "note", &["prod"]),
        ]
    );
}

#[test]
fn what_was_reached_with_a_warning_is_not_wrong() {
    let mut timeline = fixture::promoted_with_warning();
    let last = timeline.decisions.last_mut().expect("a decision");
    let mut reached = last.reasons[0].clone();
    reached.code = "promoted".to_owned();
    reached.message = "`prod` serves the release and nothing else".to_owned();
    last.reasons.push(reached);
    assert_eq!(
        found(&run(&timeline))[..2],
        [
            line("warning", "load-test-failed", &["stage"]),
            line("note", "promoted", &["prod"]),
        ]
    );
}

#[test]
fn a_hold_is_a_note_and_nothing_is_nothing() {
    assert_eq!(
        found(&run(&fixture::running())),
        [line("note", "not-converged", &["stage"])]
    );
    let run = run(&fixture::empty());
    assert!(found(&run).is_empty());
    assert_eq!(run["tool"]["driver"]["rules"], Value::Array(Vec::new()));
}

#[test]
fn hostile_texts_stay_texts() {
    let text = document(&fixture::hostile()).expect("a report");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
    assert!(!text.contains('\u{202e}'));
    let run = run(&fixture::hostile());
    let message = run["results"][0]["message"]["text"]
        .as_str()
        .expect("a text");
    assert!(
        !message.contains("](") && message.contains("{{0}}"),
        "{message}"
    );
    assert_eq!(run["results"][0]["ruleId"], HOSTILE);
}

#[test]
fn labels_stay_readable() {
    assert_eq!(plain("use `[load test: warn]`"), "use `[load test: warn]`");
    assert_eq!(plain("[a](https://b) {0}"), "[a] (https://b) {{0}}");
}

#[test]
fn every_permission_has_a_level() {
    let levels = Permission::ALL.iter().map(|(it, _)| level(*it));
    assert_eq!(
        levels.collect::<Vec<_>>(),
        [Level::Note, Level::Warning, Level::Note, Level::Error]
    );
}
