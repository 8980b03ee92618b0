use std::error::Error as _;
use std::io;

use ::postgres::error::SqlState;

use crate::journal::Error;

/// Why a question to the server has no answer.
#[derive(Debug)]
pub enum Fault {
    /// The connection is gone, and another one may have more luck.
    Lost(String),
    /// The same question would fail again.
    Final(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<::postgres::Error> for Fault {
    fn from(error: ::postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let source = error.source();
            let text = match source {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            return if error.is_closed()
                || source.is_some_and(<dyn std::error::Error>::is::<io::Error>)
            {
                Self::Lost(text)
            } else {
                Self::Final(Error::Wrong(text))
            };
        };
        let text = said.message().to_owned();
        match said.code() {
            &SqlState::DISK_FULL => Self::Final(Error::Full(text)),
            &SqlState::UNIQUE_VIOLATION => Self::Final(Error::Taken),
            &SqlState::ADMIN_SHUTDOWN
            | &SqlState::CRASH_SHUTDOWN
            | &SqlState::CANNOT_CONNECT_NOW
            | &SqlState::TOO_MANY_CONNECTIONS
            | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Lost(text),
            // By class; the classes are in PostgreSQL's manual, appendix A.
            code => match code.code().get(..2) {
                // Connection exception.
                Some("08") => Self::Lost(text),
                // What this program asks, or the text it hands over, is not what the database takes: no
                // such table, no permission, another type, characters that it can't have.
                Some("42" | "3F" | "22" | "23") => Self::Final(Error::Wrong(text)),
                _ => Self::Final(Error::Unavailable(text)),
            },
        }
    }
}
