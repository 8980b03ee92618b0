//! Reads the output of child processes, up to limits of size and time.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::limits::file::too_long;
use crate::limits::{CHILD_ERRORS, Limit};
use crate::text::escape::beginning;

/// How much of standard error is kept, in bytes. The first lines usually name the cause.
const KEPT: u64 = CHILD_ERRORS.bytes;
/// The number of characters of standard error that an error repeats.
const REPEATED: usize = 300;

/// Reads a pipe to its end in a new thread, and keeps the beginning. A child blocks if its pipe is full.
pub fn listen(mut pipe: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut said = Vec::new();
        // A broken pipe has no more output.
        let _ = pipe.by_ref().take(KEPT).read_to_end(&mut said);
        let _ = io::copy(&mut pipe, &mut io::sink());
        String::from_utf8_lossy(&said).into_owned()
    })
}

/// Waits for the end of the output, and returns it.
pub fn said(listener: JoinHandle<String>) -> String {
    // The thread does not panic; if it did, the output would be lost.
    listener.join().unwrap_or_default()
}

/// A pipe whose reads fail after a deadline.
#[derive(Debug)]
pub struct Timed<P> {
    pipe: P,
    what: &'static str,
    limit: Duration,
    until: Instant,
}

impl<P: Read + AsFd> Timed<P> {
    /// Starts the time limit of a pipe now.
    pub fn new(pipe: P, limit: &Limit) -> Self {
        Self::named("its output", pipe, limit)
    }

    /// Starts the time limit of a pipe now. Errors call the pipe `what`.
    pub fn named(what: &'static str, pipe: P, limit: &Limit) -> Self {
        let limit = limit.time();
        Self {
            pipe,
            what,
            limit,
            until: Instant::now() + limit,
        }
    }
}

impl<P: Read + AsFd> Read for Timed<P> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let left = self.until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.timed_out());
            }
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            let mut waited = [PollFd::new(&self.pipe, PollFlags::IN)];
            match poll(&mut waited, Some(&left)) {
                Ok(0) => return Err(self.timed_out()),
                Ok(_) => return self.pipe.read(buffer),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl<P> Timed<P> {
    /// Starts the time limit again, for the next answer.
    pub fn begin(&mut self) {
        self.until = Instant::now() + self.limit;
    }

    fn timed_out(&self) -> io::Error {
        timed_out(self.what, self.limit)
    }
}

fn timed_out(what: &str, limit: Duration) -> io::Error {
    io::Error::new(
        ErrorKind::TimedOut,
        format!("{what} did not end within {limit:?}"),
    )
}

/// Waits for the end of a child until a moment; `None` if the child still runs then.
fn ended(child: &mut Child, until: Instant) -> io::Result<Option<ExitStatus>> {
    const POLL: Duration = Duration::from_millis(5);
    loop {
        let status = child.try_wait()?;
        if status.is_some() || Instant::now() >= until {
            return Ok(status);
        }
        thread::sleep(POLL);
    }
}

/// Kills a child process, and its whole process group if the child leads one. The caller has not waited for the child yet,
/// so no other process has its id.
///
/// A group has the id of the child only if the child leads it. This function does not ask the kernel for the group of the
/// child: if that group was made outside of a container, the kernel answers 0 inside, which is not a valid id.
fn kill(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.kill();
    let _ = child.wait();
}

/// Runs a command to its end, and returns its output, as [`Command::output`] does. A command that prints too much or
/// takes too long is killed.
///
/// # Errors
///
/// If the command can't be started; [`ErrorKind::FileTooLarge`] if it prints too much, [`ErrorKind::TimedOut`] if it
/// takes too long.
pub fn output(command: &mut Command, limit: &Limit) -> io::Result<Output> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("it has no pipes"));
    };
    // This deadline is not later than those of the two pipes.
    let until = Instant::now() + limit.time();
    let errors = listen(Timed::new(errors, limit));
    let mut stdout = Vec::new();
    let read = Timed::new(output, limit)
        .take(limit.bytes + 1)
        .read_to_end(&mut stdout);
    let read = read.and_then(|length| {
        if length as u64 > limit.bytes {
            return Err(too_long(limit));
        }
        Ok(())
    });
    if let Err(error) = read {
        kill(&mut child);
        return Err(error);
    }
    // A child can close its output and go on.
    let stderr = said(errors).into_bytes();
    // After the deadline, the child may have ended because its pipe was closed.
    let is_late = Instant::now() >= until;
    let status = if is_late {
        None
    } else {
        ended(&mut child, until)?
    };
    let Some(status) = status else {
        kill(&mut child);
        return Err(timed_out("the process", limit.time()));
    };
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

/// A program and its arguments, run in a folder without some of the variables. It reads nothing, and has a process group
/// of its own. `None` if the list is empty.
pub fn command(arguments: &[String], folder: &Path, without: &[String]) -> Option<Command> {
    let (program, arguments) = arguments.split_first()?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .process_group(0);
    for variable in without {
        command.env_remove(variable);
    }
    Some(command)
}

/// Why a command printed nothing that can be used. The text is one line that is safe to print.
#[derive(Debug)]
pub enum Failed {
    /// It did not start, took too long or printed too much.
    Run(io::Error),
    /// It ended without success: its status, and the beginning of its standard error.
    Ended(String),
}

/// Runs a command, and returns its standard output.
///
/// # Errors
///
/// If the command can't be started, takes too long, prints too much or fails.
pub fn printed(command: &mut Command, limit: &Limit) -> Result<Vec<u8>, Failed> {
    let output = output(command, limit).map_err(Failed::Run)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let how = match (output.status.code(), output.status.signal()) {
        (Some(status), _) => format!("exit status {status}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "it failed".to_owned(),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    let errors = beginning(&errors, REPEATED);
    let errors = if errors.is_empty() {
        "it printed no error"
    } else {
        &errors
    };
    Err(Failed::Ended(format!("{how}: {errors}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_kept_and_the_rest_is_read() {
        let text = vec![b'x'; 1 << 20];
        let (mut read, mut write) = io::pipe().expect("a pipe");
        let listener = listen(read.try_clone().expect("a pipe"));
        io::Write::write_all(&mut write, &text).expect("the thread reads");
        drop(write);
        assert_eq!(said(listener).len() as u64, KEPT);
        assert_eq!(read.read(&mut [0]).expect("the end"), 0);
    }

    /// The time limit is that of the process, and not only that of its output.
    #[test]
    fn a_child_that_closes_its_output_and_goes_on_is_killed() {
        let limit = Limit::new("a test", 1 << 10, Some(Duration::from_millis(200)), "");
        for script in [
            "exec >/dev/null 2>&1; exec tail -f /dev/null",
            "exec >/dev/null; exec tail -f /dev/null",
        ] {
            let error = output(Command::new("sh").args(["-c", script]), &limit);
            assert_eq!(error.expect_err("it goes on").kind(), ErrorKind::TimedOut);
        }
        let ended = output(
            Command::new("sh").args(["-c", "echo a; echo b >&2"]),
            &limit,
        );
        let ended = ended.expect("it ends");
        assert_eq!(
            (ended.stdout, ended.stderr),
            (b"a\n".to_vec(), b"b\n".to_vec())
        );
    }
}
