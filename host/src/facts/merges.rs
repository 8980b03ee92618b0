//! The merges of a branch: the commits of its first-parent history. Messages are not loaded.

use std::io::ErrorKind;
use std::path::Path;

use super::git;
use super::git_process::finished;
use crate::error::Error;

/// One commit of a first-parent history: a merge commit, a squash merge, or a direct push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merge {
    /// When it was committed, in seconds since 1970.
    pub at: i64,
    /// The UTC offset of its author, in seconds.
    pub offset: i32,
    /// The name of its author, as `.mailmap` has it.
    pub name: String,
    /// The email address of its author, as `.mailmap` has it.
    pub email: String,
}

/// The merges of a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merges {
    /// The merges, newest first.
    pub list: Vec<Merge>,
    /// The number of commits without a readable author or time.
    pub unreadable: u32,
}

/// What git writes about each commit: the committer's time, the author's time with its UTC offset, name and email
/// address. Neither a name nor an address has a NUL byte or a line break.
///
/// Source: `git help rev-list`, PRETTY FORMATS, and `--date=raw`.
const FORMAT: &str = "--format=%ct%x00%ad%x00%aN%x00%aE";

/// Lists the merges of a revision since a time, which is in seconds since 1970. The list ends at the first commit that is
/// older.
///
/// # Errors
///
/// If git does not know the revision, or prints more than [`crate::limits::GIT`].
pub fn list(repo: Option<&Path>, rev: &str, since: i64) -> Result<Merges, Error> {
    let mut command = git::git(repo);
    command
        .args(["rev-list", "--first-parent", "--encoding=UTF-8"])
        .args(["--date=raw", FORMAT])
        .arg(format!("--max-age={}", since.max(0)))
        .args(["--end-of-options", rev, "--"]);
    let output = git::output(&mut command).map_err(|error| {
        let is_long = error.kind() == ErrorKind::FileTooLarge;
        let mut error = git::failed(error);
        if is_long {
            "list the merges of a shorter time with `--since`".clone_into(&mut error.help);
        }
        error
    })?;
    finished(output.status, &String::from_utf8_lossy(&output.stderr))?;
    Ok(merges(&String::from_utf8_lossy(&output.stdout)))
}

/// Reads the output of git: for each commit a line with its hash, and a line of [`FORMAT`].
pub(super) fn merges(text: &str) -> Merges {
    let mut merges = Merges::default();
    for line in text.lines().filter(|it| !it.starts_with("commit ")) {
        match merge(line) {
            Some(merge) => merges.list.push(merge),
            None => merges.unreadable = merges.unreadable.saturating_add(1),
        }
    }
    merges
}

fn merge(line: &str) -> Option<Merge> {
    let mut fields = line.split('\0');
    let at = fields.next()?.parse().ok()?;
    let (_, offset) = fields.next()?.split_once(' ')?;
    let (name, email) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    Some(Merge {
        at,
        offset: self::offset(offset)?,
        name,
        email,
    })
}

/// Reads a UTC offset, such as `+0530`, as seconds. `None` for an offset of a day or more, which no clock has.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+')?),
    };
    let number: i32 = digits.parse().ok().filter(|it| (0..2400).contains(it))?;
    Some(sign * (number / 100 * 60 + number % 100) * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_merge() {
        let line = "1763856921\u{0}1763850000 -0330\u{0}Ada Example\u{0}ada@example.org";
        let text = format!("commit 1234\n{line}\ncommit 5678\n{line}\n");
        let merges = merges(&text);
        assert_eq!((merges.list.len(), merges.unreadable), (2, 0));
        let merge = &merges.list[0];
        assert_eq!(merge.at, 1_763_856_921);
        assert_eq!(merge.offset, -(3 * 60 + 30) * 60);
        assert_eq!(merge.name, "Ada Example");
        assert_eq!(merge.email, "ada@example.org");
    }

    #[test]
    fn a_commit_without_an_author_or_a_time_is_counted() {
        for broken in [
            "",
            "1763856921",
            "x\u{0}1 +0000\u{0}a\u{0}b",
            "1\u{0}1 0000\u{0}a\u{0}b",
            "1\u{0}\u{0}\u{0}",
        ] {
            let merges = merges(&format!("commit 1234\n{broken}\n"));
            assert_eq!((merges.list.len(), merges.unreadable), (0, 1), "{broken:?}");
        }
    }

    #[test]
    fn offsets_are_seconds() {
        for (text, seconds) in [
            ("+0000", Some(0)),
            ("+0200", Some(7200)),
            ("-0800", Some(-28_800)),
            ("+1030", Some(37_800)),
            ("+9999", None),
            ("+-100", None),
            ("Z", None),
        ] {
            assert_eq!(offset(text), seconds, "{text}");
        }
    }
}
