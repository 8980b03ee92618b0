//! Starting a deployment in a CI system: a job of Jenkins, a pipeline of `CircleCI`, a workflow of GitHub.
//!
//! A start is asked for at least once and must happen at most once. So an error says whether it may have
//! happened, each request carries a key that is the same in each attempt, and a start that may have happened
//! is looked for by its key before it is asked for again.

pub mod circleci;
pub mod github;
pub mod jenkins;
mod line;
#[cfg(test)]
mod trial;

use std::fmt;
use std::time::Duration;

use crate::config::server::TriggerSettings;

/// How far another's clock may be from ours, in milliseconds. An hour is noticed by others first.
const CLOCKS: u64 = 60 * 60 * 1000;

/// What is to be deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A random name of this start, the same for each attempt.
    pub key: String,
    /// The repository of the image.
    pub repository: String,
    /// The tag that was pushed.
    pub tag: String,
    /// The digest that it named then, if it is known.
    pub digest: Option<String>,
    /// The environment that the tag asks for.
    pub environment: String,
    /// The commit that the tag names.
    pub commit: String,
    /// When it was first wanted, in milliseconds since 1970: what was started for it is younger.
    pub since: u64,
}

impl Request {
    /// Whether what a system did at a moment, in milliseconds since 1970 by its clock, was certainly done
    /// before anything can have been started for this.
    fn is_after(&self, moment: u64) -> bool {
        moment.saturating_add(CLOCKS) < self.since
    }
}

/// Why a start is not known to be accepted, in words that hold no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// It was certainly not accepted.
    Refused {
        /// What is wrong.
        why: String,
    },
    /// It was certainly not accepted, and should be asked for again later.
    Busy {
        /// What was answered.
        why: String,
        /// How long to wait, where that was said.
        again_in: Option<Duration>,
    },
    /// It may have been accepted.
    Unknown {
        /// What is wrong.
        why: String,
    },
}

/// A CI system.
pub trait Trigger: Send + Sync {
    /// Asks for a start, and gives what people find it by: a URL, or a number. Blocks.
    ///
    /// # Errors
    ///
    /// If it is not known to be accepted. Nothing is tried twice here.
    fn start(&self, request: &Request) -> Result<String, Error>;

    /// Looks for what was started under a key; nothing where it is certainly not there. Blocks.
    ///
    /// A system takes a moment to show what it has accepted: nothing found right after a request proves
    /// nothing. And a list that does not reach back to when the request was first wanted proves nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] or [`Error::Refused`] if the look itself failed: the system is away, does not answer,
    /// or does not let us look. That says nothing about the start; look again later, as long as it takes.
    ///
    /// [`Error::Unknown`] if the look was answered, and the answer can't tell. Another look may only get the
    /// same answer: after a few looks, a person has to check.
    fn find(&self, request: &Request) -> Result<Option<String>, Error>;
}

/// The client for the CI system that is configured.
pub fn of(settings: &TriggerSettings) -> Box<dyn Trigger> {
    match settings.clone() {
        TriggerSettings::Jenkins(settings) => Box::new(jenkins::Jenkins::new(settings)),
        TriggerSettings::CircleCi(settings) => Box::new(circleci::CircleCi::new(settings)),
        TriggerSettings::GitHub(settings) => Box::new(github::GitHub::new(settings)),
    }
}

impl Error {
    /// Whether it may have been accepted nevertheless.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused { why } | Self::Busy { why, .. } | Self::Unknown { why }) = self;
        f.write_str(why)
    }
}

impl std::error::Error for Error {}
