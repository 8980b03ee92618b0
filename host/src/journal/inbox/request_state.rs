//! The states of a deployment request, and how they are stored: as a name, and columns that some states use.

use crate::journal::{Error, Result};

/// The state of a deployment request.
///
/// Times are in milliseconds since 1970; 0 means at once. In a file, the time from the write to `again_at` is a delay that
/// the boot clock measures; in `PostgreSQL`, `again_at` is compared with the clock of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentRequestState {
    /// It has not been processed yet.
    Wanted,
    /// It waits for something.
    Waiting {
        /// What.
        why: String,
        /// When to look again.
        again_at: u64,
    },
    /// An attempt is being made. If its process ends in this state, the attempt may have started a pipeline, which
    /// must be checked before the next attempt.
    Starting {
        /// Which attempt it is, counted from 1.
        attempt: u32,
        /// Why the check failed, if it did.
        why: Option<String>,
        /// When to check.
        again_at: u64,
    },
    /// The last attempt certainly started nothing, and is retried.
    Retrying {
        /// What went wrong.
        why: String,
        /// When to try again.
        again_at: u64,
    },
    /// It was started; the request is finished.
    Started {
        /// The name of the pipeline in the CI system.
        reference: String,
    },
    /// It will not be started.
    Stopped {
        /// The reason.
        why: String,
    },
    /// It may have been started, which can't be checked. It is not retried: a person must check.
    Unknown {
        /// The reason.
        why: String,
    },
}

/// The columns of a state.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The state's word.
    pub word: String,
    /// Why it is so.
    pub why: Option<String>,
    /// The attempt that is being made.
    pub attempt: Option<u32>,
    /// When to continue, in milliseconds since 1970.
    pub again_at: u64,
    /// What was started.
    pub reference: Option<String>,
}

impl From<&DeploymentRequestState> for Columns {
    fn from(state: &DeploymentRequestState) -> Self {
        let columns = |word: &str, why: Option<&String>, again_at: &u64| Self {
            word: word.to_owned(),
            why: why.cloned(),
            again_at: *again_at,
            ..Self::default()
        };
        match state {
            DeploymentRequestState::Wanted => columns("wanted", None, &0),
            DeploymentRequestState::Waiting { why, again_at } => {
                columns("waiting", Some(why), again_at)
            }
            DeploymentRequestState::Starting {
                attempt,
                why,
                again_at,
            } => Self {
                attempt: Some(*attempt),
                ..columns("starting", why.as_ref(), again_at)
            },
            DeploymentRequestState::Retrying { why, again_at } => {
                columns("retrying", Some(why), again_at)
            }
            DeploymentRequestState::Started { reference } => Self {
                reference: Some(reference.clone()),
                ..columns("started", None, &0)
            },
            DeploymentRequestState::Stopped { why } => columns("stopped", Some(why), &0),
            DeploymentRequestState::Unknown { why } => columns("unknown", Some(why), &0),
        }
    }
}

impl Columns {
    /// Reads the state that was stored.
    pub fn state(self) -> Result<DeploymentRequestState> {
        let again_at = self.again_at;
        match (self.word.as_str(), self.why, self.reference) {
            ("wanted", ..) => Ok(DeploymentRequestState::Wanted),
            ("waiting", Some(why), _) => Ok(DeploymentRequestState::Waiting { why, again_at }),
            ("starting", why, _) => Ok(DeploymentRequestState::Starting {
                attempt: self.attempt.unwrap_or_default(),
                why,
                again_at,
            }),
            ("retrying", Some(why), _) => Ok(DeploymentRequestState::Retrying { why, again_at }),
            ("started", _, Some(reference)) => Ok(DeploymentRequestState::Started { reference }),
            ("stopped", Some(why), _) => Ok(DeploymentRequestState::Stopped { why }),
            ("unknown", Some(why), _) => Ok(DeploymentRequestState::Unknown { why }),
            (word, ..) => Err(unreadable(word)),
        }
    }
}

/// The error for a state that this version does not know.
pub fn unreadable(word: &str) -> Error {
    Error::Wrong(format!(
        "its inbox has an unknown state `{word}`; use the version of greenlight that wrote it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_comes_back() {
        let why = || "a reason".to_owned();
        for state in [
            DeploymentRequestState::Wanted,
            DeploymentRequestState::Waiting {
                why: why(),
                again_at: 7,
            },
            DeploymentRequestState::Starting {
                attempt: 2,
                why: Some(why()),
                again_at: 8,
            },
            DeploymentRequestState::Starting {
                attempt: 1,
                why: None,
                again_at: 0,
            },
            DeploymentRequestState::Retrying {
                why: why(),
                again_at: 9,
            },
            DeploymentRequestState::Started {
                reference: "42".to_owned(),
            },
            DeploymentRequestState::Stopped { why: why() },
            DeploymentRequestState::Unknown { why: why() },
        ] {
            assert_eq!(Columns::from(&state).state(), Ok(state));
        }
    }

    #[test]
    fn what_was_never_stored_is_refused() {
        for word in ["", "waiting", "started", "stopped", "elsewhere"] {
            let columns = Columns {
                word: word.to_owned(),
                ..Columns::default()
            };
            assert!(matches!(columns.state(), Err(Error::Wrong(_))), "{word}");
        }
    }
}
