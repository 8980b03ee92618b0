//! Commands, run to their end with everything that they started.
//!
//! A process that leaves its group (`setsid`) is out of reach: it is neither waited for nor ended. And
//! when this program is killed by SIGKILL, the group keeps running.

mod output;
#[cfg(test)]
mod tests;
mod watch;

use std::io::{self, ErrorKind, PipeReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use self::output::Log;
use self::watch::Watch;
use super::shutdown::Shutdown;

/// How long a process group may take to end in order, between SIGTERM and SIGKILL.
pub const GRACE: Duration = Duration::from_secs(5);
/// How many bytes one run adds to its log at most.
pub const LOG_LIMIT: u64 = 64 << 20;
/// How many bytes of a line are handed over at most.
pub const LINE_LIMIT: usize = 4 << 10;

/// What is left of a command that has ended may go on for this long.
const DRAIN: Duration = Duration::from_millis(250);

/// A command to run: never a shell.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The program and its arguments. A program without a slash is looked up in `PATH`; a relative path
    /// starts at `folder`.
    pub command: &'a [String],
    /// Variables on top of the ones of this process.
    pub variables: &'a [(String, String)],
    /// Variables of this process that it is not given: secrets that it does not need.
    pub without: &'a [String],
    /// The folder to run it in.
    pub folder: &'a Path,
    /// The file that what it says is appended to, byte by byte.
    pub log: &'a Path,
    /// How long it may run.
    pub time_limit: Duration,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with an exit status.
    Exited(i32),
    /// By a signal of another process.
    Killed(i32),
    /// It was ended, because its time was over.
    TimedOut,
    /// It was ended, because a shutdown was requested.
    Interrupted,
    /// It never began. Says why, and what to do; not made harmless.
    NotStarted(String),
}

/// A command that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// How long it ran, by the monotonic clock.
    pub took: Duration,
    /// How many processes it had left behind when it ended by itself. They were ended with SIGKILL. 0
    /// where there is no `/proc` to count them in.
    pub processes_left: usize,
}

/// Runs a command to its end. Standard input is empty; standard output and standard error are one
/// stream, so that their order is kept.
///
/// `line` gets every line as it is completed, as UTF-8 with replacement characters, cut at
/// [`LINE_LIMIT`], and not made harmless. On a time-out or a shutdown request the whole process group gets
/// SIGTERM and, [`GRACE`] later, SIGKILL.
///
/// # Errors
///
/// If the log can't be opened or written, or the system refuses a pipe or a thread. The command is ended
/// then, as on a time-out.
pub fn run(
    task: &Task<'_>,
    shutdown: &Shutdown,
    line: &mut dyn FnMut(&str),
) -> io::Result<Finished> {
    run_with(task, shutdown, line, Limits::default())
}

/// The constants above, so that tests need not wait for them.
#[derive(Clone, Copy)]
struct Limits {
    grace: Duration,
    drain: Duration,
    log: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            grace: GRACE,
            drain: DRAIN,
            log: LOG_LIMIT,
        }
    }
}

/// Why a command is ended.
enum Stop {
    Time,
    Shutdown,
    Log,
}

fn run_with(
    task: &Task<'_>,
    shutdown: &Shutdown,
    line: &mut dyn FnMut(&str),
    limits: Limits,
) -> io::Result<Finished> {
    let log = Log::open(task.log, limits.log)?;
    let started = Instant::now();
    let (child, pipe) = match start(task)? {
        Ok(started) => started,
        Err(why) => {
            return Ok(Finished {
                ending: Ending::NotStarted(why),
                took: Duration::ZERO,
                processes_left: 0,
            });
        }
    };
    let mut watch = Watch::new(child, pipe, log, line)?;

    // A limit beyond the clock's range is no limit.
    let deadline = started.checked_add(task.time_limit);
    let stop = loop {
        if watch.ended().is_some() {
            break None;
        } else if watch.failed() {
            break Some(Stop::Log);
        } else if shutdown.is_requested() {
            break Some(Stop::Shutdown);
        } else if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            break Some(Stop::Time);
        }
        watch.go_on(deadline);
    };
    let mut processes_left = 0;
    if stop.is_some() {
        watch.terminate(limits.grace);
    } else {
        processes_left = watch.drain(limits.drain);
    }
    let took = watch.ended().unwrap_or_else(Instant::now) - started;
    let status = watch.kill(limits.drain)?;
    Ok(Finished {
        ending: match stop {
            Some(Stop::Shutdown) => Ending::Interrupted,
            Some(Stop::Time) => Ending::TimedOut,
            // A log that failed is an error, which was returned above.
            Some(Stop::Log) | None => ending(status),
        },
        took,
        processes_left,
    })
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        // It has one of the two, since it is over.
        (None, signal) => Ending::Killed(signal.unwrap_or(0)),
    }
}

/// Starts a command in a process group of its own. What it says comes out of the pipe.
///
/// The outer error is ours, the inner one says why the command did not start, and what to do.
fn start(task: &Task<'_>) -> io::Result<Result<(Child, PipeReader), String>> {
    let Some((program, arguments)) = task.command.split_first() else {
        return Ok(Err("the command is empty: name a program".to_owned()));
    };
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    for variable in task.without {
        command.env_remove(variable);
    }
    let child = command
        .args(arguments)
        .envs(task.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(task.folder)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .spawn();
    // It keeps its ends of the pipe open, which would hide that the child has closed its own.
    drop(command);
    Ok(match child {
        Ok(child) => Ok((child, reader)),
        Err(error) => Err(obstacle(program, task.folder, &error)),
    })
}

fn obstacle(program: &str, folder: &Path, error: &io::Error) -> String {
    let shown = folder.display();
    match error.kind() {
        _ if !folder.is_dir() => {
            format!(
                "the working folder `{shown}` of `{program}` does not exist: create it or name another folder"
            )
        }
        ErrorKind::NotFound if !program.contains('/') => {
            format!(
                "the program `{program}` is not in `PATH`: install it, or name it with its path"
            )
        }
        ErrorKind::NotFound if folder.join(program).exists() => {
            format!(
                "the interpreter or loader of `{program}` is missing: correct its first line, or install it"
            )
        }
        ErrorKind::NotFound if program.starts_with('/') => {
            format!("the program `{program}` does not exist: correct its path")
        }
        ErrorKind::NotFound => {
            format!(
                "the program `{program}` does not exist: correct its path, which starts at `{shown}`"
            )
        }
        ErrorKind::PermissionDenied => {
            format!("`{program}` is not executable: run `chmod +x` on it or name another program")
        }
        _ if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
            format!(
                "`{program}` is not an executable format: a script needs a first line such as `#!/bin/sh`"
            )
        }
        _ => format!("the program `{program}` could not be started: {error}"),
    }
}
