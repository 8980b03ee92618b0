//! Repositories with something missing or broken in them.

use std::fs;
use std::path::PathBuf;

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
        format!("{third}  skip   third [load test: skip]\n"),
        format!("{second}  -      \n    error[message-unreadable]: "),
        format!("{first}  skip   first [load test: skip]\n"),
    ] {
        assert!(ended.stdout.contains(&line), "{line:?} in {}", ended.stdout);
    }
}

#[test]
fn a_history_that_git_can_not_follow() {
    let (repository, commits, file) = three();
    fs::remove_file(file).expect("it was there");
    for format in ["human", "jsonl"] {
        greenlight([
            "replay",
            "--repo",
            repository.argument(),
            "--format",
            format,
        ])
        .gives(
            2,
            Text::Nothing,
            Text::Has(&[
                "error: git failed: ",
                &commits[1],
                "help: the repository is damaged",
            ]),
        );
    }
    greenlight([
        "label",
        "--rev",
        &commits[1],
        "--repo",
        repository.argument(),
    ])
    .gives(
        2,
        Text::Nothing,
        Text::Has(&["no commit is known as", "help: "]),
    );
}

#[test]
fn a_commit_cut_off_in_the_middle() {
    let (repository, commits, file) = three();
    remember(&repository);
    let bytes = fs::read(&file).expect("it is there");
    fs::remove_file(&file).expect("it was there");
    fs::write(&file, &bytes[..bytes.len() / 2]).expect("written");
    for format in ["human", "jsonl"] {
        greenlight([
            "replay",
            "--repo",
            repository.argument(),
            "--format",
            format,
        ])
        .gives(
            2,
            Text::Nothing,
            Text::Has(&[
                "error: git failed: ",
                &commits[1],
                "help: the repository is damaged",
            ]),
        );
    }
}
