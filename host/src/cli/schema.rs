//! `greenlight schema`: the JSON Schemas of output and input.

use clap::{Args, ValueEnum};

use super::output::Output;
use super::{Error, Exit};

/// Print the JSON Schema of a document.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name the document.
    #[arg(value_enum)]
    name: Name,
}

/// A document that has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// What `label --format json` prints.
    Label,
    /// What `tags --format json` prints.
    Tags,
    /// What `resolve --format json` prints.
    Resolve,
    /// What `decide --format json` prints.
    Decision,
    /// What `label`, `tags`, `resolve`, `decide`, `explain` and `run` print with `--format json` if the policy refuses.
    Refusal,
    /// What `explain --format json` prints.
    Explain,
    /// What `facts --format json` prints.
    Facts,
    /// A line of `replay --format jsonl`.
    Replay,
    /// What `hours --format json` prints.
    Hours,
    /// What `policy inspect --format json` prints.
    Policy,
    /// What `policy table --format json` prints.
    Table,
    /// What `decide --history` reads.
    History,
    /// What `status --format json` prints.
    Status,
    /// What `approve`, `reject`, `hold` and `cancel` print with `--format json`, and what `serve` answers to them.
    Intervention,
    /// What `window --format json` prints.
    Window,
    /// What `live --format json` prints.
    Live,
    /// What `rollback-advice --format json` prints.
    RollbackAdvice,
    /// The output of `journal verify --format json`.
    JournalVerify,
    /// A line of the output of `journal export`.
    JournalExport,
    /// The keys of `greenlight.toml`.
    Config,
    /// What `config show --format json` prints.
    Settings,
}

/// Embeds the schemas, which a test below generates from the types of the documents.
macro_rules! schemas {
    ($($name:ident => $file:literal),* $(,)?) => {
        impl Name {
            /// The schema.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => include_str!(concat!("../../schemas/", $file, ".json"))),*
                }
            }
        }
    };
}

schemas! {
    Label => "label",
    Tags => "tags",
    Resolve => "resolve",
    Decision => "decision",
    Refusal => "refusal",
    Explain => "explain",
    Facts => "facts",
    Replay => "replay",
    Hours => "hours",
    Policy => "policy",
    Table => "table",
    History => "history",
    Status => "status",
    Intervention => "intervention",
    Window => "window",
    Live => "live",
    RollbackAdvice => "rollback-advice",
    JournalVerify => "journal-verify",
    JournalExport => "journal-export",
    Config => "config",
    Settings => "settings",
}

#[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    output.text(arguments.name.text());
    Ok(Exit::Go)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use schemars::generate::SchemaSettings;
    use schemars::{JsonSchema, Schema, SchemaGenerator};
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::cli::config as settings;
    use crate::cli::{
        explain, facts_document, hours, journal, live, policy, replay, rollback, status, table,
        window,
    };
    use crate::config;
    use crate::contract::documents;
    use crate::contract::history::History;
    use crate::deployment::InterventionDocument;

    fn output<T: JsonSchema>() -> Schema {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<T>()
    }

    fn input() -> SchemaGenerator {
        let settings = SchemaSettings::draft2020_12().for_deserialize();
        settings.into_generator()
    }

    /// The schema of a document, as its types describe it.
    fn generated(name: Name) -> Value {
        let schema = match name {
            Name::Label => output::<documents::LabelDocument>(),
            Name::Tags => output::<documents::TagsDocument>(),
            Name::Resolve => output::<documents::TargetDocument>(),
            Name::Decision => output::<documents::DecisionDocument>(),
            Name::Refusal => output::<documents::RefusalDocument>(),
            Name::Explain => output::<explain::ExplainDocument>(),
            Name::Facts => output::<facts_document::FactsDocument>(),
            Name::Replay => output::<replay::Line>(),
            Name::Hours => output::<hours::HoursDocument>(),
            Name::Policy => output::<policy::PolicyDocument>(),
            Name::Table => output::<table::TableDocument>(),
            Name::History => input().into_root_schema_for::<History>(),
            Name::Status => output::<status::StatusDocument>(),
            Name::Intervention => output::<InterventionDocument>(),
            Name::Window => output::<window::WindowDocument>(),
            Name::Live => output::<live::LiveDocument>(),
            Name::RollbackAdvice => output::<rollback::AdviceDocument>(),
            Name::JournalVerify => output::<journal::VerifyDocument>(),
            Name::JournalExport => output::<journal::Line>(),
            Name::Config => config::schema(input()),
            Name::Settings => output::<settings::SettingsDocument>(),
        };
        let mut schema = schema.to_value();
        strict(&mut schema);
        if name == Name::Config {
            without_null(&mut schema);
        }
        schema["$id"] = json!(format!("greenlight.{}/{}", word(name), version(name)));
        schema["title"] = json!(title(name));
        schema
    }

    /// The version of a document.
    fn version(name: Name) -> u8 {
        match name {
            Name::Hours | Name::Intervention | Name::Window => 1,
            Name::Label
            | Name::Decision
            | Name::Refusal
            | Name::Explain
            | Name::Replay
            | Name::Policy
            | Name::History
            | Name::Status
            | Name::JournalExport
            | Name::Table => 3,
            _ => 2,
        }
    }

    fn word(name: Name) -> String {
        let value = name.to_possible_value().expect("a name");
        value.get_name().to_owned()
    }

    fn title(name: Name) -> String {
        let value = name.to_possible_value().expect("a name");
        value.get_help().expect("a help").to_string()
    }

    /// Refuses unknown keys and numbers out of range, and moves each description to the property that it
    /// describes.
    fn strict(node: &mut Value) {
        match node {
            Value::Object(map) => {
                ranges(map);
                describe_variant(map);
                if map.contains_key("properties") {
                    map.entry("type").or_insert(json!("object"));
                    map.entry("additionalProperties").or_insert(json!(false));
                }
                required_have_no_default(map);
                if let Some(Value::String(text)) = map.get_mut("description") {
                    *text = text.replace('\n', " ");
                }
                map.values_mut().for_each(strict);
            }
            Value::Array(items) => items.iter_mut().for_each(strict),
            _ => {}
        }
    }

    /// A required key has no default, even where the program fills one in for a better error.
    fn required_have_no_default(map: &mut Map<String, Value>) {
        let Some(Value::Array(required)) = map.get("required").cloned() else {
            return;
        };
        let Some(Value::Object(properties)) = map.get_mut("properties") else {
            return;
        };
        for name in required.iter().filter_map(Value::as_str) {
            if let Some(Value::Object(property)) = properties.get_mut(name) {
                property.remove("default");
            }
        }
    }

    /// Replaces the name of a number's type with its range.
    fn ranges(map: &mut Map<String, Value>) {
        let Some(format) = map.get("format").and_then(Value::as_str) else {
            return;
        };
        let (least, most) = match format {
            "uint32" => (json!(0), json!(u32::MAX)),
            "uint64" => (json!(0), json!(u64::MAX)),
            "uint" => (json!(0), Value::Null),
            "int32" => (json!(i32::MIN), json!(i32::MAX)),
            "double" => (Value::Null, Value::Null),
            _ => return,
        };
        map.remove("format");
        for (key, value) in [("minimum", least), ("maximum", most)] {
            if !value.is_null() {
                map.entry(key).or_insert(value);
            }
        }
    }

    /// An enum variant is an object with one key; moves its description to that key.
    fn describe_variant(map: &mut Map<String, Value>) {
        let Some(description) = map.get("description").cloned() else {
            return;
        };
        let Some(Value::Object(properties)) = map.get_mut("properties") else {
            return;
        };
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            property
                .entry("description")
                .or_insert_with(|| description.clone());
        }
    }

    /// TOML has no null: a key that is optional is left out.
    fn without_null(node: &mut Value) {
        match node {
            Value::Object(map) => {
                map.retain(|key, value| !(key == "default" && value.is_null()));
                if let Some(Value::Array(types)) = map.get_mut("type") {
                    types.retain(|it| it != "null");
                    if let [one] = types.as_slice() {
                        let one = one.clone();
                        map.insert("type".to_owned(), one);
                    }
                }
                if let Some(Value::Array(any)) = map.get_mut("anyOf") {
                    any.retain(|it| it["type"] != "null");
                    if let [Value::Object(one)] = any.as_slice() {
                        let one = one.clone();
                        map.remove("anyOf");
                        map.extend(one);
                    }
                }
                map.values_mut().for_each(without_null);
            }
            Value::Array(items) => items.iter_mut().for_each(without_null),
            _ => {}
        }
    }

    /// The descriptions in a schema.
    fn descriptions<'a>(node: &'a Value, found: &mut Vec<&'a str>) {
        match node {
            Value::Object(map) => {
                found.extend(map.get("description").and_then(Value::as_str));
                map.values().for_each(|it| descriptions(it, found));
            }
            Value::Array(items) => items.iter().for_each(|it| descriptions(it, found)),
            _ => {}
        }
    }

    /// What only a reader of the source can follow in a text: links to items, paths and comments of Rust.
    fn rust(text: &str) -> Option<&'static str> {
        let marks = ["[`", "`]", "](", "::", "///", "# Errors"];
        marks.into_iter().find(|mark| text.contains(mark))
    }

    #[test]
    fn descriptions_have_no_links_or_paths_of_rust() {
        assert_eq!(rust("Written as [`Format::name`]."), Some("[`"));
        assert_eq!(rust("A label: `[load test: warn]`."), None);
        for name in Name::value_variants() {
            let schema = serde_json::from_str(name.text()).expect("JSON");
            let mut found = Vec::new();
            descriptions(&schema, &mut found);
            assert!(!found.is_empty(), "{name:?}");
            for text in found {
                assert_eq!(rust(text), None, "{name:?}: {text}");
            }
        }
    }

    /// `UPDATE_SCHEMAS=1 cargo test -p greenlight --lib cli::schema` rewrites the committed schemas.
    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        let mut stale = Vec::new();
        for name in Name::value_variants() {
            let schema = generated(*name);
            if std::env::var_os("UPDATE_SCHEMAS").is_some() {
                let mut text = serde_json::to_string_pretty(&schema).expect("JSON");
                text.push('\n');
                let file = folder.join(format!("{}.json", word(*name)));
                std::fs::write(file, text).expect("a schema is written");
            } else if serde_json::from_str::<Value>(name.text()).ok() != Some(schema) {
                stale.push(word(*name));
            }
        }
        assert!(
            stale.is_empty(),
            "{stale:?} differ from their types: run \
             `UPDATE_SCHEMAS=1 cargo test -p greenlight --lib cli::schema`"
        );
    }
}
