//! Bad input: one clear error that says what to do next, the right status, nothing on standard output.

mod arguments;
mod foreign;
mod help;
mod histories;
mod output;

use std::fs;

use super::harness::{Call, Repository, SHA, Text, greenlight};

/// It can't be used: status 2, one error with a `help:`, and no half of an answer.
#[track_caller]
fn is_error(call: Call, said: &[&str]) {
    let ended = call.gives(2, Text::Nothing, Text::Has(said));
    let stderr = &ended.stderr;
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert_eq!(stderr.matches("\nerror: ").count(), 0, "{stderr}");
    assert_eq!(stderr.matches("help: ").count(), 1, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// A folder without a repository around it.
fn nowhere() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn no_message() {
    for command in [
        vec!["label"],
        vec!["label", "--repo", "."],
        vec!["label", "--truncated"],
        vec!["tags", "--commit", SHA, "--branch", "main"],
    ] {
        is_error(
            greenlight(command),
            &["no commit message", "`--rev REV`", "`-`"],
        );
    }
}

#[test]
fn two_messages() {
    for arguments in [
        ["label", "--message", "x", "-"].as_slice(),
        &["label", "--message", "x", "--rev", "HEAD"],
        &["label", "--message", "x", "--message-file", "x"],
        &["label", "--rev", "HEAD", "-"],
        &["tags", "--commit", SHA, "--rev", "HEAD", "--message", "x"],
        &["decide", "--tag", "x", "--message", "x", "-"],
    ] {
        is_error(greenlight(arguments), &["cannot be used with"]);
    }
}

#[test]
fn no_repository() {
    let folder = nowhere();
    let said = [
        "not a git repository",
        "help: name a repository with `--repo`",
    ];
    let here = folder.path().to_str().expect("UTF-8");
    for arguments in [
        ["label", "--rev", "HEAD"].as_slice(),
        &["tags", "--rev", "HEAD"],
        &["explain"],
        &["explain", "--repo", here],
        &["label", "--rev", "HEAD", "--repo", here],
        &["replay", "--repo", here],
        &["replay", "--repo", here, "--format", "jsonl"],
    ] {
        is_error(greenlight(arguments).within(folder.path()), &said);
    }
    let missing = ["No such file", "help: name a repository with `--repo`"];
    for command in ["explain", "replay"] {
        is_error(greenlight([command, "--repo", "/no/such/folder"]), &missing);
    }
}

#[test]
fn unknown_revisions() {
    let repository = Repository::new();
    repository.commit("x");
    fs::write(repository.path().join("file"), "x").expect("written");
    repository.git(&["add", "file"]);
    repository.commit("y");
    let repo = repository.argument();
    for rev in [
        "nope",
        "",
        " ",
        "HEAD~9",
        "HEAD HEAD",
        "HEAD..HEAD",
        "HEAD:file",
        "HEAD^{tree}",
        "HEAD missing",
        SHA,
        "0000000000000000000000000000000000000000",
        // What git would take for an option, or two questions, is a name that nothing has.
        "--help",
        "--upload-pack=touch pwned",
        "--all",
        "-",
        "HEAD\nHEAD",
        "HEAD\n",
        "\nHEAD",
    ] {
        let argument = format!("--rev={rev}");
        for command in [["label"].as_slice(), &["tags", "--branch", "main"]] {
            let call = greenlight(command.iter().chain(&[argument.as_str(), "--repo", repo]));
            is_error(
                call,
                &[
                    "unknown revision `",
                    "help: name a commit of this repository",
                ],
            );
        }
    }
    assert!(!repository.path().join("pwned").exists());
    is_error(
        greenlight(["label", "--rev", "--help", "--repo", repo]),
        &["a value is required"],
    );
}

#[test]
fn unreadable_files() {
    let folder = nowhere();
    let missing = folder.path().join("missing");
    for (file, why) in [
        (missing.as_path(), "No such file"),
        (folder.path(), "it is a folder, not a regular file"),
    ] {
        let file = file.to_str().expect("UTF-8");
        let quoted = format!("`{file}`");
        is_error(
            greenlight(["label", "--message-file", file]),
            &[
                "failed to read the message",
                &quoted,
                why,
                "help: name a file that holds the commit message",
            ],
        );
        is_error(
            greenlight(["decide", "--tag", "x", "--history", file]),
            &[
                "failed to read the history",
                &quoted,
                why,
                "help: name a file that holds a history",
            ],
        );
        for arguments in [["policy", "check"], ["policy", "inspect"]] {
            is_error(
                greenlight(arguments.iter().chain(&[file])),
                &[&quoted, "help: name a component file that can be read"],
            );
        }
    }
    let inside = missing.join("policy.wasm");
    is_error(
        greenlight(["policy", "export", inside.to_str().expect("UTF-8")]),
        &[
            "failed to create",
            "help: name a file in an existing folder",
        ],
    );
}

#[test]
fn nul_bytes() {
    let folder = nowhere();
    let file = folder.path().join("message");
    let said = [
        "has a NUL byte at offset 5: it is not text",
        "help: convert the message to UTF-8",
    ];
    fs::write(&file, b"fix: \0[load test: skip]").expect("written");
    is_error(
        greenlight(["label", "--message-file", file.to_str().expect("UTF-8")]),
        &said,
    );
    is_error(
        greenlight(["label", "-"]).input(*b"fix: \0[load test: skip]"),
        &said,
    );
    is_error(
        greenlight(["decide", "--tag", "x", "-"]).input(*b"fix: \0"),
        &said,
    );
    // What a Windows editor calls Unicode.
    is_error(
        greenlight(["label", "-"]).input(*b"f\0i\0x\0"),
        &["offset 1", "UTF-16"],
    );
}

#[test]
fn a_message_of_100_mebibytes() {
    let long = vec![b'x'; 100 << 20];
    let said = [
        "the message is longer than 4 MiB",
        "help: check that this is a commit message",
    ];
    is_error(greenlight(["label", "-"]).input(long), &said);
    let longest = "[load test: skip]".repeat((4 << 20) / 17);
    greenlight(["label", "-", "--strict"]).input(longest).gives(
        0,
        Text::Has(&["skip: "]),
        Text::Nothing,
    );
}

/// A variable that is not set and a pipe that broke are no messages without a label.
#[test]
fn an_empty_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("message");
    fs::write(&file, "\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    let tag = format!("prod-{SHA}");
    for arguments in [
        ["label", "--message", ""].as_slice(),
        &["label", "--message", "  \n"],
        &["label", "--message-file", file],
        &["label", "-"],
        &["tags", "--commit", SHA, "--branch", "main", "-"],
        &[
            "decide",
            "--tag",
            &tag,
            "--stage",
            "converged",
            "--message",
            "",
        ],
    ] {
        is_error(
            greenlight(arguments),
            &["the commit message is empty", "help: "],
        );
    }
}

/// Each of these is what a scanner that tries too much at each place takes too long for.
#[test]
fn a_mebibyte_of_anything_has_an_answer() {
    for piece in [
        "lorem ipsum dolor ",
        "load ",
        "load test ",
        "[load test: ",
        "[load test:warn]",
        "[load test: aborrt",
        "[load test: skip ",
        "[[[[(((",
        "l\u{200b}o\u{200b}",
        "\u{3010}load ",
    ] {
        let message = piece.repeat((1 << 20) / piece.len());
        let ended = greenlight(["label", "-"]).input(message).run();
        assert_eq!(ended.status, 0, "{piece:?}: {}", ended.stderr);
    }
}

#[test]
fn a_cut_message() {
    let cut = b"fix: gr\xc3";
    for (arguments, status) in [
        (["label", "-"].as_slice(), 1),
        (&["label", "-", "--format", "human"], 1),
        (&["tags", "-", "--commit", SHA, "--branch", "main"], 1),
        (&["decide", "-", "--tag", "stage"], 1),
    ] {
        greenlight(arguments).input(*cut).gives(
            status,
            Text::Nothing,
            Text::Has(&["the end of the commit message is missing", "help: "]),
        );
    }
}

#[test]
fn no_git() {
    let empty = nowhere();
    let path = empty.path().to_str().expect("UTF-8");
    for arguments in [
        ["label", "--rev", "HEAD"].as_slice(),
        &["tags", "--rev", "HEAD"],
        &["explain"],
        &["replay", "--repo", "."],
    ] {
        is_error(
            greenlight(arguments).variable("PATH", path),
            &[
                "failed to run git",
                "help: install git, or pass the message",
            ],
        );
    }
    // What needs no git works without it.
    greenlight(["label", "--message", "[load test: skip]"])
        .variable("PATH", path)
        .gives(0, Text::Has(&["skip: "]), Text::Nothing);
}

#[test]
fn too_few_environments_never_promote() {
    let tag = format!("stage-{SHA}");
    let evidence = [
        "decide",
        "--tag",
        &tag,
        "--stage",
        "converged",
        "--load-test",
        "passed",
    ];
    for (environments, said) in [
        (
            "stage",
            "`environment` names 1 of at least 2 environments\n",
        ),
        ("stage,stage", "`environment.name` is used twice: `stage`\n"),
    ] {
        greenlight(evidence.iter().chain(&["--environments", environments])).gives(
            2,
            Text::Nothing,
            Text::Has(&["flag --environments: ", said, "help: "]),
        );
    }
}
