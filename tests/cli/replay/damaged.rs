//! Repositories with something missing or broken in them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::Replay;
use crate::harness::{Repository, Text, greenlight};

/// Three commits, and the file of the one in the middle.
fn three() -> (Repository, [String; 3], PathBuf) {
    let repository = Repository::new();
    let commits = ["first", "second", "third"]
        .map(|subject| repository.commit(format!("{subject} [load test: skip]")));
    let (folder, file) = commits[1].split_at(2);
    let file = repository
        .path()
        .join(".git/objects")
        .join(folder)
        .join(file);
    (repository, commits, file)
}

/// Git knows the history from here on, also that of commits that it does not have.
fn remember(repository: &Repository) {
    repository.git(&["commit-graph", "write", "--reachable"]);
}

/// In no format is a history answered without this commit.
#[track_caller]
fn fails_at(repository: &Repository, commit: &str) {
    for format in ["human", "jsonl"] {
        let repo = repository.argument();
        greenlight(["replay", "--repo", repo, "--format", format]).gives(
            2,
            Text::Nothing,
            Text::Has(&[
                "error: git failed: ",
                commit,
                "help: the repository is damaged",
            ]),
        );
    }
}

/// A folder with another git in it, a shell script, and a `PATH` that finds it first. To the script
/// itself, `git` is the real one.
fn another_git(script: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let git = folder.path().join("git");
    let path = std::env::var("PATH").expect("PATH");
    fs::write(&git, format!("#!/bin/sh\nPATH='{path}'\n{script}\n")).expect("written");
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).expect("executable");
    let found = format!("{}:{path}", folder.path().display());
    (folder, found)
}

#[test]
fn a_missing_commit_is_said_and_the_others_are_answered() {
    let (repository, commits, file) = three();
    remember(&repository);
    fs::remove_file(file).expect("it was there");
    let repo = repository.argument();
    let replay = Replay::of(repo, &[]);
    assert_eq!(replay.commits(), [&commits[2], &commits[1], &commits[0]]);
    assert_eq!(replay.codes(&commits[1]), ["message-unreadable"]);
    assert!(replay.line(&commits[1])["action"].is_null());
    for commit in [&commits[0], &commits[2]] {
        assert_eq!(replay.line(commit)["action"], "skip");
    }
    let [first, second, third] = commits.map(|commit| commit[..12].to_owned());
    let ended = greenlight(["replay", "--repo", repo]).gives(
        0,
        Text::Has(&["3 commits: 2 with a label (2 skip), 0 by default, 1 unreadable\n"]),
        Text::Nothing,
    );
    // Its subject is not known, and not that of the commit before it.
    for line in [
        format!("{third}  2023-11-14  skip   third [load test: skip] (Ada)\n"),
        format!("{second}  no date     -      \n    error[message-unreadable]: "),
        format!("{first}  2023-11-14  skip   first [load test: skip] (Ada)\n"),
    ] {
        assert!(ended.stdout.contains(&line), "{line:?} in {}", ended.stdout);
    }
}

#[test]
fn a_history_that_git_can_not_follow() {
    let (repository, commits, file) = three();
    fs::remove_file(file).expect("it was there");
    fails_at(&repository, &commits[1]);
    greenlight([
        "label",
        "--rev",
        &commits[1],
        "--repo",
        repository.argument(),
    ])
    .gives(2, Text::Nothing, Text::Has(&["unknown revision", "help: "]));
}

#[test]
fn a_truncated_commit() {
    let (repository, commits, file) = three();
    remember(&repository);
    let bytes = fs::read(&file).expect("it is there");
    fs::remove_file(&file).expect("it was there");
    fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
    fails_at(&repository, &commits[1]);
}

/// A git that is killed in the middle, by a machine without memory for example, leaves a list that looks
/// whole. The summary must not say so.
#[test]
fn a_killed_git_is_no_end() {
    let (repository, _, _) = three();
    let (_folder, path) = another_git(
        "case \"$*\" in\n*cat-file*) git \"$@\" | head -n 5; kill -KILL $$ ;;\n*) exec git \"$@\" ;;\nesac",
    );
    for format in ["human", "jsonl"] {
        let ended = greenlight([
            "replay",
            "--repo",
            repository.argument(),
            "--format",
            format,
        ])
        .variable("PATH", &path)
        .run();
        assert_eq!(ended.status, 2, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("git did not finish"),
            "{}",
            ended.stderr
        );
        assert!(!ended.stdout.contains("commits"), "{}", ended.stdout);
    }
}

/// Git can say more than a pipe holds before it is done.
#[test]
fn a_git_that_talks_is_listened_to() {
    let (repository, _, _) = three();
    let (_folder, path) =
        another_git("head -c 1000000 /dev/zero | tr '\\0' x >&2\nexec git \"$@\"");
    let repo = repository.argument();
    for arguments in [
        ["replay", "--repo", repo].as_slice(),
        &["label", "--rev=HEAD", "--repo", repo],
    ] {
        greenlight(arguments)
            .variable("PATH", &path)
            .gives(0, Text::Has(&["skip"]), Text::Nothing);
    }
}
