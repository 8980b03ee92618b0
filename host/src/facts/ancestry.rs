//! How two commits relate, as far as git can say.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::git;

/// Whether the first commit is the second one, or an ancestor of it; `None` where git can't tell.
///
/// In a shallow clone, "no" only means that this part of the history does not show it.
/// Source: `git merge-base --is-ancestor` exits with 0 or 1, and with another status where it can't tell.
pub fn is_ancestor(repo: Option<&Path>, first: &str, second: &str) -> Option<bool> {
    let status = quiet(repo)
        .args(["merge-base", "--is-ancestor", first, second])
        .status();
    match status.ok()?.code()? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

/// Whether the repository has the whole history of its commits.
pub fn is_whole(repo: Option<&Path>) -> bool {
    git::is_shallow(repo) == Some(false)
}

/// Whether a commit contains another one: is it, or descends from it. `None` where the history is incomplete.
///
/// A whole history that has the commit has all its ancestors: another commit that is missing is not one of them.
pub fn contains(repo: Option<&Path>, commit: &str, other: &str) -> Option<bool> {
    match is_ancestor(repo, other, commit) {
        Some(true) => Some(true),
        Some(false) if is_whole(repo) => Some(false),
        None if is_whole(repo) && has(repo, commit) && !has(repo, other) => Some(false),
        _ => None,
    }
}

fn has(repo: Option<&Path>, commit: &str) -> bool {
    let status = quiet(repo).args(["cat-file", "-e", commit]).status();
    status.is_ok_and(|it| it.success())
}

/// Git, without output. Ctrl-C is for this program, not for git.
pub(super) fn quiet(repo: Option<&Path>) -> Command {
    let mut command = git::git(repo);
    command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
