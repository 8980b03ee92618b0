//! The fields of the server's log are those that the page about operations lists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::pages;

/// Macros of `tracing` that write fields.
const MACROS: [&str; 8] = [
    "error!(",
    "warn!(",
    "info!(",
    "debug!(",
    "trace!(",
    "error_span!(",
    "event!(",
    "info_span!(",
];

/// The arguments of a macro call: texts and the code between them.
#[derive(Debug, PartialEq)]
enum Part {
    Text(String),
    Code(String),
}

/// Splits the arguments of a macro at their commas. The source begins after the opening parenthesis.
fn arguments(source: &str) -> Vec<Vec<Part>> {
    let mut all = vec![Vec::new()];
    let mut code = String::new();
    let mut depth = 1;
    let mut characters = source.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let mut text = String::new();
                while let Some(inner) = characters.next().filter(|it| *it != '"') {
                    text.push(inner);
                    if inner == '\\' {
                        text.extend(characters.next());
                    }
                }
                let last = all.last_mut().expect("an argument");
                last.push(Part::Code(std::mem::take(&mut code)));
                last.push(Part::Text(text));
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && character == ',') {
            let last = all.last_mut().expect("an argument");
            last.push(Part::Code(std::mem::take(&mut code)));
            if depth == 0 {
                break;
            }
            all.push(Vec::new());
        } else {
            code.push(character);
        }
    }
    all
}

/// The field that an argument sets: `name`, `name = value`, `%name` or `"name" = value`.
fn field(argument: &[Part]) -> Option<String> {
    match argument {
        [Part::Code(code)] => {
            let name = code
                .split('=')
                .next()?
                .trim()
                .trim_start_matches(['%', '?']);
            let is_name =
                !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_lowercase());
            is_name.then(|| name.to_owned())
        }
        [Part::Code(before), Part::Text(name), Part::Code(after), ..] => {
            if before.trim().is_empty() {
                return after.trim_start().starts_with('=').then(|| name.clone());
            }
            let (name, _) = before.split_once('=')?;
            Some(name.trim().to_owned())
        }
        _ => None,
    }
}

/// The fields that a source file logs. Its tests are left out.
fn fields(source: &str) -> BTreeSet<String> {
    let source = source
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(source);
    let mut found = BTreeSet::new();
    for call in source.split("tracing::").skip(1) {
        if let Some(name) = MACROS.iter().find(|name| call.starts_with(**name)) {
            let arguments = arguments(&call[name.len()..]);
            found.extend(arguments.iter().filter_map(|it| field(it)));
        }
    }
    found
}

#[test]
fn fields_are_read_from_each_form() {
    let source = r#"
        tracing::warn!("exit-status" = status, output, at = f(a, "b"), %why, "ended, with (");
        tracing::error_span!("delivery", delivery = 7, source = "x");
        #[cfg(test)]
mod tests {
        tracing::info!(hidden = 1, "x");
    "#;
    let expected = ["at", "delivery", "exit-status", "output", "source", "why"];
    assert_eq!(fields(source), expected.map(str::to_owned).into());
}

#[test]
fn every_field_of_the_log_is_listed() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> = fs::read_dir(sources.join("serve"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.push(sources.join("cli/serve.rs"));
    let mut logged = BTreeSet::new();
    for file in files
        .iter()
        .filter(|it| it.extension().is_some_and(|it| it == "rs"))
    {
        logged.extend(fields(&fs::read_to_string(file).expect("a file")));
    }
    assert!(logged.len() > 30, "{logged:?}");
    let page = pages::all()
        .into_iter()
        .find(|page| page.name.ends_with("docs/operations.md"))
        .expect("the page");
    let (_, logs) = page.text.split_once("\n## Logs\n").expect("the section");
    let logs = logs.split("\n## ").next().unwrap_or(logs);
    let missing: Vec<_> = logged
        .iter()
        .filter(|field| !logs.contains(&format!("`{field}`")))
        .collect();
    assert!(
        missing.is_empty(),
        "not in the table of operations.md: {missing:?}"
    );
}
