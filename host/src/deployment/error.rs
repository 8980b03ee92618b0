//! Why a deployment can't go on. None of these is an end of it: it can be resumed.

use crate::facts;
use crate::journal;
use crate::sandbox::Failure;

/// Why the loop ended without a conclusion.
#[derive(Debug)]
pub enum Error {
    /// The policy gave no decision.
    Policy(Failure),
    /// The journal could not be read or written.
    Journal(journal::Error),
    /// Another deployment got an environment, and nothing more may be done there.
    LostLease(String),
    /// A signal asked this process to end.
    Interrupted,
    /// Something that the host needs is not there.
    Host(facts::Error),
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

impl From<facts::Error> for Error {
    fn from(error: facts::Error) -> Self {
        Self::Host(error)
    }
}
