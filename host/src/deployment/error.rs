//! Why a deployment can't begin or continue. None of these ends a deployment: it can be resumed.

use crate::error::{self, Kind};
use crate::journal::{self, Lock};
use crate::sandbox::Failure;

/// Why a deployment did not begin, or stopped without a conclusion.
#[derive(Debug)]
pub enum Error {
    /// The policy gave no decision.
    Policy(Failure),
    /// The journal could not be read or written.
    Journal(journal::Error),
    /// Another deployment holds the lock, so nothing more may be done there.
    LostLease(Lock),
    /// A signal requested a shutdown.
    Interrupted,
    /// The configuration, the repository or the request does not allow it.
    Host(error::Error),
}

impl Error {
    /// Makes an error about the configuration, the repository or the request.
    pub(super) fn host(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Host(error::Error::new(message, help))
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Policy(failure)
    }
}

impl From<journal::Error> for Error {
    fn from(error: journal::Error) -> Self {
        Self::Journal(error)
    }
}

impl From<error::Error> for Error {
    fn from(error: error::Error) -> Self {
        Self::Host(error)
    }
}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let help = "continue with `greenlight run --resume`";
        match error {
            Error::Policy(failure) => failure.into(),
            Error::Journal(error) => error.into(),
            Error::Host(error) => error,
            Error::Interrupted => {
                Self::of(Kind::Interrupted, "the deployment was interrupted", help)
            }
            Error::LostLease(lock) => Self::of(
                Kind::Interrupted,
                format!(
                    "the lock of {lock} was lost to another deployment, so nothing more is done"
                ),
                help,
            ),
        }
    }
}
