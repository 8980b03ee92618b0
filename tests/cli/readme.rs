//! README holds: its transcripts are run, its commands exist, its tables say what the code says.

use std::fs;
use std::path::Path;
use std::process::Command;

use greenlight::cli::Exit;
use greenlight::config::Config;

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

/// A transcript without what differs from run to run: times, counts, and what is waited for meanwhile.
fn steady(text: &str) -> String {
    let waits = |line: &&str| !line.contains(" … ");
    let mut lines = Vec::new();
    for line in text.lines().filter(waits) {
        let timed = line.get(..6).is_some_and(|time| {
            let time = time.as_bytes();
            time[2] == b':' && time[5] == b' '
        });
        let line = if timed { &line[6..] } else { line };
        let line = line.split(" (").next().filter(|_| timed).unwrap_or(line);
        let loaded = line.contains(" requests, ");
        let digits = |c: char| if c.is_ascii_digit() { '#' } else { c };
        let line: String = if loaded {
            line.chars().map(digits).collect()
        } else {
            line.to_owned()
        };
        lines.push(line.replace("####", "###"));
    }
    lines.join("\n")
}

#[test]
fn transcripts_are_what_comes_out() {
    let shop = shop();
    let mut run = 0;
    for block in blocks(&readme(), "console") {
        let commands: Vec<_> = block.split("$ ").filter(|part| !part.is_empty()).collect();
        for command in commands {
            let (line, expected) = command.split_once('\n').expect("a line and its output");
            let shown = shell(line, shop.path());
            assert_eq!(steady(&shown), steady(expected), "$ {line}");
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
            "stage-loadtest-abort-",
            "run the load test against `stage`",
            "deploy to `prod`",
            "promote[load-test-passed]",
        ]),
        Text::Nothing,
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
        .take_while(|name| !name.is_empty())
    {
        assert!(readme.contains(&format!("`{name}")), "{name}");
        listed += 1;
    }
    assert_eq!(listed, 17, "{help}");
}

#[test]
fn the_configuration_is_one() {
    let block = &blocks(&readme(), "toml")[0];
    let config = Config::parse(block, Path::new(".")).expect("a configuration");
    assert_eq!(config.environments.len(), 2);
    assert!(config.load_test.is_some() && config.slack.is_some());
    let block = format!("{block}{}", &blocks(&readme(), "toml")[1]);
    let config = Config::parse(&block, Path::new(".")).expect("a configuration");
    let serve = config.serve.expect("what is taken in");
    assert!(serve.registry.is_some() && serve.elsewhere.is_none());
}
