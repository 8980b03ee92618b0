use std::fmt;

use crate::error;

/// What a store's question is answered with.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Somebody else was faster: the position has a record already, or the deployment another conclusion.
    Taken,
    /// This deployment was already begun for the same request.
    Requested(u64),
    /// There is no deployment with this number.
    Unknown(u64),
    /// A record is missing, or is not what was written.
    Damaged {
        /// The deployment that it belongs to.
        deployment: u64,
        /// Its position, or the position that should be there.
        position: u64,
    },
    /// The database can't be reached or is busy; the same call may work later. Whether an append or a
    /// conclusion was stored is not known; the same call on the same store finds out.
    Unavailable(String),
    /// There is no room left on the database's disk; nothing was stored.
    Full(String),
    /// This is not a journal, or one that can't be used.
    Wrong(String),
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => to.write_str("somebody else wrote to the journal first"),
            Self::Requested(number) => {
                write!(to, "deployment {number} was already begun for this request")
            }
            Self::Unknown(number) => write!(to, "there is no deployment {number} in the journal"),
            Self::Damaged {
                deployment,
                position,
            } => write!(
                to,
                "record {position} of deployment {deployment} is damaged or missing"
            ),
            Self::Unavailable(why) => write!(to, "the journal is not available: {why}"),
            Self::Full(why) => write!(to, "there is no room for the journal: {why}"),
            Self::Wrong(why) => write!(to, "this is not a usable journal: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let help = match error {
            Error::Taken => "another process drives this deployment; see `greenlight status`",
            Error::Damaged { .. } => {
                "the journal was changed from outside; restore it from a copy, or start anew with \
                 another `[journal] location`"
            }
            Error::Full(_) => "make room, then continue with `greenlight run --resume`",
            Error::Unavailable(_) => {
                "check that the database answers, or that the file's disk can be written; then continue \
                 with `greenlight run --resume`"
            }
            Error::Requested(_) | Error::Unknown(_) | Error::Wrong(_) => {
                "check `[journal] location` in the configuration"
            }
        };
        Self::of(
            error::Kind::Journal,
            format!("the journal failed: {error}"),
            help,
        )
        .because(error)
    }
}
