//! The error type of the whole program. An error says what is wrong and what to do next, and keeps its cause. Its kind
//! determines the exit status.
//!
//! A part whose callers handle certain failures has its own error type. `From` converts four of them to this one:
//!
//! - [`crate::journal::Error`]: for example, an idempotency key that exists.
//! - [`crate::sandbox::Failure`]: a policy that can't be read, and one that gave no decision.
//! - [`crate::deployment::Error`]: a deployment that did not begin, or that can be resumed.
//! - [`crate::effects::Failure`]: a request without an answer, and whether a part of it was sent.
//!
//! The callers of the others handle each case:
//!
//! - `journal::sql::Fault`: a lost connection is opened again; another failure is a [`crate::journal::Error`].
//! - [`crate::effects::trigger::Error`]: determines the next state of a deployment request.
//! - [`crate::facts::git::Answer`]: a missing object, or an error of git.
//! - `facts::load_test::document::Unreadable`: becomes a note of the results.
//! - `serve::ingest::NotStored`: becomes a status of HTTP.
//!
//! [`Explain`] converts errors of the standard library and of other crates.

use std::error::Error as Cause;
use std::fmt::{self, Write as _};
use std::io;
use std::sync::Arc;

use crate::text::escape::escape;

/// The kind of an error, which determines the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line, the configuration or an input can't be used.
    Input,
    /// The policy gave no decision.
    Policy,
    /// An answer or a report could not be written.
    Output,
    /// The journal could not be read or written.
    Journal,
    /// A deployment ended before its conclusion, and can be resumed.
    Interrupted,
}

/// An error: what is wrong, and what to do next.
#[derive(Clone, Debug)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What is wrong. Not escaped.
    pub message: String,
    /// What to do next; empty if the message says it. Not escaped.
    pub help: String,
    cause: Option<Arc<dyn Cause + Send + Sync>>,
}

impl Error {
    /// Makes an error about the command line, the configuration or an input.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::of(Kind::Input, message, help)
    }

    /// Makes an error of a kind.
    pub fn of(kind: Kind, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: help.into(),
            cause: None,
        }
    }

    /// Makes an error about a file or a stream that could not be written.
    pub fn output(message: impl Into<String>) -> Self {
        Self::of(
            Kind::Output,
            message,
            "make room, or name another file; then run the command again",
        )
    }

    /// Makes the error for a thread that the system refuses.
    pub fn no_thread(error: io::Error) -> Self {
        Self::new(
            format!("failed to start a thread: {error}"),
            "the system is out of threads or memory; try again later",
        )
        .because(error)
    }

    /// Puts what failed before the message: `what: message`. Kind, help and cause are kept.
    #[must_use]
    pub fn within(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, cause: impl Cause + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// The cause, if it has this type.
    pub fn cause<T: Cause + 'static>(&self) -> Option<&T> {
        self.cause.as_deref()?.downcast_ref()
    }

    /// What is wrong and what to do next, in one line for a log. Not escaped.
    pub fn line(&self) -> String {
        if self.help.is_empty() {
            return self.message.clone();
        }
        format!("{}: {}", self.message, self.help)
    }

    /// Writes what is wrong and what to do next, in lines that are safe to print.
    pub fn text(&self) -> String {
        let mut text = format!("error: {}\n", escape(&self.message));
        if !self.help.is_empty() {
            // Writing into a string can't fail.
            let _ = writeln!(text, "  help: {}", escape(&self.help));
        }
        text
    }
}

/// Two errors are equal if their kinds and texts are. Causes are not compared.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.message == other.message && self.help == other.help
    }
}

impl Eq for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Cause for Error {
    fn source(&self) -> Option<&(dyn Cause + 'static)> {
        match &self.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }
}

/// Errors of reading are converted where the input is read. So this one is an error of writing the answer.
impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::of(
            Kind::Output,
            format!("failed to write the answer: {error}"),
            "the answer was lost; run the command again",
        )
        .because(error)
    }
}

/// Explains an error of the standard library or of another crate.
pub trait Explain<T> {
    /// Converts the error. The message is `what` and the error's own text; the error is kept as the cause. `help` says
    /// what to do next.
    ///
    /// # Errors
    ///
    /// If the result is an error.
    fn explain(self, what: impl fmt::Display, help: impl Into<String>) -> Result<T, Error>;
}

impl<T, E: Cause + Send + Sync + 'static> Explain<T> for Result<T, E> {
    fn explain(self, what: impl fmt::Display, help: impl Into<String>) -> Result<T, Error> {
        self.map_err(|error| Error::new(format!("{what}: {error}"), help).because(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explained_error_says_what_failed_and_keeps_the_cause() {
        let full: io::Result<()> = Err(io::Error::other("full"));
        let error = full
            .explain("failed to write", "make room")
            .expect_err("it is one");
        assert_eq!(error, Error::new("failed to write: full", "make room"));
        assert!(error.cause::<io::Error>().is_some());
        let error = error.within("failed to deploy");
        assert_eq!(error.message, "failed to deploy: failed to write: full");
        assert!(error.cause::<io::Error>().is_some());
        assert_eq!(
            error.line(),
            "failed to deploy: failed to write: full: make room"
        );
        assert_eq!(Error::new("bad", "").line(), "bad");
    }

    #[test]
    fn a_cause_is_kept() {
        let error = Error::from(io::Error::other("full"));
        assert_eq!(error.kind, Kind::Output);
        assert!(error.cause::<io::Error>().is_some());
        assert!(error.cause::<fmt::Error>().is_none());
        assert!(error.source().is_some_and(|it| it.to_string() == "full"));
        assert!(Error::new("a", "b").source().is_none());
    }

    #[test]
    fn the_text_is_safe_to_print() {
        let error = Error::new("bad\x1b[31m", "##[error]");
        assert_eq!(
            error.text(),
            "error: bad\\u{1b}[31m\n  help: #\\u{23}[error]\n"
        );
        assert_eq!(Error::new("bad", "").text(), "error: bad\n");
    }
}
