//! Replaces `<< parameters.name >>` as `CircleCI` does.

use serde_json::{Map, Value};

/// The places of a text that are replaced: start, end, and the name.
pub fn places(text: &str) -> Vec<(usize, usize, String)> {
    let mut places = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("<<").map(|at| at + from) {
        let Some(end) = text[start..].find(">>").map(|at| at + start) else {
            break;
        };
        let name = text[start + 2..end].trim().to_owned();
        places.push((start, end + 2, name));
        from = end + 2;
    }
    places
}

/// Replaces all places by their values. A text that consists of one place becomes the value, with its type.
///
/// # Panics
///
/// If a value is missing: the lint must find that first.
pub fn fill(value: &Value, prefix: &str, values: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => fill_text(text, prefix, values),
        Value::Array(items) => items.iter().map(|it| fill(it, prefix, values)).collect(),
        Value::Object(entries) => {
            let entries = entries.iter();
            let filled = entries.map(|(name, it)| (name.clone(), fill(it, prefix, values)));
            Value::Object(filled.collect())
        }
        other => other.clone(),
    }
}

fn fill_text(text: &str, prefix: &str, values: &Map<String, Value>) -> Value {
    let mut filled = String::new();
    let mut from = 0;
    for (start, end, name) in places(text) {
        let Some(name) = name.strip_prefix(prefix) else {
            continue;
        };
        let value = values.get(name);
        let value = value.unwrap_or_else(|| panic!("no value for `{name}` in {text:?}"));
        if start == 0 && end == text.len() {
            return value.clone();
        }
        filled.push_str(&text[from..start]);
        match value {
            Value::String(value) => filled.push_str(value),
            other => filled.push_str(&other.to_string()),
        }
        from = end;
    }
    filled.push_str(&text[from..]);
    Value::String(filled)
}

#[test]
fn a_value_without_other_text_keeps_its_type() {
    let values = serde_json::json!({"a": true, "b": "x"});
    let values = values.as_object().expect("an object");
    let text = serde_json::json!([
        "<< parameters.a >>",
        "<<parameters.b>> and << parameters.a >>",
        "<< pipeline.id >>"
    ]);
    assert_eq!(
        fill(&text, "parameters.", values),
        serde_json::json!([true, "x and true", "<< pipeline.id >>"])
    );
}
