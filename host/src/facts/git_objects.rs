//! A git process that returns commits. Each commit has a limit of size and of time.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use super::git_commit::Commit;
use super::git_process::{LARGEST_OBJECT, Running, failed, git, output};
use crate::child::Timed;
use crate::error::{Error, Explain as _};
use crate::limits;

/// A `git cat-file --batch` process, which returns commit objects.
pub struct Objects {
    git: Running,
    repo: Option<PathBuf>,
    input: Option<ChildStdin>,
    output: BufReader<Timed<ChildStdout>>,
}

/// Why git did not return a commit.
#[derive(Debug)]
pub enum Answer {
    /// Git does not have the object.
    Missing(String),
    /// The commit with this hash is longer than the limit and was not read.
    TooLong(String),
    /// Git's answer is invalid or ended early.
    Broken(Error),
}

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl Objects {
    /// Starts a process that gets its revisions from `ask`.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn open(repo: Option<&Path>) -> Result<Self, Error> {
        let mut objects = Self::open_from(repo, Stdio::piped())?;
        objects.input = objects.git.child.stdin.take();
        Ok(objects)
    }

    /// Starts a process that reads its revisions from `questions`, such as the output of another process.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn open_from(repo: Option<&Path>, questions: Stdio) -> Result<Self, Error> {
        let mut command = git(repo);
        command
            .args(["cat-file", "--batch", "--buffer"])
            .env(LARGEST_OBJECT, "64m")
            .stdin(questions);
        let mut git = Running::start(&mut command)?;
        let output = git.output()?;
        Ok(Self {
            git,
            repo: repo.map(Path::to_owned),
            input: None,
            output: BufReader::with_capacity(64 << 10, Timed::new(output, &limits::COMMIT)),
        })
    }

    pub(super) fn ask(&mut self, rev: &str) -> Result<(), Error> {
        let Some(input) = &mut self.input else {
            return Ok(());
        };
        // If git has already ended, its standard error has the reason.
        match writeln!(input, "{rev}^{{commit}}") {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(failed(error)),
            _ => Ok(()),
        }
    }

    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// Reads the next commit; `None` after the last answer.
    ///
    /// # Errors
    ///
    /// If git does not have the commit, or its answer can't be read.
    pub fn read(&mut self) -> Result<Option<Commit>, Answer> {
        let answer = self.next();
        if let Err(Answer::Broken(error)) = &answer
            && is_late(error)
        {
            // Git may never end by itself.
            let _ = self.git.child.kill();
        }
        answer
    }

    fn next(&mut self) -> Result<Option<Commit>, Answer> {
        self.output.get_mut().begin();
        object(&mut self.output)
    }

    /// Checks the size of the commit of a revision, without reading the commit.
    pub(super) fn is_readable(&self, rev: &str) -> Result<(), Error> {
        let mut command = git(self.repo.as_deref());
        // No `^{commit}` behind the revision: git would read the whole object to resolve it.
        command.args(["cat-file", "--batch-check"]);
        let answer = output_for(&mut command, rev).unwrap_or_default();
        let mut words = answer.split_whitespace();
        let (Some(id), Some("commit"), Some(size)) = (words.next(), words.next(), words.next())
        else {
            return Ok(());
        };
        match size.parse::<u64>() {
            Ok(size) if size > limits::COMMIT.bytes => Err(too_long(id)),
            _ => Ok(()),
        }
    }

    /// The error for an unreadable answer: git's own error message, or `error` if git timed out or printed no message.
    pub fn failed(self, error: Error) -> Error {
        if is_late(&error) {
            return error;
        }
        self.end().err().unwrap_or(error)
    }

    /// Waits for git to end.
    ///
    /// # Errors
    ///
    /// If git failed, with git's error message.
    pub fn end(mut self) -> Result<(), Error> {
        self.close_input();
        drop(self.output);
        self.git.end()
    }
}

/// The longest header line of an answer, in bytes. The line repeats a revision that git does not have.
const LONGEST_HEAD: u64 = 64 << 10;

/// Reads one answer of git from its output; `None` at the end.
pub(super) fn object(output: &mut impl BufRead) -> Result<Option<Commit>, Answer> {
    let (what, help) = (
        "failed to read git's answer",
        "check the repository with `git fsck`",
    );
    let mut head = Vec::new();
    output
        .by_ref()
        .take(LONGEST_HEAD)
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
    if size as u64 > limits::COMMIT.bytes {
        let mut rest = output.by_ref().take((size as u64).saturating_add(1));
        io::copy(&mut rest, &mut io::sink()).explain(what, help)?;
        return Err(Answer::TooLong(id));
    }
    let mut raw = Vec::with_capacity(size.min(1 << 20) + 1);
    let read = output
        .by_ref()
        .take(size as u64 + 1)
        .read_to_end(&mut raw)
        .explain(what, help)?;
    if read != size + 1 || raw.pop() != Some(b'\n') {
        return Err(Error::new(format!("{what}: a commit is truncated"), help).into());
    }
    Ok(Some(Commit::new(id, raw)))
}

pub(super) fn too_long(id: &str) -> Error {
    Error::new(
        format!(
            "the commit {id} is longer than {} and was not read",
            limits::COMMIT.size()
        ),
        "rewrite the commit with a shorter message, or name another commit",
    )
}

/// Whether git took too long.
fn is_late(error: &Error) -> bool {
    let cause = error.cause::<io::Error>();
    cause.is_some_and(|it| it.kind() == io::ErrorKind::TimedOut)
}

/// Runs a git command with one line of input, and returns its output.
fn output_for(command: &mut Command, question: &str) -> Option<String> {
    let (reader, mut writer) = io::pipe().ok()?;
    // A short line fits into the buffer of the pipe, so the write does not block.
    writeln!(writer, "{question}").ok()?;
    drop(writer);
    let output = output(command.stdin(reader)).ok()?;
    String::from_utf8(output.stdout).ok()
}
