//! Blocks of shell commands run, with stand-ins for what takes minutes.

use std::fs;
use std::path::Path;

use greenlight::cli;

use super::pages;
use super::workshop::Clone;

/// Subcommands of cargo that the documentation may name.
const CARGO: [&str; 9] = [
    "bench", "build", "check", "clippy", "deny", "doc", "fmt", "run", "test",
];

#[test]
fn scripts_run() {
    let manifests = ["host/Cargo.toml", "guest/Cargo.toml"];
    let read = |it| fs::read_to_string(pages::root().join(it)).expect("the manifest");
    let manifest = manifests.map(read).concat();
    let mut ran = 0;
    for page in pages::all() {
        let blocks = page.blocks_in("sh");
        if blocks.is_empty() {
            continue;
        }
        let clone = Clone::new();
        for block in blocks {
            for call in clone.run(&block.text) {
                let place = format!("{}:{}: {}", page.name, block.line, call.join(" "));
                check(&call, &manifest, &place);
                ran += 1;
            }
        }
    }
    assert!(ran >= 2, "{ran} calls");
}

/// What `cargo` was asked for exists.
fn check(call: &[String], manifest: &str, place: &str) {
    let words: Vec<_> = call.iter().map(String::as_str).collect();
    let ["cargo", subcommand, arguments @ ..] = &words[..] else {
        return;
    };
    assert!(CARGO.contains(subcommand), "{place}");
    let (own, others) = arguments
        .iter()
        .position(|it| *it == "--")
        .map_or((arguments, &[][..]), |at| {
            (&arguments[..at], &arguments[at + 1..])
        });
    if *subcommand == "run" {
        let all = std::iter::once("greenlight").chain(others.iter().copied());
        if let Err(error) = cli::command().try_get_matches_from(all) {
            panic!("{place}: {error}");
        }
    }
    for pair in own.windows(2) {
        let [option, value] = pair else { continue };
        let known = match *option {
            "-p" | "--package" => ["greenlight", "greenlight-policy"].contains(value),
            "--test" => manifest.contains(&format!("[[test]]\nname = \"{value}\"")),
            "--bench" => manifest.contains(&format!("[[bench]]\nname = \"{value}\"")),
            _ => true,
        };
        assert!(known, "{place}: {value}");
    }
    if *subcommand == "test" {
        check_filter(own, place);
    }
}

/// A filter of tests matches the module of a source file or the name of a function.
fn check_filter(arguments: &[&str], place: &str) {
    let valued = ["-p", "--package", "--test", "--bench"];
    let before = std::iter::once(&"").chain(arguments);
    let filter = before
        .zip(arguments)
        .find(|(before, it)| !it.starts_with('-') && !valued.contains(before));
    let Some((_, filter)) = filter else { return };
    let target = arguments.windows(2).find(|it| it[0] == "--test");
    let folder = match target {
        Some(target) => pages::root().join("tests").join(target[1]),
        None => pages::root().join("host/src"),
    };
    assert!(has_test(&folder, "", filter), "{place}: no test `{filter}`");
}

fn has_test(folder: &Path, above: &str, filter: &str) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        let stem = path.file_stem().expect("a name").to_string_lossy();
        let module = format!("{above}{stem}::");
        if path.is_dir() {
            return has_test(&path, &module, filter);
        }
        path.extension().is_some_and(|it| it == "rs") && {
            let text = fs::read_to_string(&path).expect("a source file");
            text.contains("#[test]")
                && (module.contains(filter) || text.contains(&format!("fn {filter}(")))
        }
    })
}

#[test]
fn a_filter_of_tests_is_looked_up() {
    let folder = pages::root().join("tests/cli");
    assert!(has_test(&folder, "", "docs::scripts"));
    assert!(has_test(&folder, "", "a_filter_of_tests_is_looked_up"));
    let unknown = ["docs", "gone"].join("::");
    assert!(!has_test(&folder, "", &unknown));
}
