//! `greenlight label`.

use std::fs;

use crate::harness::{Repository, Text, greenlight};

const ABORT: &str = "\
abort: a failed load test stops the deployment
 --> message:3:1
  |
3 | [load test: abort]
  | ^^^^^^^^^^^^^^^^^^ this label decides
";

const MESSAGE: &str = "fix: close idle connections\n\n[load test: abort]\n";

const DEFAULT: &str = "warn: a failed load test is reported, and the deployment goes on \
                       (default: the message has no label)\n";

const NEAR_MISS: &str = "\
warning[near-miss]: this looks like a label but is not one: wrong spacing
 --> message:1:3
  |
1 | x [load test:skip] y
  |   ^^^^^^^^^^^^^^^^
  |
  = help: [load test: skip]
";

#[test]
fn every_source_gives_the_same_answer() {
    let repository = Repository::new();
    let commit = repository.commit(MESSAGE);
    let file = repository.path().join("message.txt");
    fs::write(&file, MESSAGE).expect("written");
    let file = file.to_str().expect("UTF-8");
    let repo = repository.argument();
    for arguments in [
        vec!["label", "--message", MESSAGE],
        // The title and the body of a pull request, as their squash has them.
        vec![
            "label",
            "--message",
            "fix: close idle connections",
            "--message",
            "[load test: abort]\n",
        ],
        vec!["label", "--message-file", file],
        vec!["label", "--rev", &commit, "--repo", repo],
        vec!["label", "--rev", &commit[..12], "--repo", repo],
        vec!["label", "--rev", "main", "--repo", repo],
        vec!["label", "--rev", "HEAD^0", "--repo", repo],
        vec!["label", "--format", "human", "--message", MESSAGE],
    ] {
        greenlight(arguments).gives(0, Text::Is(ABORT), Text::Nothing);
    }
    greenlight(["label", "-"])
        .input(MESSAGE)
        .gives(0, Text::Is(ABORT), Text::Nothing);
    greenlight(["label", "--rev", "HEAD"])
        .within(repository.path())
        .gives(0, Text::Is(ABORT), Text::Nothing);
}

#[test]
fn every_action_says_what_it_means() {
    for (action, means) in [
        ("abort", "a failed load test stops the deployment"),
        ("skip", "no load test runs"),
        (
            "warn",
            "a failed load test is reported, and the deployment goes on",
        ),
    ] {
        let shown = format!(
            "{action}: {means}\n --> message:1:1\n  |\n1 | [load test: {action}]\n  | {} this label decides\n",
            "^".repeat("[load test: ]".len() + action.len()),
        );
        greenlight(["label", "--message", &format!("[load test: {action}]")]).gives(
            0,
            Text::Is(&shown),
            Text::Nothing,
        );
    }
}

#[test]
fn no_label_is_the_default() {
    for message in ["x", "fix(load-tests): make them faster"] {
        greenlight(["label", "--message", message]).gives(0, Text::Is(DEFAULT), Text::Nothing);
    }
    let skip = "skip: no load test runs (default: the message has no label)\n";
    greenlight(["label", "--message", "x", "--default-action", "skip"]).gives(
        0,
        Text::Is(skip),
        Text::Nothing,
    );
    let repository = Repository::new();
    repository.commit("");
    // A commit may have an empty message.
    greenlight(["label", "--rev", "HEAD"])
        .within(repository.path())
        .gives(0, Text::Is(DEFAULT), Text::Nothing);
}

#[test]
fn a_near_miss_is_shown_and_changes_nothing() {
    let shown = format!("{DEFAULT}\n{NEAR_MISS}");
    greenlight(["label", "--message", "x [load test:skip] y"]).gives(
        0,
        Text::Is(&shown),
        Text::Nothing,
    );
}

#[test]
fn several_labels_are_all_shown() {
    greenlight([
        "label",
        "--message",
        "x [load test: skip] [load test: abort] [load test: abort]",
    ])
    .gives(
        0,
        Text::Is(
            "\
abort: a failed load test stops the deployment
 --> message:1:21
  |
1 | x [load test: skip] [load test: abort] [load test: abort]
  |                     ^^^^^^^^^^^^^^^^^^ this label decides

warning[conflicting-labels]: the labels conflict: `abort` takes precedence over `skip`
 --> message:1:3
  |
1 | x [load test: skip] [load test: abort] [load test: abort]
  |   ^^^^^^^^^^^^^^^^^
  |
  = help: keep only the intended label

note[repeated-label]: `[load test: abort]` is repeated
 --> message:1:40
  |
1 | x [load test: skip] [load test: abort] [load test: abort]
  |                                        ^^^^^^^^^^^^^^^^^^
  |
  = help: one label is enough
",
        ),
        Text::Nothing,
    );
}

#[test]
fn json_keeps_the_diagnostics_for_people_on_standard_error() {
    let json = r#"{
  "schema": "greenlight.label/3",
  "commit": null,
  "action": "warn",
  "explicit": false,
  "span": null,
  "diagnostics": [
    {
      "severity": "warning",
      "code": "near-miss",
      "message": "this looks like a label but is not one: wrong spacing",
      "span": {
        "start": 2,
        "end": 18
      },
      "help": "[load test: skip]"
    }
  ],
  "extra": []
}
"#;
    greenlight([
        "label",
        "--message",
        "x [load test:skip] y",
        "--format",
        "json",
    ])
    .gives(0, Text::Is(json), Text::Is(NEAR_MISS));
}

#[test]
fn json_names_the_commit_and_the_place() {
    let repository = Repository::new();
    let commit = repository.commit(MESSAGE);
    let json = format!(
        r#"{{
  "schema": "greenlight.label/3",
  "commit": "{commit}",
  "action": "abort",
  "explicit": true,
  "span": {{
    "start": 29,
    "end": 47
  }},
  "diagnostics": [],
  "extra": []
}}
"#
    );
    greenlight([
        "label",
        "--rev",
        "HEAD",
        "--repo",
        repository.argument(),
        "--format",
        "json",
    ])
    .gives(0, Text::Is(&json), Text::Nothing);
}

#[test]
fn strict_fails_on_a_warning_alone() {
    let shown = format!("{DEFAULT}\n{NEAR_MISS}");
    greenlight(["label", "--strict", "--message", "x [load test:skip] y"]).gives(
        1,
        Text::Is(&shown),
        Text::Nothing,
    );
    greenlight([
        "label",
        "--strict",
        "--format",
        "json",
        "--message",
        "x [load test:skip] y",
    ])
    .gives(1, Text::Has(&["\"near-miss\""]), Text::Is(NEAR_MISS));
    greenlight([
        "label",
        "--strict",
        "--message",
        "[load test: skip] [load test: skip]",
    ])
    .gives(0, Text::Has(&["note[repeated-label]"]), Text::Nothing);
    greenlight(["label", "--strict", "--message", MESSAGE]).gives(
        0,
        Text::Is(ABORT),
        Text::Nothing,
    );
}

#[test]
fn a_cut_message_has_an_answer_only_where_the_rest_can_not_change_it() {
    greenlight(["label", "--truncated", "--message", MESSAGE]).gives(
        0,
        Text::Is(ABORT),
        Text::Nothing,
    );
    for message in ["fix: something long", "fix: [load test: skip] and"] {
        greenlight(["label", "--truncated", "--message", message]).gives(
            1,
            Text::Nothing,
            Text::Has(&[
                "message-truncated",
                "help: read the whole message from git with `--rev`",
            ]),
        );
    }
    // The first of the two bytes of a character, as after a cut by bytes.
    greenlight(["label", "-"]).input(*b"fix: gr\xc3").gives(
        1,
        Text::Nothing,
        Text::Has(&["message-truncated", "help:"]),
    );
}

#[test]
fn a_message_in_another_encoding_is_read() {
    greenlight(["label", "-"])
        .input(*b"Gr\xf6\xdfe [load test: skip]")
        .gives(
            0,
            Text::Is(
                "\
skip: no load test runs
 --> message:1:7
  |
1 | Gr\u{fffd}\u{fffd}e [load test: skip]
  |       ^^^^^^^^^^^^^^^^^ this label decides

note[message-not-utf8]: the message is not UTF-8; invalid bytes were replaced
",
            ),
            Text::Nothing,
        );
}
