//! What a command prints: answers to standard output, everything else to standard error.
//!
//! An answer is kept until the command has ended well, so that a command without an answer prints none,
//! not half of one.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use super::Error;
use super::exit::Exit;

/// Collects an answer, and prints notes.
pub struct Output {
    answer: Vec<u8>,
    colour: bool,
    note_colour: bool,
}

impl Output {
    /// Looks at the terminal and at `NO_COLOR`, `FORCE_COLOR` and Jenkins, whose console shows escapes
    /// as they are.
    pub fn from_environment() -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let wanted = |terminal: bool| {
            if set("NO_COLOR") {
                false
            } else if set("FORCE_COLOR") {
                true
            } else {
                terminal
                    && !set("JENKINS_URL")
                    && env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self {
            answer: Vec::new(),
            colour: wanted(io::stdout().is_terminal()),
            note_colour: wanted(io::stderr().is_terminal()),
        }
    }

    /// Whether the answer may be coloured.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Whether notes may be coloured.
    pub fn note_colour(&self) -> bool {
        self.note_colour
    }

    /// Adds text to the answer.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Adds bytes to the answer.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.answer.extend_from_slice(bytes);
    }

    /// Whether the answer is so long that a part of it should go.
    pub fn is_long(&self) -> bool {
        self.answer.len() >= 64 << 10
    }

    /// Drops the answer.
    pub fn discard(&mut self) {
        self.answer.clear();
    }

    /// Tells people something, on standard error.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the one place that may"
    )]
    pub fn note(&self, text: &str) {
        // Where nobody can be told, the status still says it.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Prints what there is of the answer, for commands whose answer is longer than memory should be.
    ///
    /// # Errors
    ///
    /// If nobody takes it.
    pub fn flush(&mut self) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.answer)?;
        stdout.flush()?;
        self.answer.clear();
        Ok(())
    }

    /// Prints the answer; a command whose answer was lost has not succeeded.
    pub fn finish(mut self, exit: Exit) -> Exit {
        if self.answer.is_empty() {
            return exit;
        }
        match self.flush() {
            Ok(()) => exit,
            Err(error) => {
                self.note(&error.text());
                Exit::from(error.kind)
            }
        }
    }
}
