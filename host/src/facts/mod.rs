//! Facts: what the host reads and the policy is given. Reading is all that happens here; what a fact
//! means is the policy's to say.

pub mod checkout;
pub mod ci;
pub mod evidence;
pub mod git;
pub mod history;
pub mod load_test;
pub mod message;

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

/// Whether a text is a full commit hash: 40 (SHA-1) or 64 (SHA-256) lowercase hexadecimal digits.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && is_hex(text)
}

/// Whether a text is the digest of an image: `sha256:` and 64 lowercase hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == 64 && is_hex(digits))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
