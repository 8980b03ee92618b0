//! Every block is of a kind that a test runs.

use std::fs;
use std::path::Path;

use greenlight::cli;
use greenlight::config::Config;
use serde_json::Value;

use super::pages::{self, Block, Page};
use super::snippets;
use crate::harness::greenlight;

/// The kinds of blocks. What runs or checks `console` and `sh` is in modules of their own.
const KINDS: [&str; 8] = [
    "console", "sh", "toml", "yaml", "groovy", "json", "ini", "log",
];

#[test]
fn every_block_is_of_a_kind_that_is_checked() {
    let mut found = Vec::new();
    for page in pages::all() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.name, block.line);
            assert!(
                KINDS.contains(&block.language),
                "{place}: no test runs a block of the kind {:?}",
                block.language
            );
            found.push(block.language.to_owned());
        }
    }
    found.sort();
    found.dedup();
    assert!(found.len() >= 6, "{found:?}");
}

/// Markdown takes indented lines for a block, too, but no test would run it.
#[test]
fn no_block_is_indented() {
    for page in pages::all() {
        let found = indented(&page);
        assert!(
            found.is_empty(),
            "{}: indented blocks in lines {found:?}; use a fence",
            page.name
        );
    }
}

/// The lines of a page that begin an indented block: they follow an empty line, outside of a list.
fn indented(page: &Page) -> Vec<usize> {
    let (mut list, mut empty, mut found) = (false, true, Vec::new());
    for (number, line) in page.prose() {
        let is_indented = line.starts_with("    ") || line.starts_with('\t');
        if line.trim().is_empty() {
            empty = true;
            continue;
        }
        if is_indented && empty && !list {
            found.push(number);
        }
        if !line.starts_with([' ', '\t']) {
            let sign = line.split(' ').next().unwrap_or_default();
            list = sign == "-"
                || sign
                    .strip_suffix('.')
                    .is_some_and(|it| it.parse::<u8>().is_ok());
        }
        empty = false;
    }
    found
}

#[test]
fn an_indented_block_is_found() {
    let lines = |text: &str| {
        let text = text.to_owned();
        let (name, path) = (String::new(), Path::new("").to_owned());
        indented(&Page { name, path, text })
    };
    assert_eq!(lines("Text.\n\n    block\n"), [3]);
    assert_eq!(lines("Text.\n\n\tblock\n"), [3]);
    assert_eq!(
        lines("- item\n\n    of the item\n\nText.\n\n    block\n"),
        [7]
    );
    assert_eq!(lines("Text\n    that goes on\n"), [0; 0]);
    assert_eq!(lines("```sh\n\n    fenced\n```\n"), [0; 0]);
}

/// The blocks of a page that begin with the comment `# greenlight.toml` are files; the others go on with the one
/// before.
#[test]
fn toml_is_configuration() {
    let mut checked = 0;
    for page in pages::all() {
        let mut file = String::new();
        for block in page.blocks_in("toml") {
            if block.text.starts_with("# greenlight.toml") {
                file.clear();
            }
            file += &block.text;
            if let Err(error) = Config::parse(&file, Path::new(".")) {
                panic!("{}:{}: {error:?}\n{file}", page.name, block.line);
            }
            if file.contains("[[environment]]") {
                every_command_can_use(&file, &format!("{}:{}", page.name, block.line));
            }
            checked += 1;
        }
    }
    assert!(checked >= 4, "{checked} blocks");
}

/// Runs `config check` on a whole configuration. Its policy is the bundled one, so the digest of the example becomes the
/// one of that component.
#[track_caller]
fn every_command_can_use(file: &str, place: &str) {
    let mut file = file.to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    if file.contains("[policy]") {
        let policy = |arguments: &[&str]| {
            let ended = greenlight(arguments).within(folder.path()).run();
            assert_eq!(ended.status, 0, "{place}: {}", ended.stderr);
            ended
        };
        policy(&["policy", "export", "policy.wasm"]);
        let inspected = policy(&["policy", "inspect", "policy.wasm", "--format", "json"]).json();
        let start = file.find("digest = \"").expect("a digest") + "digest = \"".len();
        let end = start + file[start..].find('"').expect("its end");
        let digest = inspected["digest"].as_str().expect("a digest");
        file.replace_range(start..end, digest);
    }
    fs::write(folder.path().join("greenlight.toml"), &file).expect("written");
    let ended = greenlight(["config", "check", "--offline"])
        .within(folder.path())
        .run();
    assert_eq!(ended.status, 0, "{place}: {}\n{file}", ended.stderr);
}

#[test]
fn json_fits_its_schema() {
    for page in pages::all() {
        for block in page.blocks_in("json") {
            let place = format!("{}:{}", page.name, block.line);
            let document: Value = serde_json::from_str(&block.text).expect(&place);
            let schema = document["schema"]
                .as_str()
                .expect("a document names its schema");
            let (name, _) = schema
                .strip_prefix("greenlight.")
                .and_then(|it| it.split_once('/'))
                .expect("a name and a version");
            let schema = greenlight(["schema", name]).run().json();
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            if let Err(error) = validator.validate(&document) {
                panic!("{place}: {error} at {}", error.instance_path());
            }
        }
    }
}

#[test]
fn groovy_and_yaml_are_known_to_a_test() {
    let mut snippets = 0;
    for page in pages::all() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.name, block.line);
            let first = block.text.lines().next().unwrap_or_default();
            let is_snippet = snippets::CI
                .iter()
                .any(|(name, begins)| *name == page.name && first.starts_with(begins));
            match block.language {
                "groovy" | "yaml" if is_snippet => snippets += 1,
                "groovy" => panic!("{place}: not in `snippets::CI`"),
                "yaml" => yaml(&page, &block, first),
                _ => {}
            }
        }
    }
    assert_eq!(snippets, snippets::CI.len());
}

#[track_caller]
fn yaml(page: &Page, block: &Block<'_>, first: &str) {
    let place = format!("{}:{}", page.name, block.line);
    let document: Value = serde_saphyr::from_str(&block.text).expect(&place);
    match first {
        "# config.yml of CNCF Distribution" => {
            let endpoint = &document["notifications"]["endpoints"][0];
            let url = endpoint["url"].as_str().expect("a URL");
            assert!(url.ends_with("/hooks"), "{place}");
            let token = &endpoint["headers"]["Authorization"][0];
            assert!(
                token.as_str().is_some_and(|it| it.starts_with("Bearer ")),
                "{place}"
            );
        }
        "# alerts for Prometheus" => {
            let metrics = pages::page("host/docs/reference/metrics.md").text;
            let rules = document["groups"][0]["rules"].as_array().expect("rules");
            assert!(!rules.is_empty(), "{place}");
            for rule in rules {
                let expression = rule["expr"].as_str().expect("an expression");
                let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let mut names = words.filter(|it| it.starts_with("greenlight_")).peekable();
                assert!(names.peek().is_some(), "{place}: {expression}");
                for name in names {
                    assert!(metrics.contains(&format!("`{name}`")), "{place}: {name}");
                }
            }
        }
        _ => panic!("{place}: no test knows a file that begins with {first:?}"),
    }
}

/// A unit of systemd: its sections, and a command line that greenlight takes.
#[test]
fn units_start_what_there_is() {
    for page in pages::all() {
        for block in page.blocks_in("ini") {
            let place = format!("{}:{}", page.name, block.line);
            let lines = block.text.lines().filter(|line| !line.is_empty());
            for line in lines {
                let known = ["[Unit]", "[Service]", "[Install]"].contains(&line);
                assert!(known || line.contains('='), "{place}: {line}");
            }
            let value = |key: &str| {
                let mut lines = block.text.lines();
                lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            };
            // Deployments are children of the server, and outlive it.
            assert_eq!(value("KillMode"), Some("process"), "{place}");
            let command = value("ExecStart").expect(&place);
            let arguments = command.split(' ');
            if let Err(error) = cli::command().try_get_matches_from(arguments) {
                panic!("{place}: {error}");
            }
        }
    }
}
