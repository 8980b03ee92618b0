//! Runs commands to their end, together with all processes that they start.
//!
//! A process that leaves its group (`setsid`) is neither waited for nor ended. If this program is killed by SIGKILL,
//! the group keeps running; [`left_over`] ends it later.

mod command_output;
pub mod gate;
pub mod left_over;
#[cfg(test)]
mod tests;
mod watch;

use std::io::{self, ErrorKind, PipeReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal};

use self::command_output::Log;
use self::gate::Gate;
use self::watch::{Group, Watch};
use super::shutdown::Shutdown;

/// The time between SIGTERM and SIGKILL, in which a process group can shut down.
pub const GRACE: Duration = Duration::from_secs(5);
/// The most bytes that one run adds to its log.
pub const LOG_LIMIT: u64 = 64 << 20;
/// The most bytes of a line that are passed on.
pub const LINE_LIMIT: usize = crate::limits::LINE.length();

/// The time that processes which a command has left behind have to end.
const DRAIN: Duration = Duration::from_millis(250);

/// A command to run: never a shell.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The program and its arguments. A program without a slash is looked up in `PATH`; a relative path
    /// starts at `folder`.
    pub command: &'a [String],
    /// Variables in addition to those of this process.
    pub variables: &'a [(String, String)],
    /// Variables of this process that the command does not get: secrets that it does not need.
    pub without: &'a [String],
    /// The folder to run it in.
    pub folder: &'a Path,
    /// The file that its output is appended to, unchanged.
    pub log: &'a Path,
    /// How long it may run.
    pub time_limit: Duration,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ended by itself, with this exit status.
    Exited(i32),
    /// A signal of another process ended it.
    Killed(i32),
    /// This program ended it at its time limit.
    TimedOut,
    /// This program ended it after a shutdown request.
    Interrupted,
    /// It could not be started. The text has the cause and the help, and is not escaped.
    NotStarted(String),
}

/// A command that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// How long it ran, by the monotonic clock.
    pub took: Duration,
    /// How many processes it left behind when it ended by itself. They were ended with SIGKILL. 0 on a system without
    /// `/proc`.
    pub processes_left: usize,
}

/// Runs a command to its end. Standard input is empty; standard output and standard error share one stream, which
/// keeps their order.
///
/// `line` gets every completed line as UTF-8 with replacement characters, cut at [`LINE_LIMIT`] and not escaped. On a
/// time-out or a shutdown request the whole process group gets SIGTERM and, [`GRACE`] later, SIGKILL.
///
/// # Errors
///
/// If the log can't be opened or written, or the system refuses a pipe or a thread. The command is ended as on a
/// time-out.
pub fn run(
    task: &Task<'_>,
    shutdown: &Shutdown,
    line: &mut dyn FnMut(&str),
) -> io::Result<Finished> {
    run_noted(task, shutdown, &mut |_| Ok(()), line)
}

/// Does the same as [`run`], and calls `started` with the process id, which is also the id of the process group. In a
/// program with a [gate](gate::enter), the process executes the command only after `started` has returned.
///
/// # Errors
///
/// The errors of [`run`] and of `started`. After an error of `started`, the command is not executed.
pub fn run_noted(
    task: &Task<'_>,
    shutdown: &Shutdown,
    started: &mut dyn FnMut(u32) -> io::Result<()>,
    line: &mut dyn FnMut(&str),
) -> io::Result<Finished> {
    run_with(task, shutdown, started, line, Limits::default())
}

/// The limits of a run, which tests make shorter.
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
    note: &mut dyn FnMut(u32) -> io::Result<()>,
    line: &mut dyn FnMut(&str),
    limits: Limits,
) -> io::Result<Finished> {
    let log = Log::open(task.log, limits.log)?;
    let (child, pipe) = match start(task, note)? {
        Ok(started) => started,
        Err(why) => {
            return Ok(Finished {
                ending: Ending::NotStarted(why),
                took: Duration::ZERO,
                processes_left: 0,
            });
        }
    };
    let started = Instant::now();
    let mut watch = Watch::new(child, pipe, log, line)?;

    // Without a deadline if it is beyond the range of the clock.
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
            // A failed log was returned as an error above.
            Some(Stop::Log) | None => ending(status),
        },
        took,
        processes_left,
    })
}

fn ending(status: ExitStatus) -> Ending {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ending::Exited(code),
        // A process that has ended has one of the two.
        (None, signal) => Ending::Killed(signal.unwrap_or(0)),
    }
}

/// Starts a command in a new process group, with its output in a pipe. Calls `note` with the process id.
///
/// The outer error is a failure of greenlight, or of `note`. The inner error says why the command did not start, and
/// how to correct this.
fn start(
    task: &Task<'_>,
    note: &mut dyn FnMut(u32) -> io::Result<()>,
) -> io::Result<Result<(Child, PipeReader), String>> {
    let Some((program, arguments)) = task.command.split_first() else {
        return Ok(Err("the command is empty: name a program".to_owned()));
    };
    let obstacle = |error| Ok(Err(obstacle(program, task.folder, &error)));
    let (reader, writer) = io::pipe()?;
    let (gate, mut command) = Gate::before(program)?;
    for variable in task.without {
        command.env_remove(variable);
    }
    let child = command
        .args(arguments)
        .envs(task.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(task.folder)
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .spawn();
    // `command` holds write ends of the pipe, so the reader would not see that the child closes its end.
    drop(command);
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return obstacle(error),
    };
    if let Err(error) = note(child.id()) {
        // The gate stays closed, so the process has not executed the command.
        Group::of(Pid::from_child(&child)).signal(Signal::KILL);
        child.wait()?;
        return Err(error);
    }
    match gate.map_or(Ok(()), Gate::open) {
        Ok(()) => Ok(Ok((child, reader))),
        Err(error) => {
            child.wait()?;
            obstacle(error)
        }
    }
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
