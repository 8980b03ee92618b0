//! Blocks of shell commands run, with stand-ins for what takes minutes.

use std::fs;

use greenlight::cli;

use super::pages;
use super::workshop::Clone;

/// Subcommands of cargo that the documentation may name.
const CARGO: [&str; 9] = [
    "bench", "build", "check", "clippy", "deny", "doc", "fmt", "run", "test",
];

#[test]
fn scripts_run() {
    let manifest = pages::root().join("host/Cargo.toml");
    let manifest = fs::read_to_string(manifest).expect("the manifest");
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
}
