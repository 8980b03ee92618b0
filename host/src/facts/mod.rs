//! Facts: what the host reads and the policy is given. Reading is all that happens here; what a fact
//! means is the policy's to say.

pub mod checkout;
pub mod ci;
pub mod evidence;
pub mod git;
pub mod history;
pub mod load_test;
pub mod message;
pub mod webhook;

use std::fmt;

/// Why a fact could not be read, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl Error {
    /// Makes an error.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
