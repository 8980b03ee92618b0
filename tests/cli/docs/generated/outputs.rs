//! The reference of what programs read: exported variables and JSON documents.

use std::fmt::Write as _;
use std::fs;

use greenlight::cli;
use serde_json::Value;

use super::super::workshop::shop;
use super::{cell, is_current};
use crate::harness::{SHA, greenlight};

/// The forms of an export, and the system whose `auto` writes it.
const KINDS: [(&str, &str, &str); 6] = [
    (
        "bash-env[=FILE]",
        "`export NAME='…'` lines in `$BASH_ENV`, quoted so that no value is run as code",
        "CircleCI",
    ),
    (
        "github-output[=FILE]",
        "outputs of the step, with random delimiters",
        "GitHub",
    ),
    (
        "github-annotations",
        "`::warning …` and `::error …` on standard error",
        "GitHub",
    ),
    (
        "github-summary[=FILE]",
        "Markdown in `$GITHUB_STEP_SUMMARY`",
        "GitHub",
    ),
    (
        "dotenv=FILE",
        "`NAME=value` lines for `artifacts:reports:dotenv`",
        "GitLab, as `greenlight.env`",
    ),
    (
        "circleci-parameters=FILE",
        "a JSON object for a continued pipeline",
        "",
    ),
];

#[test]
fn outputs() {
    let mut text = "# Outputs\n\n## Exported variables\n\n`--export KIND[=FILE]` writes the answer of `label`, `tags`, \
                    `resolve`, `decide` and `run` where later steps read it. It may be given several times; `auto` writes \
                    what the CI system reads.\n\n| kind | writes | `auto` in |\n| --- | --- | --- |\n"
        .to_owned();
    for (kind, writes, auto) in KINDS {
        assert_is_taken(kind);
        let _ = writeln!(text, "| `{kind}` | {writes} | {auto} |");
    }
    text += "\nA command writes all of its variables, however it ends. A variable without a value is empty, so that \
             no value is left from an earlier call. `GREENLIGHT_REASON` is the code of the reason that decided or \
             refused. In GitHub and CircleCI outputs and parameters have the same names in lower case with hyphens: \
             `GREENLIGHT_LOAD_TEST` is `load-test`. `dotenv` and `circleci-parameters` keep what else is in the \
             file.\n\n| command | variables |\n| --- | --- |\n";
    for (command, arguments) in [
        ("label", vec!["--rev", "HEAD"]),
        ("tags", vec!["--rev", "HEAD", "--branch", "main"]),
        ("resolve", vec![TAG]),
        ("decide", vec!["--tag", TAG, "--stage", "converged"]),
        ("run", vec!["--tag", TAG]),
    ] {
        let _ = writeln!(text, "| `{command}` | {} |", variables(command, &arguments));
    }
    text += "\n## JSON documents\n\n`--format json` (`jsonl` for `replay`) writes documents for programs. Field names \
             and values are kebab-case. Each document names its `schema` and version; `greenlight schema NAME` prints \
             the JSON Schema.\n\n| name | document | schema | fields |\n| --- | --- | --- | --- |\n";
    for (name, about) in documents() {
        let schema = greenlight(["schema", name.as_str()]).run().json();
        let id = schema["$id"].as_str().expect("an id").to_owned();
        let _ = writeln!(
            text,
            "| `{name}` | {} | `{id}` | {} |",
            cell(&about),
            fields(&schema)
        );
    }
    is_current("outputs.md", &text);
}

const TAG: &str = "stage-loadtest-abort-4b825dc642cb6eb9a060e54bf8d69288fbee4904";

fn assert_is_taken(kind: &str) {
    let shop = shop();
    let name = kind.split(['=', '[']).next().expect("a name");
    let kind = if kind.contains('=') {
        format!("{name}=answer")
    } else {
        name.to_owned()
    };
    assert!(TAG.ends_with(SHA));
    let ended = greenlight(["label", "--rev", "HEAD", "--export", kind.as_str()])
        .within(shop.path())
        .run();
    assert_eq!(ended.status, 0, "{kind}: {}", ended.stderr);
}

fn variables(command: &str, arguments: &[&str]) -> String {
    let shop = shop();
    let all = [command].into_iter().chain(arguments.iter().copied());
    greenlight(all.chain(["--export", "dotenv=answer"]))
        .within(shop.path())
        .run();
    let written = fs::read_to_string(shop.path().join("answer")).expect("an export");
    let names = written.lines().filter_map(|line| line.split_once('='));
    let names: Vec<_> = names.map(|(name, _)| format!("`{name}`")).collect();
    assert!(names.len() >= 4, "{written}");
    names.join(", ")
}

/// The names of documents that have a schema, and what each is.
fn documents() -> Vec<(String, String)> {
    let program = cli::command();
    let schema = program.find_subcommand("schema").expect("the command");
    let mut arguments = schema.get_arguments();
    let name = arguments
        .find(|it| it.get_id() == "name")
        .expect("its argument");
    let values = name.get_possible_values();
    let about = |it: &clap::builder::PossibleValue| {
        it.get_help().map(ToString::to_string).unwrap_or_default()
    };
    values
        .iter()
        .map(|it| (it.get_name().to_owned(), about(it)))
        .collect()
}

/// The fields of a document, or those of its first form.
fn fields(schema: &Value) -> String {
    let forms = [
        &schema["properties"],
        &schema["oneOf"][0]["properties"],
        &schema["anyOf"][0]["properties"],
    ];
    let form = forms.into_iter().find_map(Value::as_object);
    let mut names: Vec<_> = form
        .into_iter()
        .flatten()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    names.sort();
    names.join(", ")
}
