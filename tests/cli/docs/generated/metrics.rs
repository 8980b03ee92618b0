//! The reference of metrics, from the source that registers them.

use std::fmt::Write as _;
use std::fs;

use super::{cell, is_current};
use crate::docs::pages;

#[test]
fn metrics() {
    // The metrics, and the states that they count.
    let source: String = ["metrics.rs", "display.rs"]
        .map(|file| pages::root().join("host/src/serve").join(file))
        .map(|path| fs::read_to_string(path).expect("the source of the metrics"))
        .concat();
    let mut text = "# Metrics\n\n`greenlight serve` answers `/metrics` in the OpenMetrics text format, for Prometheus. \
                    [Operations](../operations.md#alerts) lists the alerts.\n\n\
                    | metric | type | labels | means |\n| --- | --- | --- | --- |\n"
        .to_owned();
    let mut count = 0;
    for call in source.split("registry.register(").skip(1) {
        let mut strings = call.split('"').skip(1).step_by(2);
        let name = strings.next().expect("a name");
        let about = strings.next().expect("a description");
        let behind = call.split('"').nth(4).expect("what is counted");
        let mut words = behind.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let field = words
            .find(|it| !it.is_empty() && *it != "metrics")
            .expect("a field");
        let (kind, labels) = kind(&source, field);
        let total = if kind == "counter" { "_total" } else { "" };
        let _ = writeln!(
            text,
            "| `greenlight_{name}{total}` | {kind} | {labels} | {} |",
            cell(about)
        );
        count += 1;
    }
    assert!(count >= 10, "{count} metrics");
    is_current("metrics.md", &text);
}

/// The type of the metric in a field, and its labels with their values.
fn kind(source: &str, field: &str) -> (String, String) {
    let declared = declaration(source, "pub struct Metrics", field);
    let declared = declared.unwrap_or_else(|| panic!("`Metrics` has no field `{field}`"));
    let Some(inner) = declared.strip_prefix("Family<") else {
        return (declared.to_lowercase(), String::new());
    };
    let (labels, kind) = inner
        .trim_end_matches('>')
        .split_once(", ")
        .expect("two types");
    let body = body(source, &format!("struct {labels} "));
    let labels: Vec<_> = body
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(": "))
        .map(|(name, kind)| format!("`{name}`{}", values(kind)))
        .collect();
    (kind.to_lowercase(), labels.join("; "))
}

/// The values of a label: the names of its type, which `names!` lists.
fn values(kind: &str) -> String {
    let kind = kind
        .strip_prefix("Label<")
        .and_then(|kind| kind.strip_suffix('>'))
        .unwrap_or_else(|| panic!("`{kind}` is not a `Label`"));
    let start = format!("\n    {kind} {{");
    let list = ["serve/metrics.rs", "serve/display.rs", "contract/names.rs"]
        .iter()
        .find_map(|file| {
            let source = fs::read_to_string(pages::root().join("host/src").join(file));
            let source = source.expect("a source file");
            let (_, lists) = source.split_once("\nnames! {")?;
            let (_, list) = lists.split_once(&start)?;
            Some(list.split_once('}')?.0.to_owned())
        })
        .unwrap_or_else(|| panic!("no `names!` of `{kind}`"));
    let names: Vec<_> = list.split('"').skip(1).step_by(2).collect();
    assert!(names.len() > 1, "{kind}: {names:?}");
    format!(": `{}`", names.join("`, `"))
}

fn declaration<'a>(source: &'a str, of: &str, field: &str) -> Option<&'a str> {
    let lines = body(source, of).lines();
    let mut fields =
        lines.filter_map(|line| line.trim().trim_start_matches("pub ").split_once(": "));
    fields
        .find(|(name, _)| *name == field)
        .map(|(_, kind)| kind.trim_end_matches(','))
}

/// What is between the braces that follow some words.
fn body<'a>(source: &'a str, words: &str) -> &'a str {
    let (_, after) = source
        .split_once(words)
        .unwrap_or_else(|| panic!("no `{words}`"));
    let (_, after) = after.split_once('{').expect("a brace");
    after.split_once("\n}").expect("its end").0
}
