//! Child processes: what they print, read up to a limit of its size and its time.

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::limits::file::too_long;
use crate::limits::{CHILD_ERRORS, Limit};

/// How much of standard error is kept, in bytes. People read the first lines.
const KEPT: u64 = CHILD_ERRORS.bytes;

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

/// A pipe that is read until a moment, and then fails.
#[derive(Debug)]
pub struct Timed<P> {
    pipe: P,
    limit: Duration,
    until: Instant,
}

impl<P: Read + AsFd> Timed<P> {
    /// Gives a pipe the time of a limit, from now on.
    pub fn new(pipe: P, limit: &Limit) -> Self {
        let limit = limit.time();
        Self {
            pipe,
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
    /// Gives it the whole time again, for another answer.
    pub fn begin(&mut self) {
        self.until = Instant::now() + self.limit;
    }

    fn timed_out(&self) -> io::Error {
        let why = format!("no end of its output within {:?}", self.limit);
        io::Error::new(ErrorKind::TimedOut, why)
    }
}

/// Runs a command to its end, and returns its output, as [`Command::output`] does. A command that prints too much or
/// takes too long is killed.
///
/// # Errors
///
/// If it can't be started; [`ErrorKind::FileTooLarge`] and [`ErrorKind::TimedOut`].
pub fn output(command: &mut Command, limit: &Limit) -> io::Result<Output> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(io::Error::other("it has no pipes"));
    };
    let errors = listen(errors);
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
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    let status = child.wait()?;
    Ok(Output {
        status,
        stdout,
        stderr: said(errors).into_bytes(),
    })
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
}
