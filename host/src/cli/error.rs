//! What ends a command without an answer, and the status that goes with it.

use std::fmt::Write as _;
use std::io;

use super::exit::Exit;
use crate::facts;
use crate::sandbox::Failure;
use crate::text::escape::escape;

/// Why a command has no answer.
#[derive(Debug)]
pub enum Error {
    /// The command line or an input can't be used.
    Usage {
        /// What is wrong.
        message: String,
        /// What to do next.
        help: String,
    },
    /// There is no decision.
    Policy(Failure),
    /// The answer could not be written.
    Output(io::Error),
    /// The journal could not be read or written.
    Journal {
        /// What is wrong.
        message: String,
        /// What to do next.
        help: String,
    },
    /// A deployment ended before it was over, and can go on.
    Interrupted {
        /// What happened.
        message: String,
        /// How it goes on.
        help: String,
    },
}

impl Error {
    /// Makes an error about how the command was called.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            help: help.into(),
        }
    }

    /// The status that the program ends with.
    pub fn exit(&self) -> Exit {
        match self {
            // A file that isn't there is the caller's; everything else about a policy is the policy's.
            Self::Usage { .. } | Self::Policy(Failure::Unreadable(_)) => Exit::Usage,
            Self::Policy(_) => Exit::Policy,
            Self::Output(_) | Self::Journal { .. } => Exit::Output,
            Self::Interrupted { .. } => Exit::Interrupted,
        }
    }

    /// Writes what went wrong and what to do next, in lines that do nothing to a terminal.
    pub fn text(&self) -> String {
        let (message, help) = self.parts();
        let mut text = format!("error: {}\n", escape(&message));
        if !help.is_empty() {
            // Writing into a string can't fail.
            let _ = writeln!(text, "  help: {}", escape(&help));
        }
        text
    }

    /// What went wrong, and what to do next, as they are.
    pub fn parts(&self) -> (String, String) {
        match self {
            Self::Usage { message, help }
            | Self::Journal { message, help }
            | Self::Interrupted { message, help } => (message.clone(), help.clone()),
            Self::Policy(failure) => (failure.to_string(), help_for(failure).to_owned()),
            Self::Output(error) => (
                format!("failed to write the answer: {error}"),
                "nothing was decided that you have seen; run it again".to_owned(),
            ),
        }
    }
}

fn help_for(failure: &Failure) -> &'static str {
    match failure {
        Failure::Unreadable(_) => "name a component file that can be read with `--policy`",
        Failure::Host(_) => {
            "this machine or this build is at fault, not the policy; try another one"
        }
        Failure::Unfit(_) => "see what fits with `greenlight policy check FILE`",
        Failure::Trapped(_) | Failure::TimedOut | Failure::Limit(..) | Failure::Contract(_) => {
            "there is no decision, so nothing may go on; report it, with what was asked, to whoever wrote \
             the policy"
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Policy(failure)
    }
}

impl From<facts::Error> for Error {
    fn from(error: facts::Error) -> Self {
        Self::usage(error.message, error.help)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
