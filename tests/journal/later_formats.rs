//! Journals of each format behind the first one. `fixtures/make.py` made them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::first_format::is_reported;
use crate::place::{Place, fixtures, for_both};

for_both!(
    each_round_and_decision_with_all_lists_is_reported,
    each_repeated_round_and_wait_is_reported,
    counted_rounds_and_waits_are_reported,
    named_load_tests_are_reported,
);

/// The number, the conclusion and the number of entries of each deployment of the fixtures of formats 2 and 3.
const DEPLOYMENTS: [(u64, &str, usize); 6] = [
    (1, "promoted", 35),
    (2, "stopped", 24),
    (3, "promoted-with-warning", 39),
    (4, "promoted", 45),
    (5, "promoted", 25),
    (6, "canceled", 12),
];

fn each_round_and_decision_with_all_lists_is_reported(place: &Place) {
    is_reported(place, "format-2", &DEPLOYMENTS);
    assert_eq!(keys(place, 2).get("same_as"), None);
}

fn each_repeated_round_and_wait_is_reported(place: &Place) {
    is_reported(place, "format-3", &DEPLOYMENTS);
    assert!(keys(place, 3).contains("same_as"));
}

fn counted_rounds_and_waits_are_reported(place: &Place) {
    let mut deployments = DEPLOYMENTS;
    deployments[4].2 = 24;
    is_reported(place, "format-4", &deployments);
    assert!(keys(place, 4).contains("repeated"));
}

fn named_load_tests_are_reported(place: &Place) {
    let mut deployments = DEPLOYMENTS;
    deployments[4].2 = 24;
    is_reported(place, "format-5", &deployments);
    assert!(keys(place, 5).contains("repeated"));
}

/// Checks the format of each entry, and returns the keys and the kinds of all entries.
#[track_caller]
fn keys(place: &Place, format: u32) -> BTreeSet<String> {
    let mut store = place.open();
    let rows = DEPLOYMENTS.map(|(number, ..)| store.records(number).expect("intact"));
    let mut keys = BTreeSet::new();
    for row in rows.iter().flatten() {
        let body: Value = serde_json::from_str(&row.body).expect("JSON");
        assert_eq!(body["format"], format, "{body}");
        keys.extend(body["entry"].as_str().map(str::to_owned));
        keys.extend(body.as_object().expect("an object").keys().cloned());
    }
    keys
}

/// A new format needs a fixture: a program of the last version that wrote the earlier format makes it.
#[test]
fn each_format_that_is_written_has_a_fixture() {
    let written = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/deployment/record/mod.rs"
    ));
    let written = written.expect("the source");
    let (_, format) = written
        .split_once("const FORMAT: u32 = ")
        .expect("a format");
    let (format, _) = format.split_once(';').expect("its end");
    let newest: u32 = format.parse().expect("a number");
    for format in 1..=newest {
        let file = fixtures(&format!("format-{format}")).join("journal.db");
        assert!(file.is_file(), "{}: write it with make.py", file.display());
    }
}
