//! Commits, as git stores them. A repository is only read: plumbing commands alone, without its hooks,
//! its aliases, its pager, its replacements and its network.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use rustix::process::Signal;

use super::Error;
use crate::child;

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
    /// Takes a commit object apart.
    ///
    /// Source: what `git cat-file commit` prints: header lines, an empty line, the message.
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

    /// The encoding of the message, where its author's git was set to another one than UTF-8.
    pub fn encoding(&self) -> Option<&str> {
        self.raw[..self.message]
            .split(|byte| *byte == b'\n')
            .find_map(|line| line.strip_prefix(b"encoding "))
            .and_then(|name| std::str::from_utf8(name).ok())
    }

    /// The commits that it follows on: two or more of a merge.
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

/// Asks git for the commit that a revision names, without waiting for the answer.
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

/// A commit that git was asked for.
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

/// Asks git for a commit and for the one that is checked out, without waiting for the answers.
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

/// Two commits that git was asked for.
pub struct PendingPair {
    objects: Objects,
}

/// What a repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The commit, if it is there.
    pub commit: Option<Commit>,
    /// The commit that is checked out, if one is.
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

/// Whether a repository lacks the older part of its history; nothing where git does not say.
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

/// Names the branch that is checked out, if the revision is its tip.
///
/// Git does not know what branch a build is of; this much it does know.
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

/// A git command that reads a repository.
///
/// Without `repo` it is the one around the current folder, or the one that git's variables name.
pub fn git(repo: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    if let Some(repo) = repo {
        command.arg("-C").arg(repo);
        for variable in [
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_COMMON_DIR",
            "GIT_OBJECT_DIRECTORY",
        ] {
            command.env_remove(variable);
        }
    }
    command
        .args(["--no-pager", "--no-replace-objects", "--no-optional-locks"])
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_TRACE") {
            command.env_remove(name);
        }
    }
    command
}

/// A process that answers with commit objects: `git cat-file --batch`.
pub struct Objects {
    git: Running,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Why an object is not there.
#[derive(Debug)]
pub enum Answer {
    /// Git does not know it.
    Missing(String),
    /// Git's answer makes no sense, or ended early.
    Broken(Error),
}

impl Objects {
    /// Starts the process, to be asked revision by revision.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn open(repo: Option<&Path>) -> Result<Self, Error> {
        let mut objects = Self::open_from(repo, Stdio::piped())?;
        objects.input = objects.git.child.stdin.take();
        Ok(objects)
    }

    /// Starts the process, which reads its questions from another one.
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
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(not_started(&error)),
            _ => Ok(()),
        }
    }

    fn close_input(&mut self) {
        self.input = None;
    }

    /// Reads the next commit; nothing when git has answered everything.
    ///
    /// # Errors
    ///
    /// If git does not have it, or its answer can't be read.
    pub fn read(&mut self) -> Result<Option<Commit>, Answer> {
        let broken = |why: &str| {
            Answer::Broken(Error::new(
                format!("failed to read git's answer: {why}"),
                "check the repository with `git fsck`",
            ))
        };
        let mut head = Vec::new();
        self.output
            .read_until(b'\n', &mut head)
            .map_err(|error| broken(&error.to_string()))?;
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
            .map_err(|error| broken(&error.to_string()))?;
        if read != size + 1 || raw.pop() != Some(b'\n') {
            return Err(broken("a commit is cut off"));
        }
        Ok(Some(Commit::new(id, raw)))
    }

    /// Waits for git to end.
    ///
    /// # Errors
    ///
    /// If it failed, with what it said.
    pub fn end(mut self) -> Result<(), Error> {
        self.close_input();
        drop(self.output);
        self.git.end()
    }
}

/// A git command that is running.
pub struct Running {
    child: Child,
    said: JoinHandle<String>,
}

impl Running {
    /// Starts a command of [`git`]'s, with its output in a pipe.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(&error))?;
        match child.stderr.take() {
            Some(pipe) => Ok(Self {
                child,
                said: child::listen(pipe),
            }),
            None => Err(not_started(&io::Error::other("no pipe"))),
        }
    }

    /// Takes its standard output. Can be called once.
    ///
    /// # Errors
    ///
    /// If it was taken before.
    pub fn output(&mut self) -> Result<ChildStdout, Error> {
        let pipe = self.child.stdout.take();
        let pipe = pipe.ok_or_else(|| not_started(&io::Error::other("no pipe")))?;
        // With room in the pipe git runs ahead instead of waiting for its reader at every turn. A system
        // that gives no more room is slower, and nothing else.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&pipe, 1 << 20);
        Ok(pipe)
    }

    /// Waits for it to end.
    ///
    /// # Errors
    ///
    /// If it failed, with what it said.
    pub fn end(mut self) -> Result<(), Error> {
        // What is left unread must not keep it from ending.
        drop(self.child.stdin.take());
        drop(self.child.stdout.take());
        let status = self.child.wait().map_err(|error| not_started(&error))?;
        finished(status, &child::said(self.said))
    }
}

/// Explains why a git command failed.
fn finished(status: ExitStatus, said: &str) -> Result<(), Error> {
    // A reader that has seen enough closes the pipe; that is no failure.
    if status.success() || status.signal() == Some(Signal::PIPE.as_raw()) {
        return Ok(());
    }
    if status.signal().is_some() {
        return Err(Error::new(
            format!("git did not finish: {status}"),
            "run it again; if it happens again, look whether this machine has enough memory",
        ));
    }
    let said = said.trim().trim_start_matches("fatal: ");
    Err(Error::new(
        format!(
            "git failed: {}",
            if said.is_empty() {
                "it did not say why"
            } else {
                said
            }
        ),
        if said.contains("not a git repository") || said.contains("cannot change to") {
            "name a repository with `--repo`, or pass the message with `--message`"
        } else if said.contains("dubious ownership") {
            "allow the folder with `git config --global --add safe.directory FOLDER`"
        } else if said.contains("corrupt") || said.contains("Could not read") {
            "the repository is damaged: check it with `git fsck`, or clone it again"
        } else if said.contains("unknown revision") || said.contains("bad revision") {
            "name commits of this repository; a shallow clone lacks older commits: `git fetch --unshallow`"
        } else {
            "run the same git command in the repository"
        },
    ))
}

fn unknown(rev: &str) -> Error {
    Error::new(
        format!("unknown revision `{rev}`"),
        "name a commit of this repository; a shallow clone lacks older commits: `git fetch --unshallow`",
    )
}

/// Says that git could not be run.
pub fn not_started(error: &io::Error) -> Error {
    Error::new(
        format!("failed to run git: {error}"),
        "install git, or pass the message with `--message` or `--message-file`",
    )
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
    fn an_empty_message() {
        let commit = Commit::new("3".to_owned(), b"tree 1\n\n".to_vec());
        assert_eq!(commit.message(), b"");
        assert_eq!(commit.encoding(), None);
        let commit = Commit::new("3".to_owned(), b"tree 1\n".to_vec());
        assert_eq!(commit.message(), b"");
    }
}
