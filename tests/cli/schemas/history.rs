//! The one document that is read: its schema and its reader agree.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Schema, text};
use crate::harness::{SHA, Text, fixture, greenlight};

/// Keys that the reader does without.
const OPTIONAL: &[&str] = &[
    "digest",
    "mean",
    "p50",
    "p95",
    "p99",
    "by-name",
    "baseline",
    "load-tested/name",
    "proven",
    "intervened/environment",
    "question",
    "arguments",
    "answer",
    "before",
    "traffic",
    "traffic-before",
    "partial",
    "windows/0/why",
    "broken-thresholds",
    "exit-status",
    "load-test",
    "left",
    "times",
];

fn schema() -> Schema {
    Schema {
        optional: OPTIONAL,
        ..Schema::of("history")
    }
}

fn example() -> Value {
    let text = fs::read_to_string(fixture("cases/history.json")).expect("it is there");
    serde_json::from_str(&text).expect("JSON")
}

fn is_read(document: &Value, folder: &Path) -> bool {
    let file = folder.join("history.json");
    fs::write(&file, document.to_string()).expect("written");
    greenlight::facts::history_file::from_file(&file).is_ok()
}

#[test]
fn the_example_fits_and_is_accepted() {
    schema().holds(&example());
    let file = fixture("cases/history.json");
    let file = file.to_str().expect("UTF-8");
    greenlight([
        "decide",
        "--tag",
        &format!("prod-{SHA}"),
        "--history",
        file,
        "--now",
        "1200",
    ])
    .gives(1, Text::Has(&["stop", "superseded"]), Text::Nothing);
}

#[test]
fn what_does_not_fit_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = schema().changes(&example());
    assert!(changes.len() > 100);
    for (what, changed) in changes {
        // A commit is a text to the reader; that it is no commit, the policy says.
        if !what.starts_with("another word") || !what.ends_with("/commit`") {
            assert!(!is_read(&changed, folder.path()), "read with {what}");
        }
    }
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = schema();
    let mut left_out = HashSet::new();
    for (at, keys) in super::objects(&example()) {
        let is_optional = |key: &&String| super::is_one_of(OPTIONAL, &format!("{at}/{key}"));
        for key in keys.iter().filter(is_optional) {
            let mut without = example();
            let object = without.pointer_mut(&at).and_then(Value::as_object_mut);
            object.expect("an object").remove(key);
            schema.fits(&without);
            assert!(is_read(&without, folder.path()), "{at}/{key}");
            left_out.insert(
                OPTIONAL
                    .iter()
                    .position(|it| super::is_one_of(&[it], &format!("{at}/{key}"))),
            );
        }
    }
    assert_eq!(left_out.len(), OPTIONAL.len());
}

#[test]
fn the_ends_of_the_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = schema();
    let waited = |at: Value, seconds: Value| {
        let event = json!({"at": at, "kind": {"waited": seconds}});
        json!({"schema": "greenlight.history/3", "events": [event]})
    };
    for (document, fits) in [
        (waited(json!(0), json!(0)), true),
        (waited(json!(u64::MAX), json!(u32::MAX)), true),
        (waited(json!(-1), json!(0)), false),
        (waited(json!(0), json!(-1)), false),
        (waited(json!(0), json!(u64::from(u32::MAX) + 1)), false),
        (waited(json!(0.5), json!(0)), false),
    ] {
        assert_eq!(schema.validator.is_valid(&document), fits, "{document}");
        assert_eq!(is_read(&document, folder.path()), fits, "{document}");
    }
}

#[test]
fn an_event_has_at_least_one_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = schema();
    for (times, fits) in [(0, false), (1, true), (2_678_400, true), (2_678_401, false)] {
        let mut document = example();
        document["events"][1]["kind"]["observed"]["times"] = json!(times);
        assert_eq!(schema.validator.is_valid(&document), fits, "{times}");
        assert_eq!(is_read(&document, folder.path()), fits, "{times}");
    }
}

#[test]
fn every_word_of_a_closed_set_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = text("history");
    let words = |at: &str| {
        schema
            .pointer(at)
            .and_then(Value::as_array)
            .expect("words")
            .clone()
    };
    let mut happenings = Vec::new();
    for outcome in words("/$defs/Outcome/enum") {
        happenings.push(json!({"notified": {"key": "k", "outcome": outcome}}));
    }
    for verdict in words("/$defs/Verdict/enum") {
        let result = json!({"judged": verdict});
        happenings.push(json!({"load-tested": {"environment": "stage", "result": result}}));
    }
    let kind = words("/$defs/EventKind/oneOf");
    for word in words("/$defs/InterventionKind/enum") {
        happenings.push(json!({"intervened": {"kind": word, "by": "Ada", "why": ""}}));
    }
    for word in words("/$defs/StopCause/enum") {
        let stopped = json!({"commit": SHA, "deployment": 7, "cause": word, "certain": true});
        happenings.push(json!({"contains": stopped}));
    }
    for word in words("/$defs/LoadTestAction/enum") {
        happenings.push(json!({"accompanied": {"commit": SHA, "action": word}}));
    }
    assert_eq!((kind.len(), happenings.len()), (18, 5 + 4 + 4 + 2 + 3));
    for kind in happenings {
        let event = json!({"at": 0, "kind": kind});
        let document = json!({"schema": "greenlight.history/3", "events": [event]});
        assert!(is_read(&document, folder.path()), "{document}");
    }
}
