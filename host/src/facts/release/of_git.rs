//! Facts that git knows about a commit: who made it, its signature, and the paths that differ from the live commit.

use std::path::Path;

use serde_json::{Value, json};

use super::Origin;
use crate::contract::types::Fact;
use crate::contract::validate::LONGEST_ATTRIBUTE;
use crate::facts::{git, message};

/// The name of the fact with the author: an object with `name` and `email`.
pub(super) const AUTHOR: &str = "author";
/// The name of the fact with the committer, in the same form.
pub(super) const COMMITTER: &str = "committer";
/// The name of the fact with the status of the signature.
pub(super) const SIGNATURE: &str = "signature";
/// The name of the fact with the commit that is live in the last environment.
pub(super) const LIVE_COMMIT: &str = "live-commit";
/// The name of the fact with all paths that differ from the live commit.
pub(super) const CHANGED_PATHS: &str = "changed-paths";
/// The name of the fact with the first of these paths, for a list that is too long.
pub(super) const CHANGED_PATHS_CUT: &str = "changed-paths-cut";

/// The largest number of paths in a fact.
const MOST_PATHS: usize = 1000;

/// The facts about a commit. `live` is the commit that is live in the last environment, if it is known.
pub fn of_git(repo: Option<&Path>, commit: &git::Commit, live: Option<&str>) -> Vec<Fact> {
    let person = |header| {
        let (name, email) = message::person(commit, header);
        json!({ "name": name, "email": email })
    };
    let mut facts = vec![
        Origin::Git.fact(AUTHOR, &person("author ")),
        Origin::Git.fact(COMMITTER, &person("committer ")),
    ];
    if let Some(status) = signature(repo, commit) {
        facts.push(Origin::Git.fact(SIGNATURE, &status.into()));
    }
    if let Some(live) = live {
        facts.push(Origin::Git.fact(LIVE_COMMIT, &live.into()));
        facts.extend(changed_paths(repo, live, &commit.id));
    }
    facts
}

/// The status of a commit's signature, in words. Git runs the program that verifies it only if the commit has one.
///
/// Source: `%G?` in the manual of `git log`.
fn signature(repo: Option<&Path>, commit: &git::Commit) -> Option<&'static str> {
    if !commit.is_signed() {
        return Some("none");
    }
    let mut command = git::git(repo);
    command.args(["log", "-1", "--no-show-signature", "--format=%G?"]);
    command.args(["--end-of-options", &commit.id, "--"]);
    let output = git::output(&mut command).ok()?;
    Some(match output.stdout.trim_ascii() {
        b"G" => "good",
        b"U" => "good-unknown-validity",
        b"X" => "good-expired",
        b"Y" => "good-expired-key",
        b"R" => "good-revoked-key",
        b"B" => "bad",
        b"E" => "not-checked",
        b"N" => "none",
        _ => return None,
    })
}

/// The paths that differ between two commits; `None` if git does not know both. A renamed file counts with both
/// paths: it was removed at one and added at the other.
fn changed_paths(repo: Option<&Path>, live: &str, commit: &str) -> Option<Fact> {
    let mut command = git::git(repo);
    command.args(["diff-tree", "-r", "-z", "--name-only", "--no-renames"]);
    command.args(["--no-relative", "--ignore-submodules=none"]);
    command.args(["--end-of-options", live, commit, "--"]);
    let output = git::output(&mut command).ok()?;
    if !output.status.success() {
        return None;
    }
    let all = output
        .stdout
        .split(|it| *it == 0)
        .filter(|it| !it.is_empty());
    let (name, paths) = cut(all.map(|it| String::from_utf8_lossy(it).into_owned()));
    Some(Origin::Git.fact(name, &paths))
}

/// As many paths as fit into a fact, and its name. A policy that reads only the whole list does not take a part of it for
/// the whole.
fn cut(paths: impl Iterator<Item = String>) -> (&'static str, Value) {
    let mut kept = Vec::new();
    let mut length = "[]".len();
    for path in paths {
        let path = Value::from(path);
        length += path.to_string().len() + 1;
        if kept.len() == MOST_PATHS || length > LONGEST_ATTRIBUTE {
            return (CHANGED_PATHS_CUT, kept.into());
        }
        kept.push(path);
    }
    (CHANGED_PATHS, kept.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_has_another_name() {
        let paths = |count: usize, path: &str| cut((0..count).map(|_| path.to_owned()));
        let (name, all) = paths(MOST_PATHS, "docs/index.md");
        assert_eq!(
            (name, all.as_array().map(Vec::len)),
            (CHANGED_PATHS, Some(MOST_PATHS))
        );
        let (name, part) = paths(MOST_PATHS + 1, "docs/index.md");
        assert_eq!((name, part), (CHANGED_PATHS_CUT, all));
        // Each of them takes six bytes for a control character.
        let (name, part) = paths(20, &"\u{1}".repeat(1000));
        assert_eq!(name, CHANGED_PATHS_CUT);
        assert!(part.to_string().len() <= LONGEST_ATTRIBUTE);
        assert_eq!(paths(0, ""), (CHANGED_PATHS, Vec::<Value>::new().into()));
    }
}
