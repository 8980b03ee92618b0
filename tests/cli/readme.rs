//! README holds: its transcripts are run, its commands exist, its tables say what the code says.

use std::fs;
use std::path::Path;
use std::process::Command;

use greenlight::cli::Exit;

use crate::harness::{PROGRAM, Repository, Text, fixture, greenlight};

fn readme() -> String {
    fs::read_to_string(fixture("../README.md")).expect("README")
}

/// The code blocks of a language.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if line == opening {
            let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(block.join("\n") + "\n");
        }
    }
    blocks
}

/// The repository that the transcripts were made in.
fn shop() -> Repository {
    let shop = Repository::new();
    shop.commit("Open the shop\n");
    shop.commit("Fix the cart [load test:skip]\n");
    shop.commit(
        "Raise the pool size\n\nThe pool was too small for the evening peak.\n\n[load test: abort]\n",
    );
    shop
}

/// Runs a line as a reader would, and returns what a terminal shows.
fn shell(line: &str, folder: &Path) -> String {
    let program = Path::new(PROGRAM)
        .parent()
        .expect("a folder")
        .display()
        .to_string();
    let path = std::env::var("PATH").expect("PATH");
    let output = Command::new("/bin/sh")
        .args(["-c", &format!("{{ {line}; }} 2>&1")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{program}:{path}"))
        .output()
        .expect("a shell");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn transcripts_are_what_comes_out() {
    let shop = shop();
    let mut run = 0;
    for block in blocks(&readme(), "console") {
        let commands: Vec<_> = block.split("$ ").filter(|part| !part.is_empty()).collect();
        for command in commands {
            let (line, expected) = command.split_once('\n').expect("a line and its output");
            assert_eq!(shell(line, shop.path()), expected, "$ {line}");
            run += 1;
        }
    }
    assert!(run >= 9, "{run} commands");
}

#[test]
fn the_two_commands() {
    let block = &blocks(&readme(), "sh")[0];
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
            "abort: a failed load test stops",
            "stage-loadtest-abort-",
            "promote",
            "stop",
        ]),
        Text::Nothing,
    );
    let ci = fs::read_to_string(fixture("../.ci/run")).expect("what CI runs");
    assert!(
        ci.lines().any(|line| line == format!("step {tests}")),
        "{tests}"
    );
}

/// What a template was to be filled with.
#[test]
fn nothing_is_left_to_fill_in() {
    let readme = readme();
    let mut words = readme.split(|c: char| c.is_whitespace() || c == '|');
    let left = words.find(|word| word.len() > 2 && word.starts_with('@') && word.ends_with('@'));
    assert_eq!(left, None);
}

#[test]
fn the_exit_statuses() {
    let rows: Vec<_> = readme()
        .lines()
        .skip_while(|line| *line != "| status | means |")
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(str::to_owned)
        .collect();
    let expected = Exit::ALL.map(|(exit, meaning)| format!("| {} | {meaning} |", exit as u8));
    assert_eq!(rows, expected);
}

#[test]
fn every_command_is_listed() {
    let help = greenlight(["--help"]).run().stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let readme = readme();
    let mut listed = 0;
    for name in commands
        .map_while(|line| line.trim().split(' ').next())
        .filter(|name| !name.is_empty())
        .take(10)
    {
        assert!(readme.contains(&format!("`{name}")), "{name}");
        listed += 1;
    }
    assert_eq!(listed, 10, "{help}");
}
