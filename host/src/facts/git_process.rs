//! Runs git: the process, its output, and help for its failures.

use std::env;
use std::error::Error as Cause;
use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::thread::JoinHandle;

use rustix::process::Signal;

use crate::child;
use crate::error::Error;
use crate::limits;

/// The variable that limits the memory that git uses for one object. Git reads each commit as a whole, even if it only
/// needs the parents of the commit.
///
/// Source: `memory_limit_check` in git's `wrapper.c`.
pub(super) const LARGEST_OBJECT: &str = "GIT_ALLOC_LIMIT";

/// A git command that reads a repository.
///
/// Without `repo` it is the repository of the current folder, or the one that git's variables name.
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
        .env(LARGEST_OBJECT, "256m")
        .stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_TRACE") {
            command.env_remove(name);
        }
    }
    command
}

/// A running git command.
pub struct Running {
    pub(super) child: Child,
    said: JoinHandle<String>,
}

impl Running {
    /// Starts a command that [`git`] made, with its output in a pipe.
    ///
    /// # Errors
    ///
    /// If git can't be started.
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        match child.stderr.take() {
            Some(pipe) => Ok(Self {
                child,
                said: child::listen(pipe),
            }),
            None => Err(failed(io::Error::other("no pipe"))),
        }
    }

    /// Takes its standard output. Can be called once.
    ///
    /// # Errors
    ///
    /// If it was taken before.
    pub fn output(&mut self) -> Result<ChildStdout, Error> {
        let pipe = self.child.stdout.take();
        let pipe = pipe.ok_or_else(|| failed(io::Error::other("no pipe")))?;
        // In a larger pipe git does not wait for its reader so often. Without it, reading is slower.
        #[cfg(target_os = "linux")]
        let _ = rustix::pipe::fcntl_setpipe_size(&pipe, 1 << 20);
        Ok(pipe)
    }

    /// Waits for it to end.
    ///
    /// # Errors
    ///
    /// If it failed, with its error message.
    pub fn end(mut self) -> Result<(), Error> {
        // A full pipe would keep git from ending.
        drop(self.child.stdin.take());
        drop(self.child.stdout.take());
        let status = self.child.wait().map_err(failed)?;
        finished(status, &child::said(self.said))
    }
}

/// The cause of an error: the folder is not in a git repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRepository;

impl fmt::Display for NoRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NO_REPOSITORY)
    }
}

impl Cause for NoRepository {}

/// Git's message outside of a repository.
const NO_REPOSITORY: &str = "not a git repository";

/// Explains why a git command failed.
pub(super) fn finished(status: ExitStatus, said: &str) -> Result<(), Error> {
    // A reader that needs no more output closes the pipe, which is not a failure.
    if status.success() || status.signal() == Some(Signal::PIPE.as_raw()) {
        return Ok(());
    }
    if status.signal().is_some() {
        return Err(Error::new(
            format!("git did not finish: {status}"),
            "run the command again; if it fails again, check that this machine has enough memory",
        ));
    }
    let said = said.trim().trim_start_matches("fatal: ");
    let error = Error::new(
        format!(
            "git failed: {}",
            if said.is_empty() {
                "it did not say why"
            } else {
                said
            }
        ),
        if said.contains(NO_REPOSITORY) || said.contains("cannot change to") {
            "name a repository with `--repo`"
        } else if said.contains("dubious ownership") {
            "allow the folder with `git config --global --add safe.directory FOLDER`"
        } else if said.contains("corrupt") || said.contains("Could not read") {
            "the repository is damaged: check it with `git fsck`, or clone it again"
        } else if said.contains("over limit") {
            "an object of the repository is larger than git is allowed to read; look for it with `git cat-file \
             --batch-check --batch-all-objects`"
        } else if said.contains("unknown revision") || said.contains("bad revision") {
            "name commits of this repository; a shallow clone lacks older commits: `git fetch --unshallow`"
        } else {
            "run the same git command in the repository"
        },
    );
    Err(if said.contains(NO_REPOSITORY) {
        error.because(NoRepository)
    } else {
        error
    })
}

/// Runs a git command to its end, and returns its output. Both the size of the output and the time are limited.
///
/// # Errors
///
/// If git can't be started, prints too much, or takes too long.
pub fn output(command: &mut Command) -> io::Result<Output> {
    child::output(command, &limits::GIT)
}

pub(super) fn unknown(rev: &str) -> Error {
    Error::new(
        format!("unknown revision `{rev}`"),
        "name a commit of this repository; a shallow clone lacks older commits: `git fetch --unshallow`",
    )
}

/// The error for a git that could not be started, or that [`output`] ended.
pub fn failed(error: io::Error) -> Error {
    let help = match error.kind() {
        io::ErrorKind::FileTooLarge => "name a commit that is closer to the other one",
        io::ErrorKind::TimedOut => "check that the disk of the repository answers, and try again",
        _ => "install git, or pass the message with `--message` or `--message-file`",
    };
    Error::new(format!("failed to run git: {error}"), help).because(error)
}
