//! The gate of a command: its process waits until its number is recorded, and executes the command only then.
//!
//! A command that ran before its record would live on unknown if greenlight were killed in between. So the process
//! starts as greenlight itself, with one end of a socket as its standard input. One byte opens the gate. If greenlight
//! ends before, the socket closes, and the process ends without having executed anything.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// The internal command that runs this program as a gate. Help does not list it.
const COMMAND: &str = "__gate";

/// This program, also if its file was replaced meanwhile.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Whether this program called [`enter`].
static HAS_GATE: AtomicBool = AtomicBool::new(false);

/// Acts as the gate, if the program was started as one: does not return if the command is executed, else returns the
/// status to end with. A program that runs commands calls it before anything else; without the call, its commands start
/// before they are recorded.
pub fn enter() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(COMMAND)) {
        HAS_GATE.store(true, Ordering::Relaxed);
        return None;
    }
    if let Some(program) = arguments.next() {
        let mut command = Command::new(program);
        // The caller reads why it was not executed, or that it has ended.
        let _ = wait_and_execute(command.args(arguments));
    }
    Some(ExitCode::FAILURE)
}

/// Returns only if the gate was not opened, or the command can't be executed.
fn wait_and_execute(command: &mut Command) -> io::Result<()> {
    // A copy that is closed when the command is executed.
    let mut caller = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    caller.read_exact(&mut [0])?;
    let error = command.stdin(Stdio::null()).exec();
    caller.write_all(&error.raw_os_error().unwrap_or_default().to_le_bytes())
}

/// The end of the socket that opens the gate.
pub struct Gate(UnixStream);

impl Gate {
    /// Prepares a command with an empty standard input, and a gate that it waits for, if this program has one.
    ///
    /// # Errors
    ///
    /// If the system refuses a socket.
    pub fn before(program: &str) -> io::Result<(Option<Self>, Command)> {
        if !HAS_GATE.load(Ordering::Relaxed) || !Path::new(THIS_PROGRAM).exists() {
            let mut command = Command::new(program);
            command.stdin(Stdio::null());
            return Ok((None, command));
        }
        let (ours, theirs) = UnixStream::pair()?;
        let mut command = Command::new(THIS_PROGRAM);
        command.arg(COMMAND).arg(program);
        command.stdin(OwnedFd::from(theirs));
        Ok((Some(Self(ours)), command))
    }

    /// Opens the gate, and waits until the command is executed.
    ///
    /// # Errors
    ///
    /// Why it can't be executed.
    pub fn open(mut self) -> io::Result<()> {
        // A process that has ended meanwhile does not read; its exit status tells.
        let _ = self.0.write_all(&[1]);
        let mut answer = Vec::new();
        let _ = self.0.read_to_end(&mut answer);
        match <[u8; 4]>::try_from(answer) {
            Ok(code) => Err(io::Error::from_raw_os_error(i32::from_le_bytes(code))),
            Err(_) => Ok(()),
        }
    }
}
