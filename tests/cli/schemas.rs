//! JSON and its schemas, compared in both directions: what the program prints fits, and
//! what is only a little different does not.

mod config;
mod decision;
mod history;
mod output;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::harness::{Text, greenlight};

/// Every document that has a schema.
const NAMES: [&str; 21] = [
    "label",
    "tags",
    "resolve",
    "decision",
    "refusal",
    "explain",
    "facts",
    "replay",
    "hours",
    "policy",
    "table",
    "history",
    "config",
    "settings",
    "status",
    "intervention",
    "window",
    "live",
    "rollback-advice",
    "journal-verify",
    "journal-export",
];

/// Keys whose value is a word of a closed set, or of a fixed form.
const FIXED: [&str; 15] = [
    "schema",
    "kind",
    "action",
    "severity",
    "code",
    "permission",
    "load-test",
    "progress",
    "state",
    "conclusion",
    "urgency",
    "stage",
    "outcome",
    "commit",
    "digest",
];

/// A schema, ready to be held against documents.
pub struct Schema {
    validator: Validator,
    /// Keys that may be left out.
    optional: &'static [&'static str],
}

impl Schema {
    pub fn of(name: &str) -> Self {
        let validator = jsonschema::validator_for(&text(name)).expect("a schema");
        Self {
            validator,
            optional: &[],
        }
    }

    #[track_caller]
    pub fn fits(&self, document: &Value) {
        if let Err(error) = self.validator.validate(document) {
            panic!("{error} at {}\n{document:#}", error.instance_path());
        }
    }

    /// The document fits, and does not when anything in it is only a little different.
    #[track_caller]
    pub fn holds(&self, document: &Value) {
        self.fits(document);
        for (what, changed) in self.changes(document) {
            assert!(
                !self.validator.is_valid(&changed),
                "fits with {what}\n{document:#}"
            );
        }
    }

    /// The document with one thing wrong, and what it is.
    fn changes(&self, document: &Value) -> Vec<(String, Value)> {
        let mut changes = Vec::new();
        let mut change = |what: String, at: &str, change: &dyn Fn(&mut Value)| {
            let mut copy = document.clone();
            change(copy.pointer_mut(at).expect("it is there"));
            changes.push((what, copy));
        };
        for (at, keys) in objects(document) {
            change(format!("an unknown key in `{at}`"), &at, &|it| {
                it["unexpected"] = json!(true);
            });
            // Counts by name are maps: they have whatever was counted, and no more.
            let map = at == "/labels" || at == "/diagnostics";
            for key in keys {
                let place = format!("{at}/{key}");
                if !map && !is_one_of(self.optional, &place) {
                    change(format!("no `{place}`"), &at, &|it| {
                        it.as_object_mut().expect("an object").remove(&key);
                    });
                }
                // A fact is repeated as it was given, right or wrong.
                let fixed = FIXED.contains(&key.as_str()) && !at.contains("/evidence/");
                if fixed && document.pointer(&place).is_some_and(Value::is_string) {
                    change(format!("another word at `{place}`"), &place, &|it| {
                        *it = json!("No Word");
                    });
                }
                change(format!("a wrong type at `{place}`"), &place, &|it| {
                    *it = wrong_type(it);
                });
            }
        }
        changes
    }
}

/// Whether a place ends with one of these keys, or with one of these objects and a key of it.
fn is_one_of(keys: &[&str], place: &str) -> bool {
    keys.iter().any(|it| place.ends_with(&format!("/{it}")))
}

/// Nothing in the documents may be both.
fn wrong_type(value: &Value) -> Value {
    if value.is_array() {
        json!({})
    } else {
        json!([[]])
    }
}

/// Every object in a document: its place, and its keys.
fn objects(document: &Value) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), document)];
    while let Some((at, value)) = left.pop() {
        match value {
            Value::Object(map) => {
                found.push((at.clone(), map.keys().cloned().collect()));
                left.extend(
                    map.iter()
                        .map(|(key, value)| (format!("{at}/{key}"), value)),
                );
            }
            Value::Array(items) => {
                let places = items.iter().enumerate();
                left.extend(places.map(|(place, value)| (format!("{at}/{place}"), value)));
            }
            _ => {}
        }
    }
    found
}

fn text(name: &str) -> Value {
    greenlight(["schema", name])
        .gives(
            0,
            Text::Has(&["https://json-schema.org/draft/2020-12/schema"]),
            Text::Nothing,
        )
        .json()
}

/// The documents whose version is 3. The others have version 2.
const THIRD: [&str; 10] = [
    "table",
    "decision",
    "explain",
    "history",
    "journal-export",
    "label",
    "policy",
    "refusal",
    "replay",
    "status",
];

#[test]
fn are_valid_and_say_what_they_describe() {
    for name in NAMES {
        let schema = text(name);
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
        let version = match name {
            "hours" | "intervention" | "window" => 1,
            name if THIRD.contains(&name) => 3,
            _ => 2,
        };
        assert_eq!(schema["$id"], json!(format!("greenlight.{name}/{version}")));
        for key in ["title", "description"] {
            assert!(
                schema[key].as_str().is_some_and(|said| !said.is_empty()),
                "{name}: {key}"
            );
        }
        let said = schema.pointer("/properties/schema/const");
        assert!(
            said.is_none_or(|said| *said == schema["$id"]),
            "{name}: {said:?}"
        );
    }
}

#[test]
fn are_strict_and_documented() {
    for name in NAMES {
        let schema = text(name);
        let mut seen = 0;
        for (at, keys) in objects(&schema) {
            let node = schema.pointer(&at).expect("it is there");
            // The key of a schema's own `properties` may be called like a keyword.
            if at.ends_with("/properties") {
                for key in keys {
                    assert!(node[&key]["description"].is_string(), "{name}: {at}/{key}");
                    seen += 1;
                }
            } else if node["type"] == "object" || keys.iter().any(|key| key == "properties") {
                // A stored record has the keys of the version that wrote it.
                // Only the policy knows its parameters.
                let open = [
                    ("journal-export", "/properties/record"),
                    ("config", "/properties/parameters"),
                ];
                let open = open
                    .iter()
                    .any(|(of, end)| name == *of && at.ends_with(end));
                // The names of headers are not known.
                let is_headers = name == "config" && at.ends_with("/properties/headers");
                let more = if is_headers {
                    json!({ "type": "string" })
                } else {
                    json!(open)
                };
                assert_eq!(node["additionalProperties"], more, "{name}: {at}");
                assert_eq!(node["type"], json!("object"), "{name}: {at}");
            }
        }
        assert!(seen >= 3, "{name}: {seen}");
    }
}

#[test]
fn say_the_same_of_the_same_thing() {
    let mut known = serde_json::Map::new();
    for name in NAMES {
        for (what, is) in text(name)["$defs"].as_object().into_iter().flatten() {
            let before = known.entry(what.clone()).or_insert_with(|| is.clone());
            assert_eq!(before, is, "{name}: {what}");
        }
    }
    assert!(known.len() >= 10);
}
