//! README is short, and its two commands are what CI runs.

use std::fs;

use crate::docs::pages;
use crate::docs::workshop::shop;
use crate::harness::{Text, fixture, greenlight};

/// The most lines that README may have.
const LINES: usize = 150;

#[test]
fn it_is_short() {
    let lines = pages::page("README.md").text.lines().count();
    assert!(lines <= LINES, "{lines} lines");
}

#[test]
fn the_two_commands() {
    let readme = pages::page("README.md");
    let block = &readme.blocks_in("sh")[0].text;
    let commands: Vec<_> = block.lines().collect();
    let [main_job, tests] = commands[..] else {
        panic!("two commands: {commands:?}");
    };
    let arguments = main_job
        .strip_prefix("cargo run -- ")
        .expect("it runs the program");
    let shop = shop();
    greenlight(arguments.split(' ')).within(shop.path()).gives(
        0,
        Text::Has(&[
            "stage-loadtest-abort-",
            "run the load test against `stage`",
            "deploy to `prod`",
            "promote[load-test-passed]",
        ]),
        Text::Is(
            "note: no configuration; `run --local` sets `min-requests` to 20 and `convergence-deadline` to 60s\n",
        ),
    );
    // CI runs both on a fresh machine. The script there reads them from README, and insists on the second.
    let ci = fs::read_to_string(fixture("../.ci/run")).expect("what CI runs");
    assert!(ci.lines().any(|line| line == "step tests/fresh/run"));
    let script = fs::read_to_string(fixture("fresh/commands")).expect("a script");
    assert!(script.contains(&format!("!= '{tests}'")), "{tests}");
}

/// What a template was to be filled with.
#[test]
fn nothing_is_left_to_fill_in() {
    for page in pages::all() {
        let mut words = page.text.split(|c: char| c.is_whitespace() || c == '|');
        let left =
            words.find(|word| word.len() > 2 && word.starts_with('@') && word.ends_with('@'));
        assert_eq!(left, None, "{}", page.name);
    }
}
