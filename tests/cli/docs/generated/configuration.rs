//! The reference of `greenlight.toml`, from its JSON Schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::{cell, is_current};
use crate::harness::greenlight;

#[test]
fn configuration() {
    let schema = greenlight(["schema", "config"]).run().json();
    let mut text = "# Configuration\n\nEvery command reads `greenlight.toml`: the file that `--config` names, else \
                    `GREENLIGHT_CONFIG`, else the first one found from `--repo` or the current folder upwards to \
                    the root of the git repository. A flag overrides a variable, a variable overrides the file, and \
                    the file overrides the default. `greenlight config show` prints each setting and its source. \
                    Unknown keys are errors.\n\n`greenlight schema config` prints the JSON Schema that this page is \
                    generated from; editors can check the file with it.\n\nA length of time is written `90s`, `10m` \
                    or `1h 30m`. A command is a list: the program and its arguments. No shell reads it. A relative path in \
                    the file starts from the folder of the file, whatever the current folder is; one on the command \
                    line or in a variable starts from the current folder.\n"
        .to_owned();
    tables(&schema, &schema, "", &mut text);
    is_current("configuration.md", &text);
}

/// Writes a section for each table below a schema.
fn tables(root: &Value, schema: &Value, path: &str, text: &mut String) {
    for (name, property) in properties(schema) {
        let Some((table, is_list)) = table(root, property) else {
            continue;
        };
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let heading = if is_list {
            format!("[[{path}]]")
        } else {
            format!("[{path}]")
        };
        let _ = write!(text, "\n## {heading}\n\n{}\n\n", about(root, property));
        *text += "| key | type | means |\n| --- | --- | --- |\n";
        for (name, property) in properties(table) {
            if self::table(root, property).is_some() {
                continue;
            }
            let required = table["required"]
                .as_array()
                .is_some_and(|it| it.contains(&Value::from(name.as_str())));
            let required = if required { " Required." } else { "" };
            let _ = writeln!(
                text,
                "| `{name}` | {} | {}{required} |",
                cell(&kind(root, property)),
                cell(&about(root, property))
            );
        }
        tables(root, table, &path, text);
    }
}

/// The properties of a schema, the required ones first.
fn properties(schema: &Value) -> Vec<(String, &Value)> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object();
    let all = properties.into_iter().flatten();
    let mut all: Vec<_> = all.map(|(name, it)| (name.clone(), it)).collect();
    all.sort_by_key(|(name, _)| {
        (
            !required.contains(&Value::from(name.as_str())),
            name.clone(),
        )
    });
    all
}

/// Follows references, and looks behind "or null".
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema["$ref"].as_str() {
        let pointer = target.trim_start_matches('#');
        return resolved(root, root.pointer(pointer).expect("a definition"));
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        let Some(choices) = schema[choice].as_array() else {
            continue;
        };
        let real: Vec<_> = choices.iter().filter(|it| it["type"] != "null").collect();
        if let [only] = real[..]
            && (only.get("$ref").is_some() || only.get("type").is_some())
        {
            return resolved(root, only);
        }
    }
    schema
}

/// The table that a property is, and whether it may be there several times.
fn table<'a>(root: &'a Value, property: &'a Value) -> Option<(&'a Value, bool)> {
    let schema = resolved(root, property);
    if schema["properties"].is_object() {
        return Some((schema, false));
    }
    // One table, or a list of them: it is shown as a list.
    let mut choices = schema["anyOf"].as_array().into_iter().flatten();
    if let Some(list) = choices.find(|it| it["items"].is_object()) {
        return table(root, list);
    }
    let items = resolved(root, &schema["items"]);
    items["properties"].is_object().then_some((items, true))
}

fn about(root: &Value, property: &Value) -> String {
    let own = property["description"].as_str();
    let found = own.or_else(|| resolved(root, property)["description"].as_str());
    let text = found.unwrap_or_default();
    // A description that names the default says it in the user's own form: `10m`, not a number.
    let default = property
        .get("default")
        .filter(|_| !text.contains("unless set"));
    let default = default
        .filter(|it| !it.is_null())
        .map(|it| format!(" Default: `{it}`."))
        .unwrap_or_default();
    format!("{text}{default}")
}

fn kind(root: &Value, property: &Value) -> String {
    let schema = resolved(root, property);
    let words = |choices: &Vec<Value>| {
        let words = choices.iter().map(|it| it.get("const").unwrap_or(it));
        let words: Vec<_> = words
            .map(|it| format!("`{}`", it.as_str().unwrap_or("?")))
            .collect();
        words.join(", ")
    };
    if let Some(choices) = schema["enum"].as_array().or(schema["oneOf"].as_array()) {
        return words(choices);
    }
    let target = property["$ref"].as_str().unwrap_or_default();
    if let Some(name @ ("length-of-time" | "command")) = target.rsplit('/').next() {
        return name.replace('-', " ");
    }
    let named = match &schema["type"] {
        Value::Array(several) => several.iter().find(|it| *it != "null"),
        one => Some(one),
    };
    match named.and_then(Value::as_str).unwrap_or("any") {
        "array" => format!("list of {}s", kind(root, &schema["items"])),
        "string" if schema["format"] == "uri" => "URL".to_owned(),
        other => other.to_owned(),
    }
}
