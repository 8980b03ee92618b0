//! `--color`, `--quiet` and `--verbose`: what each command prints or leaves out, and on which stream.

use std::fs;

use crate::harness::{Call, Ended, Repository, SHOP, Text, greenlight};

/// What `--verbose` prints, behind the path of the file.
const SOURCES: &str = "greenlight.toml` (default)\n";

/// What it prints next for a command that asks the policy.
const POLICY: &str = "note: policy: bundled (default)\n";

const ESCAPE: char = '\u{1b}';

/// A command about the commit of the shop, whose message has a near miss.
struct Row {
    arguments: &'static [&'static str],
    /// The format for programs.
    json: &'static str,
    /// Whether the answer for people has colors.
    is_answer_coloured: bool,
    /// Whether it prints notes on standard error beside an answer for people, and for programs.
    notes: [bool; 2],
    /// Which of `--color`, `--quiet` and `--verbose` it offers.
    offers: [bool; 3],
}

impl Row {
    fn has_color(&self) -> bool {
        self.offers[0]
    }

    fn has_quiet(&self) -> bool {
        self.offers[1]
    }

    fn has_verbose(&self) -> bool {
        self.offers[2]
    }
}

const fn row(
    arguments: &'static [&'static str],
    is_answer_coloured: bool,
    notes: [bool; 2],
    offers: [bool; 3],
) -> Row {
    Row {
        arguments,
        json: "json",
        is_answer_coloured,
        notes,
        offers,
    }
}

const ALL: [bool; 3] = [true; 3];
const VERBOSE: [bool; 3] = [false, false, true];

/// `TAG` is the tag of the commit.
const ROWS: [Row; 11] = [
    row(&["label", "--rev", "HEAD"], true, [false, true], ALL),
    row(
        &["tags", "--rev", "HEAD", "--branch", "main"],
        false,
        [true, true],
        ALL,
    ),
    row(
        &["resolve", "TAG"],
        false,
        [false, false],
        [false, true, true],
    ),
    row(
        &["decide", "--rev", "HEAD", "--tag", "TAG"],
        false,
        [true, true],
        ALL,
    ),
    row(&["explain"], true, [false, false], [true, false, true]),
    Row {
        json: "jsonl",
        ..row(
            &["replay", "--repo", "."],
            false,
            [false, false],
            [false, true, true],
        )
    },
    row(&["config", "show"], false, [false, false], VERBOSE),
    row(&["policy", "table"], false, [false, false], VERBOSE),
    row(&["status"], false, [false, false], VERBOSE),
    row(&["facts"], false, [false, false], [false; 3]),
    // Its progress is on standard output, or on standard error beside a document.
    row(&["run", "--tag", "TAG"], true, [false, true], ALL),
];

/// Flags, variables, and whether they ask for colors.
type Wish = (
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
    bool,
);

/// The ways to ask for colors, and whether they come where a command has some.
const WISHES: [Wish; 8] = [
    (&[], &[], false),
    (&["--color", "auto"], &[("FORCE_COLOR", "1")], true),
    (
        &["--color", "auto"],
        &[("FORCE_COLOR", "1"), ("NO_COLOR", "1")],
        false,
    ),
    (
        &["--color", "auto"],
        &[("FORCE_COLOR", "1"), ("NO_COLOR", "")],
        true,
    ),
    (&["--color", "always"], &[], true),
    (&["--color", "always"], &[("NO_COLOR", "1")], true),
    (&["--color", "never"], &[("FORCE_COLOR", "1")], false),
    (&["--color", "never"], &[], false),
];

struct Shop {
    repository: Repository,
    tag: String,
}

impl Shop {
    fn new() -> Self {
        let repository = Repository::new();
        let commit = repository.commit("Change [load test:skip]\n");
        fs::write(repository.path().join("greenlight.toml"), SHOP).expect("written");
        Self {
            repository,
            tag: format!("stage-loadtest-warn-{commit}"),
        }
    }

    fn call(&self, arguments: &[&str]) -> Call {
        let tag = |it: &&str| {
            if *it == "TAG" {
                self.tag.clone()
            } else {
                (*it).to_owned()
            }
        };
        let arguments: Vec<_> = arguments.iter().map(tag).collect();
        greenlight(arguments).within(self.repository.path())
    }

    /// Runs a row with further arguments.
    fn run(&self, row: &Row, format: &str, more: &[&str], set: &[(&str, &str)]) -> Ended {
        let arguments = [row.arguments, &["--format", format], more].concat();
        self.call(&arguments).variables(set).run()
    }
}

/// Both formats of a row: its name, and whether it is the one for programs.
fn formats(row: &Row) -> [(&'static str, bool); 2] {
    [("human", false), (row.json, true)]
}

#[test]
fn colors_are_on_the_streams_that_people_read() {
    let shop = Shop::new();
    for row in &ROWS {
        for (format, is_json) in formats(row) {
            for (wish, set, is_wished) in WISHES {
                if !row.has_color() && !wish.is_empty() {
                    continue;
                }
                let ended = shop.run(row, format, wish, set);
                let shown = format!("{:?} {format} {wish:?} {set:?}", row.arguments);
                assert_eq!(
                    ended.stdout.contains(ESCAPE),
                    is_wished && row.is_answer_coloured && !is_json,
                    "standard output of {shown}: {}",
                    ended.stdout
                );
                assert_eq!(
                    ended.stderr.contains(ESCAPE),
                    is_wished && row.notes[usize::from(is_json)],
                    "standard error of {shown}: {}",
                    ended.stderr
                );
            }
        }
    }
}

#[test]
fn quiet_leaves_out_notes_and_keeps_the_answer() {
    let shop = Shop::new();
    for row in ROWS.iter().filter(|row| row.has_quiet()) {
        for (format, is_json) in formats(row) {
            let loud = shop.run(row, format, &[], &[]);
            let quiet = shop.run(row, format, &["-q"], &[]);
            let shown = format!("{:?} {format}", row.arguments);
            let has_notes = row.notes[usize::from(is_json)];
            assert_eq!(
                !loud.stderr.is_empty(),
                has_notes,
                "{shown}: {}",
                loud.stderr
            );
            assert_eq!(quiet.stderr, "", "{shown}");
            assert_eq!(quiet.status, loud.status, "{shown}");
            // Progress has times in it.
            if row.arguments[0] != "run" || is_json {
                assert_eq!(quiet.stdout, loud.stdout, "{shown}");
            }
        }
    }
}

#[test]
fn quiet_keeps_errors_refusals_and_exports() {
    let shop = Shop::new();
    for (arguments, status, said) in [
        (&["label", "--rev", "no"][..], 2, "error: "),
        (&["resolve", "latest"], 1, "refused:"),
        (
            &["label", "--rev", "HEAD", "--export", "github-annotations"],
            0,
            "::warning",
        ),
    ] {
        for quiet in ["-q", "--quiet"] {
            let ended = shop.call(&[arguments, &[quiet]].concat()).run();
            assert_eq!(ended.status, status, "{arguments:?}");
            assert!(ended.stderr.contains(said), "{}", ended.stderr);
        }
    }
}

#[test]
fn verbose_adds_the_sources_of_settings_to_standard_error() {
    let shop = Shop::new();
    for row in ROWS.iter().filter(|row| row.has_verbose()) {
        let plain = shop.run(row, row.json, &[], &[]);
        for verbose in ["-v", "--verbose"] {
            let ended = shop.run(row, row.json, &[verbose], &[]);
            let shown = format!("{:?}: {}", row.arguments, ended.stderr);
            assert!(ended.stderr.contains(SOURCES), "{shown}");
            let has_policy = row.arguments != ["status"];
            assert_eq!(ended.stderr.contains(POLICY), has_policy, "{shown}");
            assert_eq!(ended.status, plain.status, "{shown}");
            assert_eq!(ended.stdout, plain.stdout, "{shown}");
        }
    }
    shop.call(&["label", "--rev", "HEAD", "-q", "-v"]).gives(
        2,
        Text::Nothing,
        Text::Has(&["--quiet", "--verbose"]),
    );
}

#[test]
fn every_setting_that_is_not_a_default_is_named_with_its_source() {
    let shop = Shop::new();
    let label = ["label", "--rev", "HEAD", "-v"];
    let ended = shop
        .call(&label)
        .variable("GREENLIGHT_DEFAULT_ACTION", "skip")
        .run();
    for said in [
        "note: release.default-action: skip (variable GREENLIGHT_DEFAULT_ACTION)\n",
        "note: environment: stage, prod (",
        "note: load-test.format: k6 (",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
    }
    let flag = [label.as_slice(), &["--default-action", "abort"]].concat();
    let said = "note: release.default-action: abort (flag --default-action)\n";
    let ended = shop.call(&flag).run();
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert!(!ended.stderr.contains("publish-branch"), "{}", ended.stderr);
}

/// The flags, each with its spellings.
const FLAGS: [&[&[&str]]; 3] = [
    &[&["--color", "never"], &["--color=always"]],
    &[&["--quiet"], &["-q"]],
    &[&["--verbose"], &["-v"]],
];

/// Asserts that a command takes a flag before and behind its words, or refuses it and does not run.
#[track_caller]
fn offers(shop: &Shop, command: &[&str], flag: &[&str], is_offered: bool) {
    let before = shop.call(&[flag, command].concat()).run();
    let behind = shop.call(&[command, flag].concat()).run();
    for ended in [before, behind] {
        let is_refused = ended.status == 2
            && ended.stdout.is_empty()
            && ended.stderr.starts_with("error: ")
            && ended
                .stderr
                .contains(flag[0].split('=').next().expect("a name"));
        assert_eq!(
            is_refused, !is_offered,
            "{command:?} {flag:?}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_command_refuses_a_flag_that_changes_nothing_for_it() {
    let shop = Shop::new();
    for row in &ROWS {
        for (spellings, is_offered) in FLAGS.iter().zip(row.offers) {
            for flag in *spellings {
                offers(&shop, row.arguments, flag, is_offered);
            }
        }
    }
    let none: [&[&str]; 5] = [
        &["man"],
        &["completions", "bash"],
        &["schema", "config"],
        &["help"],
        &["policy", "export", "component.wasm"],
    ];
    for command in none {
        for (at, spellings) in FLAGS.iter().enumerate() {
            for flag in *spellings {
                let is_quiet_export = command[0] == "policy" && at == 1;
                if !is_quiet_export {
                    offers(&shop, command, flag, false);
                }
            }
        }
    }
    shop.call(&["policy", "export", "quiet.wasm", "-q"])
        .gives(0, Text::Nothing, Text::Nothing);
}

#[test]
fn a_flag_before_a_command_that_has_no_use_for_it_is_explained() {
    greenlight(["--quiet", "policy", "table"]).gives(
        2,
        Text::Nothing,
        Text::Is(
            "error: `--quiet` can't be used with `greenlight policy table`\n  \
             help: leave it out: the command prints neither notes nor progress\n",
        ),
    );
    greenlight(["-q", "label", "-v", "--message", "x"]).gives(
        2,
        Text::Nothing,
        Text::Is(
            "error: `--quiet` can't be used with `--verbose`\n  help: leave out one of them\n",
        ),
    );
}
