//! What the program says about itself.

use crate::harness::{Text, greenlight};

const COMMANDS: [&str; 11] = [
    "label",
    "tags",
    "resolve",
    "decide",
    "explain",
    "facts",
    "replay",
    "policy",
    "schema",
    "completions",
    "man",
];

#[test]
fn version() {
    let shown = format!("greenlight {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        greenlight([flag]).gives(0, Text::Is(&shown), Text::Nothing);
    }
}

#[test]
fn help_lists_the_commands_and_the_exit_statuses() {
    let statuses = "Exit status:
   0  go, also with a warning
   1  stop: the policy says no, or the deployment was superseded or canceled; a check does not hold
   2  invalid command line, configuration or input
   3  go with a warning, only with --warn-exit-code 3
   4  hold: something has to happen first
  70  the policy trapped, timed out, ran into a limit or broke the contract
  74  output, a report or a journal could not be written, or a journal could not be read
";
    for flag in ["--help", "-h"] {
        let ended = greenlight([flag]).gives(0, Text::Has(&[statuses]), Text::Nothing);
        for command in COMMANDS {
            assert!(
                ended.stdout.contains(&format!("\n  {command} ")),
                "{command}"
            );
        }
    }
    for command in COMMANDS {
        let usage = format!("Usage: greenlight {command}");
        greenlight([command, "--help"]).gives(0, Text::Has(&[&usage]), Text::Nothing);
    }
}

#[test]
fn without_a_command_the_help_is_an_error() {
    greenlight::<[&str; 0], _>([]).gives(
        2,
        Text::Nothing,
        Text::Has(&["Usage: greenlight [OPTIONS] <COMMAND>"]),
    );
}

#[test]
fn completions() {
    for (shell, sign) in [
        ("bash", "complete -F _greenlight"),
        ("zsh", "#compdef greenlight"),
        ("fish", "complete -c greenlight"),
    ] {
        let ended = greenlight(["completions", shell]).gives(0, Text::Has(&[sign]), Text::Nothing);
        for word in COMMANDS
            .iter()
            .chain(&["first-parent", "warn-exit-code", "inconclusive"])
        {
            assert!(ended.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn man_page() {
    let ended = greenlight(["man"]).gives(0, Text::Has(&["Exit status"]), Text::Nothing);
    // Before the title there are only definitions.
    let title = ended
        .stdout
        .lines()
        .find(|line| !line.starts_with(".ie") && !line.starts_with(".el"));
    assert!(
        title.is_some_and(|line| line.starts_with(".TH greenlight 1")),
        "{title:?}"
    );
    for command in COMMANDS {
        let heading = match command {
            "policy" => "GREENLIGHT POLICY TABLE".to_owned(),
            _ => format!("GREENLIGHT {}", command.to_uppercase()),
        };
        let heading = format!(".SH \"{heading}\"\n");
        assert!(ended.stdout.contains(&heading), "{heading}");
    }
    assert!(ended.stdout.contains("\\-\\-warn\\-exit\\-code"));
}

#[test]
fn the_man_page_lists_the_topics_of_help() {
    let page = greenlight(["man"]).run().stdout;
    let (_, section) = page.split_once(".SH TOPICS\n").expect("the section");
    let section = section.replace('\\', "");
    let help = greenlight(["help"]).run().stdout;
    let topics = help.lines().filter_map(|line| line.strip_prefix("  "));
    let mut count = 0;
    for line in topics {
        let (topic, title) = line.split_once(' ').expect("a title");
        let entry = format!(".TP\nfB{topic}fR\n{}\n", title.trim());
        assert!(section.contains(&entry), "no {entry:?} in {section}");
        count += 1;
    }
    assert!(count > 20, "{help}");
}
