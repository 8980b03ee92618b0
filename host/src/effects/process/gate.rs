//! The gate of a command: its process waits until its process id is recorded, and executes the command only then.
//!
//! Otherwise, if greenlight were killed between the start and the record, the command would run on, and the journal
//! would not know its process. So the process first runs the greenlight program, with one end of a socket as its
//! standard input. One byte opens the gate. If greenlight ends before it sends the byte, the socket closes, and the
//! process ends without executing the command.

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

/// The path of the running program, which is valid even if its file was replaced.
const THIS_PROGRAM: &str = "/proc/self/exe";

/// Whether this program called [`enter`].
static HAS_GATE: AtomicBool = AtomicBool::new(false);

/// Acts as the gate if the program was started as a gate. Then the function does not return if it executes the command;
/// otherwise it returns the exit status. If the program was not started as a gate, the function returns `None`. A
/// program that runs commands calls it first; without the call, its commands start before they are recorded.
pub fn enter() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(COMMAND)) {
        HAS_GATE.store(true, Ordering::Relaxed);
        return None;
    }
    if let Some(program) = arguments.next() {
        let mut command = Command::new(program);
        // The caller reads the error from the socket, or has ended.
        let _ = wait_and_execute(command.args(arguments));
    }
    Some(ExitCode::FAILURE)
}

/// Waits for the gate and executes the command. Returns only if the gate was not opened or the command can't be
/// executed.
fn wait_and_execute(command: &mut Command) -> io::Result<()> {
    // The copy of the socket is closed when the command is executed.
    let mut caller = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    caller.read_exact(&mut [0])?;
    let error = command.stdin(Stdio::null()).exec();
    caller.write_all(&error.raw_os_error().unwrap_or_default().to_le_bytes())
}

/// The end of the socket that opens the gate.
pub struct Gate(UnixStream);

impl Gate {
    /// Prepares a command with an empty standard input, and its gate, if this program called [`enter`].
    ///
    /// # Errors
    ///
    /// If the system can't create a socket.
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
    /// If the command can't be executed.
    pub fn open(mut self) -> io::Result<()> {
        // The write fails if the process has ended. Its exit status then says why.
        let _ = self.0.write_all(&[1]);
        let mut answer = Vec::new();
        let _ = self.0.read_to_end(&mut answer);
        match <[u8; 4]>::try_from(answer) {
            Ok(code) => Err(io::Error::from_raw_os_error(i32::from_le_bytes(code))),
            Err(_) => Ok(()),
        }
    }
}
