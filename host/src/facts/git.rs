//! Commits, as git stores them. A repository is only read, with plumbing commands that use no hooks, aliases, pager,
//! replacements or network.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Stdio};

use super::git_process::unknown;
pub use super::git_process::{Running, git, not_started};
use crate::error::{Error, Explain as _};

/// One commit object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Full hash.
    pub id: String,
    raw: Vec<u8>,
    /// Offset of the message in `raw`.
    message: usize,
}

impl Commit {
    /// Parses a commit object.
    ///
    /// Source: the output of `git cat-file commit`: header lines, an empty line, the message.
    fn new(id: String, raw: Vec<u8>) -> Self {
        let message = raw
            .windows(2)
            .position(|pair| pair == b"\n\n")
            .map_or(raw.len(), |at| at + 2);
        Self { id, raw, message }
    }

    /// The message, byte by byte.
    pub fn message(&self) -> &[u8] {
        &self.raw[self.message..]
    }

    /// The encoding of the message, if its author configured git for another one than UTF-8.
    pub fn encoding(&self) -> Option<&str> {
        std::str::from_utf8(self.header("encoding ")?).ok()
    }

    /// The rest of the first header line that begins with a name and a blank.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.raw[..self.message].split(|byte| *byte == b'\n');
        lines.find_map(|line| line.strip_prefix(name.as_bytes()))
    }

    /// The name of its author, decoded as UTF-8.
    pub fn author(&self) -> Option<String> {
        let header = self.raw[..self.message]
            .split(|byte| *byte == b'\n')
            .find_map(|line| line.strip_prefix(b"author "))?;
        let header = String::from_utf8_lossy(header);
        let name = header.split(" <").next().unwrap_or_default().trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The parents of the commit; a merge has two or more.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.raw[..self.message]
            .split(|byte| *byte == b'\n')
            .filter_map(|line| line.strip_prefix(b"parent "))
            .filter_map(|id| std::str::from_utf8(id).ok())
    }
}

/// Reads the commit that a revision names.
///
/// # Errors
///
/// If git is missing, `repo` is not a repository, or the revision names no commit.
pub fn commit(repo: Option<&Path>, rev: &str) -> Result<Commit, Error> {
    ask(repo, rev)?.finish()
}

/// Requests the commit that a revision names from git, without waiting for the answer.
///
/// # Errors
///
/// If git can't be started.
pub fn ask(repo: Option<&Path>, rev: &str) -> Result<Pending, Error> {
    if rev.contains('\n') {
        return Err(unknown(rev));
    }
    let mut objects = Objects::open(repo)?;
    objects.ask(rev)?;
    objects.close_input();
    Ok(Pending {
        objects,
        rev: rev.to_owned(),
    })
}

/// A commit that was requested from git.
pub struct Pending {
    objects: Objects,
    rev: String,
}

impl Pending {
    /// Waits for git's answer.
    ///
    /// # Errors
    ///
    /// If `repo` is not a repository, or the revision names no commit.
    pub fn finish(mut self) -> Result<Commit, Error> {
        match self.objects.read() {
            Ok(Some(commit)) => Ok(commit),
            Ok(None) | Err(Answer::Missing(_)) => Err(self
                .objects
                .end()
                .err()
                .unwrap_or_else(|| unknown(&self.rev))),
            Err(Answer::Broken(error)) => Err(self.objects.end().err().unwrap_or(error)),
        }
    }
}

/// Requests a commit and the checked-out commit from git, without waiting for the answers.
///
/// # Errors
///
/// If git can't be started.
pub fn ask_beside_head(repo: Option<&Path>, rev: &str) -> Result<PendingPair, Error> {
    if rev.contains('\n') {
        return Err(unknown(rev));
    }
    let mut objects = Objects::open(repo)?;
    objects.ask(rev)?;
    objects.ask("HEAD")?;
    objects.close_input();
    Ok(PendingPair { objects })
}

/// Two commits that were requested from git.
pub struct PendingPair {
    objects: Objects,
}

/// The requested commits of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The commit, if the repository has it.
    pub commit: Option<Commit>,
    /// The checked-out commit, if any.
    pub head: Option<Commit>,
}

impl PendingPair {
    /// Waits for git's answers.
    ///
    /// # Errors
    ///
    /// If `repo` is not a repository, or can't be read.
    pub fn finish(mut self) -> Result<Looked, Error> {
        let mut next = || match self.objects.read() {
            Ok(commit) => Ok(commit),
            Err(Answer::Missing(_)) => Ok(None),
            Err(Answer::Broken(error)) => Err(error),
        };
        let looked = next().and_then(|commit| {
            let head = next()?;
            Ok(Looked { commit, head })
        });
        self.objects.end()?;
        looked
    }
}

/// Whether a repository is a shallow clone; `None` if git does not say.
pub fn is_shallow(repo: Option<&Path>) -> Option<bool> {
    let output = git(repo)
        .args(["rev-parse", "--is-shallow-repository"])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    match output.stdout.trim_ascii() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// Names the branch that is checked out, if the commit is its tip.
///
/// Git does not know the branch of a build, and this is the closest to it.
pub fn branch_at(repo: Option<&Path>, commit: &str) -> Option<String> {
    let line = |arguments: &[&str]| {
        let output = git(repo)
            .args(arguments)
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output
            .status
            .success()
            .then(|| text.trim_end_matches('\n').to_owned())
    };
    let branch = line(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    let tip = line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
    (tip == commit).then_some(branch)
}

/// A `git cat-file --batch` process, which answers with commit objects.
pub struct Objects {
    git: Running,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Why git did not answer with a commit.
#[derive(Debug)]
pub enum Answer {
    /// Git does not have the object.
    Missing(String),
    /// Git's answer is invalid or ended early.
    Broken(Error),
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl Objects {
    /// Starts the process, which takes one revision at a time.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn open(repo: Option<&Path>) -> Result<Self, Error> {
        let mut objects = Self::open_from(repo, Stdio::piped())?;
        objects.input = objects.git.child.stdin.take();
        Ok(objects)
    }

    /// Starts the process, which reads the revisions from another process.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn open_from(repo: Option<&Path>, questions: Stdio) -> Result<Self, Error> {
        let mut command = git(repo);
        command
            .args(["cat-file", "--batch", "--buffer"])
            .stdin(questions);
        let mut git = Running::start(&mut command)?;
        let output = git.output()?;
        Ok(Self {
            git,
            input: None,
            output: BufReader::with_capacity(64 << 10, output),
        })
    }

    fn ask(&mut self, rev: &str) -> Result<(), Error> {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        // A git that has already ended has said why on its standard error.
        match writeln!(input, "{rev}^{{commit}}") {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(not_started(error)),
            _ => Ok(()),
        }
    }

    fn close_input(&mut self) {
        self.input = None;
    }

    /// Reads the next commit; `None` after the last answer.
    ///
    /// # Errors
    ///
    /// If git does not have the commit, or its answer can't be read.
    pub fn read(&mut self) -> Result<Option<Commit>, Answer> {
        let (what, help) = (
            "failed to read git's answer",
            "check the repository with `git fsck`",
        );
        let mut head = Vec::new();
        self.output
            .read_until(b'\n', &mut head)
            .explain(what, help)?;
        if head.is_empty() {
            return Ok(None);
        }
        let head = String::from_utf8_lossy(&head);
        let mut words = head.trim_end().rsplitn(3, ' ');
        let (Some(size), Some(kind), Some(id)) = (words.next(), words.next(), words.next()) else {
            return Err(Answer::Missing(head.trim_end().to_owned()));
        };
        let (Ok(size), "commit") = (size.parse::<usize>(), kind) else {
            return Err(Answer::Missing(head.trim_end().to_owned()));
        };
        let id = id.to_owned();
        let mut raw = Vec::with_capacity(size.min(1 << 20) + 1);
        let read = self
            .output
            .by_ref()
            .take(size as u64 + 1)
            .read_to_end(&mut raw)
            .explain(what, help)?;
        if read != size + 1 || raw.pop() != Some(b'\n') {
            return Err(Error::new(format!("{what}: a commit is truncated"), help).into());
        }
        Ok(Some(Commit::new(id, raw)))
    }

    /// Waits for git to end.
    ///
    /// # Errors
    ///
    /// If it failed, with its error message.
    pub fn end(mut self) -> Result<(), Error> {
        self.close_input();
        drop(self.output);
        self.git.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_headers_and_message() {
        let raw =
            b"tree 1\nparent 2\nencoding ISO-8859-1\ngpgsig -----\n a\n \n b\n\nSubject\n\nBody\n";
        let commit = Commit::new("3".to_owned(), raw.to_vec());
        assert_eq!(commit.message(), b"Subject\n\nBody\n");
        assert_eq!(commit.encoding(), Some("ISO-8859-1"));
        assert_eq!(commit.parents().collect::<Vec<_>>(), ["2"]);
    }

    #[test]
    fn the_author_is_a_name() {
        for (line, name) in [
            (
                "author Ada Example <ada@example.org> 1 +0000",
                Some("Ada Example"),
            ),
            ("author  <ada@example.org> 1 +0000", None),
            ("committer Ada <ada@example.org> 1 +0000", None),
        ] {
            let raw = format!("tree 1\n{line}\n\nSubject\n");
            let commit = Commit::new("3".to_owned(), raw.into_bytes());
            assert_eq!(commit.author().as_deref(), name, "{line}");
        }
    }

    #[test]
    fn an_empty_message() {
        let commit = Commit::new("3".to_owned(), b"tree 1\n\n".to_vec());
        assert_eq!(commit.message(), b"");
        assert_eq!(commit.encoding(), None);
        let commit = Commit::new("3".to_owned(), b"tree 1\n".to_vec());
        assert_eq!(commit.message(), b"");
    }
}
