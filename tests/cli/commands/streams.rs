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
    /// Whether it reads settings, and says where from.
    has_settings: bool,
}

const fn row(
    arguments: &'static [&'static str],
    is_answer_coloured: bool,
    notes: [bool; 2],
) -> Row {
    Row {
        arguments,
        json: "json",
        is_answer_coloured,
        notes,
        has_settings: true,
    }
}

/// `TAG` is the tag of the commit.
const ROWS: [Row; 11] = [
    row(&["label", "--rev", "HEAD"], true, [false, true]),
    row(
        &["tags", "--rev", "HEAD", "--branch", "main"],
        false,
        [true, true],
    ),
    row(&["resolve", "TAG"], false, [false, false]),
    row(
        &["decide", "--rev", "HEAD", "--tag", "TAG"],
        false,
        [true, true],
    ),
    row(&["explain"], true, [false, false]),
    Row {
        json: "jsonl",
        ..row(&["replay", "--repo", "."], false, [false, false])
    },
    row(&["config", "show"], false, [false, false]),
    row(&["policy", "table"], false, [false, false]),
    row(&["status"], false, [false, false]),
    Row {
        has_settings: false,
        ..row(&["facts"], false, [false, false])
    },
    // Its progress is on standard output, or on standard error beside a document.
    row(&["run", "--tag", "TAG"], true, [false, true]),
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
    for row in &ROWS {
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
    for row in &ROWS {
        let plain = shop.run(row, row.json, &[], &[]);
        for verbose in ["-v", "--verbose"] {
            let ended = shop.run(row, row.json, &[verbose], &[]);
            let shown = format!("{:?}: {}", row.arguments, ended.stderr);
            assert_eq!(ended.stderr.contains(SOURCES), row.has_settings, "{shown}");
            let has_policy = row.has_settings && row.arguments != ["status"];
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

/// Commands without settings, and answers without colors: the help says so.
#[test]
fn the_help_of_a_flag_names_its_limits() {
    for (said, flag) in [
        ("Commands that read no settings print nothing", "--verbose"),
        ("Other output has no colors", "--color"),
    ] {
        let ended = greenlight(["status", "--help"]).run();
        let text = ended.stdout.split_whitespace().collect::<Vec<_>>();
        assert!(text.join(" ").contains(said), "{flag}: {}", ended.stdout);
    }
}
