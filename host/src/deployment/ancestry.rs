//! Which of two commits is newer, as git knows it.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::facts::git;

/// How another commit relates to the release's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It descends from the release: it is newer.
    Descendant,
    /// The release descends from it: it is older.
    Ancestor,
    /// Neither, in a history that is known as a whole.
    Diverged,
    /// Git does not know it, or not enough of the history.
    Unknown,
}

/// Compares another commit with the release's.
pub fn relation(repo: Option<&Path>, release: &str, other: &str) -> Relation {
    match is_ancestor(repo, release, other) {
        Some(true) => return Relation::Descendant,
        None => return Relation::Unknown,
        Some(false) => {}
    }
    match is_ancestor(repo, other, release) {
        Some(true) => Relation::Ancestor,
        // Where the history is cut off, "no" only means "not that I can see".
        Some(false) if is_whole(repo) => Relation::Diverged,
        _ => Relation::Unknown,
    }
}

/// Source: `git merge-base --is-ancestor` exits with 0 or 1, and with another status where it can't tell.
fn is_ancestor(repo: Option<&Path>, first: &str, second: &str) -> Option<bool> {
    let status = git::git(repo)
        // Ctrl-C is this program's to hear.
        .process_group(0)
        .args(["merge-base", "--is-ancestor", first, second])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status.ok()?.code()? {
        0 => Some(true),
        1 => Some(false),
        _ => None,
    }
}

fn is_whole(repo: Option<&Path>) -> bool {
    git::git(repo)
        .args(["rev-parse", "--is-shallow-repository"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.stdout.starts_with(b"false"))
}
