//! Converts entries of the formats 1 to 4 to format 5.
//!
//! Version 0.1 of the contract wrote these formats. Format 5 has new names for some events, a load test has a name, and
//! interventions and waivers have a person. A person's name and reason were in the details of the entry.

use serde_json::{Map, Value, json};

use crate::contract::settings::LOAD_TEST;

/// The new names of events.
const RENAMED: [(&str, &str); 3] = [
    ("overtaken", "superseded"),
    ("unplaced", "diverged"),
    ("occupied", "locked"),
];

/// The thresholds that the new format has in addition.
const NEW_THRESHOLDS: [&str; 5] = [
    "max_failure_share",
    "max_mean",
    "max_p50",
    "max_p99",
    "max_increase",
];

/// Converts an entry. A value that has another form is not changed, and is refused when it is read.
pub(super) fn upgrade(mut entry: Value) -> Value {
    let person = Person::of(&entry["details"]);
    let Some(fields) = entry.as_object_mut() else {
        return entry;
    };
    let kind = fields
        .get("entry")
        .and_then(Value::as_str)
        .map(str::to_owned);
    match kind.as_deref() {
        Some("began") => change(fields, "settings", settings),
        Some("decided") => change(fields, "decision", decision),
        Some("started") => change(fields, "effect", action),
        Some("resumed") => change(fields, "interrupted", action),
        Some("happened") => change(fields, "event", |it| event(it, &person)),
        Some("repeated") => {
            let tail = fields.get_mut("history").and_then(Value::as_object_mut);
            if let Some(events) = tail
                .and_then(|it| it.get_mut("events"))
                .and_then(Value::as_array_mut)
            {
                for value in events {
                    if let Some(it) = value.as_object_mut() {
                        event(it, &person);
                    }
                }
            }
        }
        _ => {}
    }
    entry
}

/// The person in the details of an entry.
struct Person {
    name: Value,
    why: Value,
}

impl Person {
    fn of(details: &Value) -> Self {
        let text = |key: &str| details.get(key).filter(|it| it.is_string()).cloned();
        Self {
            name: text("name").unwrap_or_else(|| json!("")),
            why: text("reason").unwrap_or_else(|| json!("")),
        }
    }
}

/// Changes the value of a key, if the value is an object.
fn change(fields: &mut Map<String, Value>, key: &str, how: impl FnOnce(&mut Map<String, Value>)) {
    if let Some(object) = fields.get_mut(key).and_then(Value::as_object_mut) {
        how(object);
    }
}

/// The settings had the thresholds of the one load test, which ran in the first environment.
fn settings(settings: &mut Map<String, Value>) {
    let mut thresholds = settings.remove("thresholds").unwrap_or(Value::Null);
    if let Some(thresholds) = thresholds.as_object_mut() {
        for name in NEW_THRESHOLDS {
            thresholds.insert(name.to_owned(), Value::Null);
        }
    }
    settings.insert("deadline".to_owned(), Value::Null);
    let environments = settings
        .get_mut("environments")
        .and_then(Value::as_array_mut);
    for (place, environment) in environments.into_iter().flatten().enumerate() {
        let Some(environment) = environment.as_object_mut() else {
            continue;
        };
        let tests = if place == 0 {
            json!([{ "name": LOAD_TEST, "thresholds": thresholds, "by_name": [] }])
        } else {
            json!([])
        };
        let added = [
            ("approvals", json!(0)),
            ("author_may_approve", json!(false)),
            ("approval_lasts", json!(24 * 60 * 60)),
            ("before", json!([])),
            ("min_nodes", json!(1)),
            ("after", json!([])),
            ("load_tests", tests),
            ("watch", Value::Null),
        ];
        for (key, value) in added {
            environment.insert(key.to_owned(), value);
        }
    }
}

fn decision(decision: &mut Map<String, Value>) {
    // The first format calls it `verdict`.
    if let Some(permission) = decision.remove("verdict") {
        decision.insert("permission".to_owned(), permission);
    }
    change(decision, "next", action);
    let environments = decision
        .get_mut("environments")
        .and_then(Value::as_array_mut);
    for status in environments.into_iter().flatten() {
        let Some(status) = status.as_object_mut() else {
            continue;
        };
        let tests = match status
            .remove("load_test")
            .or_else(|| status.remove("load-test"))
        {
            Some(verdict) if !verdict.is_null() => {
                json!([{ "name": LOAD_TEST, "verdict": verdict }])
            }
            _ => json!([]),
        };
        status.insert("load_tests".to_owned(), tests);
    }
}

fn action(action: &mut Map<String, Value>) {
    if action.get("action").and_then(Value::as_str) == Some("load-test") {
        action.insert("name".to_owned(), json!(LOAD_TEST));
    }
}

fn event(event: &mut Map<String, Value>, person: &Person) {
    let Some(Value::Object(kind)) = event.remove("happening") else {
        return;
    };
    let kind: Map<_, _> = kind.into_iter().map(|it| event_kind(it, person)).collect();
    event.insert("kind".to_owned(), Value::Object(kind));
}

fn event_kind((name, value): (String, Value), person: &Person) -> (String, Value) {
    let mut renamed = RENAMED.iter();
    let new = renamed.find(|(old, _)| *old == name).map(|(_, new)| *new);
    let value = match (name.as_str(), value) {
        ("load-tested", Value::Object(mut test)) => {
            test.insert("name".to_owned(), json!(LOAD_TEST));
            change(&mut test, "result", |result| {
                change(result, "measured", measurement);
            });
            Value::Object(test)
        }
        ("intervened", kind) => json!({
            "kind": kind,
            "by": person.name,
            "proven": false,
            "why": person.why,
        }),
        ("waived", commit) => json!({
            "commit": commit,
            "by": person.name,
            "proven": false,
            "why": person.why,
        }),
        (_, value) => value,
    };
    (new.map_or(name, str::to_owned), value)
}

fn measurement(measurement: &mut Map<String, Value>) {
    let mut take = |key: &str| measurement.remove(key).unwrap_or(Value::Null);
    let total = json!({
        "requests": take("requests"),
        "failures": take("failures"),
        "p95": take("p95"),
    });
    measurement.insert("total".to_owned(), total);
}
