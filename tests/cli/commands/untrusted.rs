//! Text from elsewhere is printed, and does nothing: neither to a shell, nor to a terminal, nor to the
//! runner that shows the log.

use crate::harness::{Call, Repository, SHA, Text, fixture, greenlight};

/// All that a terminal, a runner or a shell could take for its own.
const HOSTILE: &str = "a\u{1b}[31m\u{9b}2J\u{202e}\u{200b}\u{7}\r\n::error::b\n  ::warning::c\n##[error]d\n\
                       ##vso[task.setvariable]e\n$(touch pwned) `touch pwned` ; touch pwned";

/// Runs it in a folder of its own, where nothing must appear, and looks at all that came out.
#[track_caller]
fn is_harmless(call: Call, status: i32, stdout: Text<'_>, stderr: Text<'_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = call.within(folder.path()).gives(status, stdout, stderr);
    for stream in [&ended.stdout, &ended.stderr] {
        let active = |c: char| c != '\n' && greenlight::text::escape::is_active(c);
        assert!(!stream.contains(active), "{stream:?}");
        assert!(!stream.contains("##"), "{stream:?}");
        for line in stream.lines() {
            assert!(!line.trim_start().starts_with("::"), "{stream:?}");
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
}

#[test]
fn branch() {
    let build = [
        "tags",
        "--commit",
        SHA,
        "--message",
        "x",
        "--branch",
        HOSTILE,
    ];
    let shown = Text::Has(&[
        "only builds of `main` are published",
        "\\u{1b}[31m",
        "$(touch pwned)",
    ]);
    is_harmless(greenlight(build), 1, Text::Nothing, shown);
    let json = greenlight(build.iter().chain(&["--format", "json"]));
    is_harmless(
        json,
        1,
        Text::Has(&["\\u001b[31m", "#\\u0023[error]"]),
        shown,
    );
}

#[test]
fn job() {
    let job = format!("{HOSTILE}=failed");
    let build = [
        "tags",
        "--commit",
        SHA,
        "--message",
        "x",
        "--branch",
        "main",
        "--job",
        &job,
    ];
    is_harmless(
        greenlight(build),
        1,
        Text::Nothing,
        Text::Has(&["job-failed"]),
    );
    let build = [
        "tags",
        "--commit",
        SHA,
        "--message",
        "x",
        "--branch",
        "main",
        "--require-job",
        HOSTILE,
    ];
    is_harmless(
        greenlight(build),
        1,
        Text::Nothing,
        Text::Has(&["job-missing"]),
    );
}

#[test]
fn tag() {
    is_harmless(
        greenlight(["resolve", HOSTILE]),
        1,
        Text::Nothing,
        Text::Has(&["tag-"]),
    );
    let json = greenlight(["resolve", HOSTILE, "--format", "json"]);
    is_harmless(json, 1, Text::Has(&["\\u001b[31m"]), Text::Has(&["tag-"]));
    let decide = greenlight(["decide", "--tag", HOSTILE]);
    is_harmless(decide, 1, Text::Has(&["stop", "tag-"]), Text::Nothing);
    let json = greenlight(["decide", "--tag", HOSTILE, "--format", "json"]);
    is_harmless(
        json,
        1,
        Text::Has(&["\"permission\": \"stop\"", "\\u001b[31m"]),
        Text::Nothing,
    );
}

#[test]
fn message() {
    // The near misses stand in lines of their own, before and behind what is hostile.
    let message = format!("{HOSTILE} [load test:skip] {HOSTILE}\n::error:: (load test: abort)");
    let shown = Text::Has(&[
        "warning[near-miss]",
        "[load test:skip]",
        "(load test: abort)",
    ]);
    is_harmless(
        greenlight(["label", "--message", &message]),
        0,
        shown,
        Text::Nothing,
    );
    let json = greenlight(["label", "--message", &message, "--format", "json"]);
    is_harmless(json, 0, Text::Has(&["near-miss"]), shown);
    let tags = greenlight([
        "tags",
        "--commit",
        SHA,
        "--branch",
        "main",
        "--message",
        &message,
    ]);
    is_harmless(tags, 0, Text::Has(&["latest"]), shown);

    let repository = Repository::new();
    let commit = repository.commit(&message);
    let repo = repository.argument();
    is_harmless(
        greenlight(["explain", &commit, "--repo", repo]),
        0,
        shown,
        Text::Nothing,
    );
    let subject = Text::Has(&["a\\u{1b}[31m", "near-miss"]);
    is_harmless(
        greenlight(["replay", "--repo", repo]),
        0,
        subject,
        Text::Nothing,
    );
    let lines = greenlight(["replay", "--repo", repo, "--format", "jsonl"]);
    is_harmless(lines, 0, Text::Has(&["near-miss"]), Text::Nothing);
}

#[test]
fn message_across_lines() {
    // Whatever the policy points at is quoted whole, line breaks and all.
    for message in [
        "x [load\n::error:: test: skip]",
        "x [load test:\n##[error] skip]",
        "Revert \"a [load test: skip]\n::error::\"\n\nThis reverts commit 1.",
    ] {
        is_harmless(
            greenlight(["label", "--message", message]),
            0,
            Text::Has(&[": "]),
            Text::Nothing,
        );
    }
}

#[test]
fn revision_and_file_names() {
    let repository = Repository::new();
    let rev = greenlight(["label", "--rev", HOSTILE, "--repo", repository.argument()]);
    is_harmless(rev, 2, Text::Nothing, Text::Has(&["unknown revision"]));
    let replay = greenlight(["replay", "--repo", repository.argument(), "--", HOSTILE]);
    is_harmless(replay, 2, Text::Nothing, Text::Has(&["error: ", "help: "]));
    for flag in ["--message-file", "--policy"] {
        let call = greenlight(["label", flag, HOSTILE].iter().chain(match flag {
            "--policy" => &["--message", "x"][..],
            _ => &[],
        }));
        is_harmless(call, 2, Text::Nothing, Text::Has(&["error: ", "help: "]));
    }
    let tag = format!("prod-{SHA}");
    let history = greenlight(["decide", "--tag", &tag, "--history", HOSTILE]);
    is_harmless(
        history,
        2,
        Text::Nothing,
        Text::Has(&["failed to read the history"]),
    );
    let repo = greenlight(["label", "--rev", "HEAD", "--repo", HOSTILE]);
    is_harmless(repo, 2, Text::Nothing, Text::Has(&["error: ", "help: "]));
}

#[test]
fn history() {
    let text = std::fs::read_to_string(fixture("cases/history.json")).expect("it is there");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.json");
    let file = file.to_str().expect("UTF-8");
    let tag = format!("prod-{SHA}");
    let decide = || greenlight(["decide", "--tag", &tag, "--history", file, "--now", "1200"]);
    let hostile = serde_json::to_string(HOSTILE).expect("JSON");
    let hostile = hostile.trim_matches('"');
    // What has a form is held to it when it is read.
    for from in [
        "8f94139338f9404f26296befa88755fc2598c289",
        "held",
        "superseded",
    ] {
        assert!(text.contains(from));
        std::fs::write(file, text.replace(from, hostile)).expect("written");
        let refused = Text::Has(&["error: ", "help: "]);
        is_harmless(decide(), 2, Text::Nothing, refused);
    }
    // What has none comes out in the reasons.
    let somewhere = text.replacen(r#""stage""#, &format!("\"{hostile}\""), 1);
    std::fs::write(file, somewhere).expect("written");
    is_harmless(decide(), 1, Text::Has(&["stop"]), Text::Nothing);
}

#[test]
fn arguments_that_are_refused() {
    for arguments in [
        vec![HOSTILE],
        vec!["label", HOSTILE],
        vec!["label", "--message", "x", "--format", HOSTILE],
        vec!["tags", "--commit", HOSTILE, "--message", "x"],
        vec!["tags", "--commit", SHA, "--message", "x", "--job", HOSTILE],
        vec!["decide", "--tag", "x", "--stage", HOSTILE],
        vec!["decide", "--tag", "x", "--digest", HOSTILE],
        vec!["decide", "--tag", "x", "--now", HOSTILE],
        vec!["schema", HOSTILE],
        vec!["resolve", "x", "--environments", HOSTILE],
    ] {
        is_harmless(
            greenlight(arguments),
            2,
            Text::Nothing,
            Text::Has(&["error: ", "help: "]),
        );
    }
    let flag = format!("--{HOSTILE}");
    is_harmless(
        greenlight(["label", &flag]),
        2,
        Text::Nothing,
        Text::Has(&["error: ", "help: "]),
    );
}
