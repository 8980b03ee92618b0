//! Repositories of every kind, none of which is changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::{Replay, varied};
use crate::harness::{Repository, Text, greenlight};

/// Every file below a folder: what is in it, and when it was written.
fn files(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut files = BTreeMap::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let written = fs::metadata(&path)
                    .and_then(|it| it.modified())
                    .expect("a time");
                let digest = Sha256::digest(fs::read(&path).expect("a file")).to_vec();
                files.insert(path, (digest, written));
            }
        }
    }
    files
}

#[test]
fn are_only_read() {
    let (repository, commits) = varied();
    // An index whose times are out of date, which a careless `git status` would write again.
    fs::write(repository.path().join("file"), "x").expect("written");
    repository.git(&["add", "file"]);
    repository.commit("a file");
    let file = fs::File::options()
        .append(true)
        .open(repository.path().join("file"))
        .expect("it is there");
    file.set_modified(SystemTime::UNIX_EPOCH).expect("a time");
    // Nothing of the repository's own may run or act.
    repository.git(&["config", "core.pager", "touch pwned"]);
    repository.git(&["config", "core.fsmonitor", "touch pwned"]);
    repository.git(&["config", "alias.rev-list", "!touch pwned"]);
    let before = files(repository.path());
    assert!(before.keys().any(|path| path.ends_with(".git/index")));
    let repo = repository.argument();
    for format in ["human", "jsonl"] {
        greenlight(["replay", "--repo", repo, "--format", format]).gives(
            0,
            Text::Has(&[&commits[1][..12]]),
            Text::Nothing,
        );
    }
    greenlight(["explain", "--repo", repo]).gives(0, Text::Has(&["commit "]), Text::Nothing);
    greenlight(["tags", "--rev", "HEAD", "--repo", repo]).gives(
        0,
        Text::Has(&["latest"]),
        Text::Nothing,
    );
    assert_eq!(files(repository.path()), before);
}

#[test]
fn a_replaced_commit_is_read_as_it_was_built() {
    let repository = Repository::new();
    let commit = repository.commit("x [load test: abort]");
    let other = repository.commit("x [load test: skip]");
    repository.git(&["replace", &commit, &other]);
    let replay = Replay::of(repository.argument(), &[&commit]);
    assert_eq!(replay.commits(), [&commit]);
    assert_eq!(replay.line(&commit)["action"], "abort");
}

#[test]
fn a_folder_inside() {
    let (repository, _) = varied();
    let inside = repository.path().join("a/b");
    fs::create_dir_all(&inside).expect("a folder");
    let replay = Replay::of(inside.to_str().expect("UTF-8"), &[]);
    assert_eq!(
        replay.commits(),
        Replay::of(repository.argument(), &[]).commits()
    );
    greenlight(["replay", "--repo", "."]).within(&inside).gives(
        0,
        Text::Has(&["7 commits: "]),
        Text::Nothing,
    );
}

#[test]
fn bare() {
    let (repository, _) = varied();
    let bare = repository.path().join("bare.git");
    let path = bare.to_str().expect("UTF-8");
    repository.git(&["clone", "--quiet", "--bare", repository.argument(), path]);
    let before = files(&bare);
    let replay = Replay::of(path, &[]);
    assert_eq!(
        replay.commits(),
        Replay::of(repository.argument(), &[]).commits()
    );
    assert_eq!(files(&bare), before);
}

#[test]
fn shallow() {
    let (repository, commits) = varied();
    let shallow = repository.path().join("shallow");
    let path = shallow.to_str().expect("UTF-8");
    let url = format!("file://{}", repository.argument());
    repository.git(&["clone", "--quiet", "--depth", "1", &url, path]);
    let replay = Replay::of(path, &[]);
    assert_eq!(replay.commits(), [&commits[6]]);
    greenlight(["label", "--rev", "HEAD", "--repo", path]).gives(
        0,
        Text::Has(&["abort: "]),
        Text::Nothing,
    );
    // What is not there is said, with the way to get it.
    greenlight(["label", "--rev", "HEAD~1", "--repo", path]).gives(
        2,
        Text::Nothing,
        Text::Has(&["unknown revision `HEAD~1`", "`git fetch --unshallow`"]),
    );
    greenlight(["replay", "--repo", path, "HEAD~1..HEAD"]).gives(
        2,
        Text::Nothing,
        Text::Has(&["HEAD~1..HEAD", "a shallow clone lacks older commits"]),
    );
}

#[test]
fn a_worktree() {
    let (repository, commits) = varied();
    let other = repository.path().join("other");
    let path = other.to_str().expect("UTF-8");
    repository.git(&["worktree", "add", "--quiet", path, "topic"]);
    let replay = Replay::of(path, &[]);
    assert_eq!(
        replay.commits(),
        [&commits[3], &commits[2], &commits[1], &commits[0]]
    );
}

#[test]
fn without_a_commit() {
    let repository = Repository::new();
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
            Text::Has(&["HEAD", "help: name commits of this repository"]),
        );
    }
}

#[test]
fn hashes_of_sha256() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    let maker = Repository::new();
    maker.git(&[
        "init",
        "--quiet",
        "--object-format=sha256",
        "--initial-branch=main",
        path,
    ]);
    let message = "x [load test: skip]";
    maker.git(&[
        "-C",
        path,
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        message,
    ]);
    let replay = Replay::of(path, &[]);
    let commit = replay.commits()[0].to_owned();
    assert_eq!(commit.len(), 64);
    assert_eq!(replay.lines[0]["tags"][0], format!("stage-{commit}"));
}

#[test]
fn more_than_a_pipe_holds() {
    let repository = Repository::new();
    let mut stream = Vec::new();
    for number in 0..2000 {
        let label = [
            "",
            "[load test: abort]",
            "[load test:skip]",
            "[load test: skip]",
        ][number % 4];
        let message = format!("commit {number} {label}\n\n{}\n", "text ".repeat(40));
        stream.extend_from_slice(
            format!(
                "commit refs/heads/main\ncommitter A <a@b> {number} +0000\ndata {}\n{message}\n",
                message.len()
            )
            .as_bytes(),
        );
    }
    repository.git_with(&["fast-import", "--quiet"], &stream);
    let replay = Replay::of(repository.argument(), &["main"]);
    let listed = repository.git(&["rev-list", "main"]);
    assert_eq!(replay.commits(), listed.lines().collect::<Vec<_>>());
    assert_eq!(
        replay.summary["labels"],
        serde_json::json!({"abort": 500, "skip": 500})
    );
    assert_eq!(replay.summary["defaults"], 1000);
    assert_eq!(
        replay.summary["diagnostics"],
        serde_json::json!({"near-miss": 500})
    );
}
