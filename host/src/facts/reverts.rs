//! Reverts: whether a commit takes back what another one changed.
//!
//! The message of a revert only says where to look. What counts are the two patches.

use std::path::Path;

use super::{ancestry, git};

/// The text in the message of a commit that `git revert` made.
const REVERTS: &str = "This reverts commit ";

/// The fewest digits of a hash that name a commit.
const FEWEST_DIGITS: usize = 7;

/// Whether a commit before `head` is reverted there: a later commit says so and takes its patch back, and is not
/// reverted itself. Where git can't tell, it is not.
pub fn is_reverted(repo: Option<&Path>, commit: &str, head: &str) -> bool {
    // Each revert descends from what it reverts, so this comes to an end.
    let reverts = reverts(repo, commit, head);
    reverts
        .iter()
        .any(|it| takes_back(repo, it, commit) && !is_reverted(repo, it, head))
}

/// The commit that another one reverts, if its patch takes it back.
pub fn reverted_by(repo: Option<&Path>, revert: &str) -> Option<String> {
    let read = git::commit(repo, revert).ok()?;
    let message = String::from_utf8_lossy(read.message()).into_owned();
    let mut named = named(&message).filter_map(|id| git::commit(repo, id).ok());
    named
        .find(|it| takes_back(repo, &read.id, &it.id))
        .map(|it| it.id)
}

/// A commit that a release contains, and that is reverted between the release and `head`.
pub fn taken_back(repo: Option<&Path>, release: &str, head: &str) -> Option<String> {
    let mut said = saying(repo, release, head).into_iter();
    said.find_map(|(id, _)| {
        let target = reverted_by(repo, &id)?;
        let is_contained = ancestry::contains(repo, release, &target) == Some(true);
        (is_contained && !is_reverted(repo, &id, head)).then_some(target)
    })
}

/// The commits between a commit and `head` whose messages say that they revert it.
fn reverts(repo: Option<&Path>, commit: &str, head: &str) -> Vec<String> {
    let said = saying(repo, commit, head).into_iter();
    said.filter(|(_, message)| names(message, commit))
        .map(|(id, _)| id)
        .collect()
}

/// The descendants of a commit up to `head` that say that they revert something, with their messages.
///
/// Source: `git rev-list --format` writes `commit HASH` before each message; no message has a NUL byte.
fn saying(repo: Option<&Path>, commit: &str, head: &str) -> Vec<(String, String)> {
    let mut command = ancestry::quiet(repo);
    command
        .args(["rev-list", "--ancestry-path", "--fixed-strings"])
        .arg(format!("--grep={REVERTS}"))
        .args(["--format=%B%x00", "--end-of-options"])
        .arg(format!("{commit}..{head}"))
        .arg("--");
    let listed = git::output(&mut command);
    let Some(listed) = listed.ok().filter(|it| it.status.success()) else {
        return Vec::new();
    };
    listed_in(&listed.stdout)
}

/// The commits and messages in the output of `git rev-list`.
pub(super) fn listed_in(output: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(output);
    let found = text.split('\0').filter_map(|entry| {
        let (id, message) = entry.trim_start().split_once('\n')?;
        Some((id.strip_prefix("commit ")?.to_owned(), message.to_owned()))
    });
    found.collect()
}

/// Whether a message says that it reverts a commit.
fn names(message: &str, commit: &str) -> bool {
    named(message).any(|id| commit.starts_with(id))
}

/// The hashes, or their first digits, of the commits that a message says it reverts.
pub(super) fn named(message: &str) -> impl Iterator<Item = &str> {
    let named = message.split(REVERTS).skip(1).map(|rest| {
        let end = rest.find(|it: char| !it.is_ascii_hexdigit());
        &rest[..end.unwrap_or(rest.len())]
    });
    named.filter(|id| id.len() >= FEWEST_DIGITS)
}

/// Whether a revert changes exactly what the commit changed, the other way round.
fn takes_back(repo: Option<&Path>, revert: &str, commit: &str) -> bool {
    let change = patch(repo, &format!("{commit}^1"), commit);
    let back = patch(repo, revert, &format!("{revert}^1"));
    // An empty patch proves nothing.
    matches!((change, back), (Some(change), Some(back)) if change == back && !change.is_empty())
}

/// The changed lines between two commits, without their numbers.
fn patch(repo: Option<&Path>, from: &str, to: &str) -> Option<Vec<u8>> {
    let mut command = ancestry::quiet(repo);
    command
        .args(["diff-tree", "-p", "--unified=0", "--binary", "--no-renames"])
        .args(["--no-ext-diff", "--no-textconv", "--no-color"])
        .args(["--end-of-options", from, to]);
    let output = git::output(&mut command).ok();
    let output = output.filter(|it| it.status.success())?;
    Some(without_numbers(&output.stdout))
}

/// A patch without the numbers of its lines and the hashes of its files.
///
/// Source: the output of `git diff-tree -p --unified=0`. No line of a hunk begins with `index ` or `@@`.
pub(super) fn without_numbers(patch: &[u8]) -> Vec<u8> {
    let lines = patch.split_inclusive(|byte| *byte == b'\n');
    let lines = lines.filter(|it| !it.starts_with(b"index "));
    let lines = lines.map(|it| if it.starts_with(b"@@") { b"@@\n" } else { it });
    lines.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    struct Repo(TempDir);

    impl Repo {
        fn new() -> Self {
            let repo = Self(tempfile::tempdir().expect("a folder"));
            repo.git(&["init", "--quiet", "--initial-branch=main"]);
            repo.write("pool", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
            repo.commit("Before");
            repo
        }

        fn git(&self, arguments: &[&str]) -> String {
            let mut command = git::git(Some(self.0.path()));
            for scope in ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"] {
                command.env(scope, "/dev/null");
            }
            let ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
            let output = command.args(ada).args(arguments).output();
            let output = output.expect("git starts");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            let text = String::from_utf8(output.stdout).expect("text");
            text.trim().to_owned()
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.0.path().join(name), text).expect("written");
        }

        fn commit(&self, message: &str) -> String {
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
            self.head()
        }

        fn head(&self) -> String {
            self.git(&["rev-parse", "HEAD"])
        }

        fn revert(&self, commit: &str) -> String {
            self.git(&["revert", "--no-edit", commit]);
            self.head()
        }

        fn is_reverted(&self, commit: &str) -> bool {
            is_reverted(Some(self.0.path()), commit, &self.head())
        }
    }

    #[test]
    fn a_revert_takes_a_commit_back_until_it_is_reverted() {
        let repo = Repo::new();
        repo.write("pool", "1\n2\n3\n4\n50\n6\n7\n8\n9\n");
        let commit = repo.commit("Raise the pool size");
        assert!(!repo.is_reverted(&commit));
        repo.write("pool", "1\n2\n3\n4\n50\n6\n7\n8\n9\n10\n");
        repo.commit("Something near it");
        let revert = repo.revert(&commit);
        assert!(repo.is_reverted(&commit));
        repo.write("other", "x\n");
        repo.commit("Something else");
        assert!(repo.is_reverted(&commit));
        let again = repo.revert(&revert);
        assert!(!repo.is_reverted(&commit), "it is back");
        let last = repo.revert(&again);
        assert!(repo.is_reverted(&commit));

        let folder = Some(repo.0.path());
        assert_eq!(reverted_by(folder, &last), Some(again.clone()));
        assert_eq!(reverted_by(folder, &commit), None);
        assert_eq!(taken_back(folder, &again, &last), Some(again.clone()));
        assert_eq!(taken_back(folder, &revert, &last), None);
    }

    #[test]
    fn a_message_alone_reverts_nothing() {
        let repo = Repo::new();
        repo.write("pool", "50\n");
        let commit = repo.commit("Raise the pool size");
        let says = format!("Revert\n\nThis reverts commit {commit}.");
        repo.commit(&says);
        assert!(!repo.is_reverted(&commit), "it changes nothing");
        repo.write("pool", "49\n");
        repo.commit(&says);
        assert!(!repo.is_reverted(&commit), "it changes something else");
        repo.write("pool", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        repo.write("added", "x\n");
        repo.commit(&says);
        assert!(!repo.is_reverted(&commit), "it adds something");
    }

    #[test]
    fn a_merge_is_reverted_against_its_first_parent() {
        let repo = Repo::new();
        repo.git(&["switch", "--quiet", "--create", "feature"]);
        repo.write("pool", "50\n");
        repo.commit("Raise the pool size");
        repo.git(&["switch", "--quiet", "main"]);
        repo.write("other", "x\n");
        repo.commit("Something else");
        repo.git(&["merge", "--quiet", "--no-edit", "feature"]);
        let merge = repo.head();
        repo.git(&["revert", "--no-edit", "-m", "1", &merge]);
        assert!(repo.is_reverted(&merge));
    }

    #[test]
    fn binary_files_are_compared() {
        let repo = Repo::new();
        repo.write("picture", "\0one");
        repo.commit("A picture");
        repo.write("picture", "\0two");
        let commit = repo.commit("Another picture");
        repo.write("picture", "\0three");
        repo.commit(&format!("This reverts commit {commit}."));
        assert!(!repo.is_reverted(&commit));
        repo.write("picture", "\0two");
        repo.commit("Back");
        repo.revert(&commit);
        assert!(repo.is_reverted(&commit));
    }

    #[test]
    fn a_message_names_a_commit() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for text in [
            format!("This reverts commit {commit}."),
            format!("This reverts commit {commit}, reversing\nchanges made to 7654321."),
            "This reverts commit 0123456 (Raise, 2024-01-01).".to_owned(),
        ] {
            assert!(names(&text, commit), "{text}");
        }
        for text in [
            "This reverts commit 012345.",
            "This reverts commit 1123456.",
            "0123456789",
        ] {
            assert!(!names(text, commit), "{text}");
        }
    }
}
