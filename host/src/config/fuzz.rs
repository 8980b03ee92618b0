//! Properties that hold for any `greenlight.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

use super::find::Found;
use super::resolved::Resolved;
use super::shown::{self, Setting, Source};
use super::{Config, FILE};
use crate::error::Error;
use crate::journal::Address;

/// Reads a configuration. An error names one of its lines. The settings that `greenlight config show` prints are a
/// configuration with the same settings.
pub(crate) fn file(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let lines = text.split('\n').count();
    match resolved(text) {
        Ok(resolved) => {
            let settings = shown::settings(&resolved);
            for setting in &settings {
                if let Source::File(line) = setting.source {
                    assert!((1..=lines).contains(&line), "{setting:?}");
                }
            }
            read_again(&settings);
        }
        Err(error) => {
            let place = error.message.strip_prefix("line ");
            let line = place.and_then(|it| it.split_once(": ")?.0.parse().ok());
            // A key that the text lacks has no line.
            let is_named = line.is_some_and(|it: usize| (1..=lines).contains(&it));
            assert!(is_named || error.message.starts_with('`'), "{error}");
            assert!(!error.help.is_empty(), "{error}");
        }
    }
}

fn resolved(text: &str) -> Result<Resolved, Error> {
    let found = Found {
        path: FILE.into(),
        text: text.to_owned(),
    };
    let config = Config::parse(text, Path::new("."))?;
    let mut resolved = Resolved::of_file(&config);
    resolved.file = Some((found, config));
    Ok(resolved)
}

/// Writes settings as a file, reads the file, and compares its settings.
fn read_again(settings: &[Setting]) {
    let text = written(settings);
    let resolved = resolved(&text).unwrap_or_else(|it| panic!("{it}: {text}"));
    let shown = shown::settings(&resolved);
    for setting in settings.iter().filter(|it| !it.value.is_null()) {
        let found = shown.iter().find(|it| it.name == setting.name);
        assert_eq!(
            found.map(|it| &it.value),
            Some(&setting.value),
            "{setting:?}"
        );
    }
}

/// A table with its name.
type Table = (String, Map<String, Value>);

/// The settings as TOML, with one line for each key of the top level.
fn written(settings: &[Setting]) -> String {
    let is_command =
        |it: &Setting| it.name.starts_with("load-test.") && it.name.ends_with(".command");
    let has_load_test = settings.iter().any(is_command);
    let has_one = settings.iter().any(|it| it.name == "load-test.command");
    let mut root = Map::new();
    let mut load_test = Map::new();
    let mut environments: Vec<Table> = Vec::new();
    // Tables that exist only in the file, by the list that they are in and their name.
    let mut lists: BTreeMap<&str, Vec<Table>> = BTreeMap::new();
    let mut people: Vec<Table> = Vec::new();
    for Setting { name, value, .. } in settings {
        let has_no_place = (name.starts_with("load-test.") && !has_load_test)
            || (name == "policy.file" && value == "bundled");
        match (name.split('.').collect::<Vec<_>>().as_slice(), value) {
            (_, Value::Null) => {}
            _ if has_no_place => {}
            (["environment"], Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                environments.extend(names.map(|it| (it.to_owned(), Map::new())));
            }
            (["environment", of, path @ ..], value) => {
                let table = environments.iter_mut().find(|it| it.0 == *of);
                insert(&mut table.expect("an environment").1, path, value);
            }
            // The name of a person may have dots.
            (["serve", "approver", of @ .., key], value) => {
                let of = of.join(".");
                if !people.iter().any(|it| it.0 == of) {
                    people.push((of.clone(), Map::new()));
                }
                let person = people.iter_mut().find(|it| it.0 == of);
                insert(&mut person.expect("a person").1, &[*key], value);
            }
            (["load-test", path @ ..], value) if has_one => {
                insert(&mut load_test, path, value);
            }
            ([list @ ("window" | "step" | "load-test"), of, path @ ..], value) => {
                let tables = lists.entry(list).or_default();
                if !tables.iter().any(|it| it.0 == *of) {
                    tables.push(((*of).to_owned(), Map::new()));
                }
                let table = tables.iter_mut().find(|it| it.0 == *of);
                insert(&mut table.expect("a table").1, path, value);
            }
            (path, value) => insert(&mut root, path, value),
        }
    }
    // Only the default environments have no commands. A file can't name them without commands.
    if environments.iter().any(|(_, it)| it.contains_key("deploy")) {
        root.insert("environment".to_owned(), tables(environments));
    }
    if !people.is_empty() {
        insert(&mut root, &["serve", "approver"], &tables(people));
    }
    if has_one {
        root.insert("load-test".to_owned(), Value::Object(load_test));
    }
    for (list, named) in lists {
        root.insert(list.to_owned(), tables(named));
    }
    let line = |(key, value)| format!("{} = {}\n", toml(&Value::String(key)), toml(&value));
    root.into_iter().map(line).collect()
}

/// A list of tables that have names.
fn tables(named: Vec<Table>) -> Value {
    let tables = named.into_iter().map(|(name, mut table)| {
        table.insert("name".to_owned(), name.into());
        Value::Object(table)
    });
    tables.collect()
}

fn insert(table: &mut Map<String, Value>, path: &[&str], value: &Value) {
    match path {
        [] => {}
        [key] => {
            table.insert((*key).to_owned(), value.clone());
        }
        [key, rest @ ..] => {
            let inner = table.entry(*key).or_insert_with(|| Map::new().into());
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// A value as TOML in one line. Texts and numbers are written as in JSON, except the control character DEL.
fn toml(value: &Value) -> String {
    match value {
        // A list whose tables are numbered.
        Value::Object(table) if table.contains_key("0") => {
            let places = (0..table.len()).map(|place| place.to_string());
            let tables = places.filter_map(|place| table.get(&place).map(toml));
            format!("[{}]", tables.collect::<Vec<_>>().join(", "))
        }
        Value::Object(table) => {
            let pairs = table.iter().map(|(key, value)| {
                format!("{} = {}", toml(&Value::String(key.clone())), toml(value))
            });
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Array(values) => {
            format!(
                "[{}]",
                values.iter().map(toml).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string().replace('\u{7f}', "\\u007f"),
    }
}

/// Reads the address of a database. `greenlight config show` does not print its password.
pub(crate) fn password(bytes: &[u8]) {
    const PASSWORD: &str = "hush";
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let Ok(written) = text.parse::<tokio_postgres::Config>() else {
        return;
    };
    let password = written.get_password().map(String::from_utf8_lossy);
    // A second occurrence may be a part of a name, which is printed.
    if text.parse::<Address>().is_ok()
        && text.matches(PASSWORD).count() == 1
        && password.is_some_and(|it| it.contains(PASSWORD))
    {
        let shown = shown::masked(text);
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}
