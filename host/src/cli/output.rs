//! What a command prints: answers to standard output, everything else to standard error.
//!
//! An answer is kept until the command has succeeded, so that a failed command does not print half of one.

use std::env;
use std::io::{self, IsTerminal as _, Write as _};

use super::Error;
use super::args::Format;
use super::exit::Exit;
use super::output_flags::{Color, OutputFlags};
use crate::contract::documents::RefusalDocument;
use crate::contract::types::Reason;
use crate::report::terminal;
use crate::text::json;

/// Collects an answer, and prints notes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each one is an option of its own"
)]
pub struct Output {
    answer: Vec<u8>,
    colour: bool,
    note_colour: bool,
    quiet: bool,
    verbose: bool,
    lost: Option<&'static str>,
}

impl Output {
    /// Reads the flags, and for `--color auto` the terminal, `NO_COLOR`, `FORCE_COLOR` and `JENKINS_URL`: the
    /// console of Jenkins does not interpret escape sequences.
    pub fn new(flags: OutputFlags) -> Self {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let wanted = |terminal: bool| match flags.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto if set("FORCE_COLOR") => true,
            Color::Auto => {
                terminal
                    && !set("JENKINS_URL")
                    && env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self {
            answer: Vec::new(),
            colour: wanted(io::stdout().is_terminal()),
            note_colour: wanted(io::stderr().is_terminal()),
            quiet: flags.quiet,
            verbose: flags.verbose,
            lost: None,
        }
    }

    /// Whether notes are left out.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether to print where settings come from.
    pub fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// Whether the answer may be colored.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Whether notes may be colored.
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

    /// Whether the answer is so long that it should be flushed.
    pub fn is_long(&self) -> bool {
        self.answer.len() >= 64 << 10
    }

    /// The answer so far.
    #[cfg(test)]
    pub fn answer(&self) -> &str {
        std::str::from_utf8(&self.answer).expect("UTF-8")
    }

    /// Sets the help for an answer that can't be written, for a command that should not run again.
    pub fn help_if_lost(&mut self, help: &'static str) {
        self.lost = Some(help);
    }

    /// Drops the answer.
    pub fn discard(&mut self) {
        self.answer.clear();
    }

    /// Prints a note on standard error, unless `--quiet` is given.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.error(text);
        }
    }

    /// Prints an error on standard error.
    #[expect(
        clippy::unused_self,
        reason = "printing goes through the one place that may"
    )]
    pub fn error(&self, text: &str) {
        if cfg!(test) {
            // The test runner captures only this.
            eprint!("{text}");
            return;
        }
        // If standard error is closed, the exit status still shows the failure.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Prints the answer so far, for commands whose answer should not be held in memory.
    ///
    /// # Errors
    ///
    /// If standard output is closed or full.
    pub fn flush(&mut self) -> Result<(), Error> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.answer)?;
        stdout.flush()?;
        self.answer.clear();
        Ok(())
    }

    /// Prints the answer. A command whose answer can't be written fails.
    pub fn finish(mut self, exit: Exit) -> Exit {
        if self.answer.is_empty() {
            return exit;
        }
        match self.flush() {
            Ok(()) => exit,
            Err(mut error) => {
                if let Some(help) = self.lost {
                    help.clone_into(&mut error.help);
                }
                self.error(&error.text());
                Exit::from(error.kind)
            }
        }
    }
}

/// Prints a refusal of the policy on standard error, and for programs as a document on standard output.
pub fn refuse(format: Format, reasons: Vec<Reason>, output: &mut Output) -> Result<Exit, Error> {
    let mut text = "refused:\n".to_owned();
    for reason in &reasons {
        text.push_str(&terminal::reason(reason));
    }
    output.error(&text);
    if format == Format::Json {
        output.text(&json::pretty(&RefusalDocument::new(reasons))?);
    }
    Ok(Exit::Stop)
}
