//! `greenlight.toml` and its schema.

use std::path::Path;

use greenlight::config::Config;
use serde_json::Value;

use super::text;
use crate::harness::fixture;

fn example() -> String {
    std::fs::read_to_string(fixture("cases/greenlight.toml")).expect("it is there")
}

/// The keys of the schema's tables, by the table's name in the file.
const TABLES: [(&str, &str); 17] = [
    ("", "/properties"),
    ("[[environment]]", "/$defs/EnvironmentTable/properties"),
    ("[load-test]", "/$defs/LoadTestTable/properties"),
    (
        "[load-test.thresholds]",
        "/$defs/ThresholdsTable/properties",
    ),
    (
        "[[load-test.threshold]]",
        "/$defs/NamedThresholdsTable/properties",
    ),
    ("[release]", "/$defs/ReleaseTable/properties"),
    ("[policy]", "/$defs/PolicyTable/properties"),
    ("[facts]", "/$defs/FactsTable/properties"),
    ("[slack]", "/$defs/SlackTable/properties"),
    ("[report]", "/$defs/ReportTable/properties"),
    ("[journal]", "/$defs/JournalTable/properties"),
    ("[serve]", "/$defs/ServeTable/properties"),
    ("[[serve.approver]]", "/$defs/ApproverTable/properties"),
    ("[serve.registry]", "/$defs/RegistryTable/properties"),
    ("[serve.jenkins]", "/$defs/JenkinsTable/properties"),
    ("[serve.circleci]", "/$defs/CircleCiTable/properties"),
    ("[serve.github]", "/$defs/GitHubTable/properties"),
];

#[test]
fn the_example_says_everything_and_fits() {
    let schema = text("config");
    let document: Value = toml::from_str(&example()).expect("TOML");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    if let Err(error) = validator.validate(&document) {
        panic!("{error} at {}", error.instance_path());
    }
    Config::parse(&example(), Path::new(".")).expect("a configuration");
    for (table, at) in TABLES {
        let keys = schema.pointer(at).and_then(Value::as_object).expect("keys");
        for key in keys.keys() {
            let said =
                example().contains(&format!("{key} =")) || example().contains(&format!("{key}]"));
            assert!(said, "`{key}` of {table}");
        }
    }
}

/// What is refused names every key that is taken; the schema has the same ones.
#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema = text("config");
    for (table, at) in TABLES {
        let why = Config::parse(&format!("{table}\nno-such-key = 1\n"), Path::new("."))
            .expect_err("an unknown key")
            .message;
        let listed = why.split("expected").nth(1).expect("the known ones");
        let mut read: Vec<_> = listed.split('`').skip(1).step_by(2).collect();
        read.sort_unstable();
        let keys = schema.pointer(at).and_then(Value::as_object).expect("keys");
        let mut described: Vec<_> = keys.keys().map(String::as_str).collect();
        described.sort_unstable();
        assert_eq!(read, described, "{table}");
    }
}
