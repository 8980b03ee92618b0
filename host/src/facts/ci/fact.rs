//! One fact, and where it comes from.

use std::ffi::OsString;

/// A value, and what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T = String> {
    /// What it is.
    pub value: T,
    /// The variable, or the place in the event file.
    pub source: &'static str,
}

/// A text that the system hands over as the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text, byte by byte.
    pub text: OsString,
    /// The variable, or the place in the event file.
    pub source: &'static str,
    /// What it is worth.
    pub standing: Standing,
}

/// Whether a text is the message of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is, from the first to the last byte.
    Whole,
    /// Its end is missing: the system says so.
    Truncated,
    /// It may be another text, and why.
    Unsure(&'static str),
}

impl Standing {
    /// The word that programs know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Truncated => "truncated",
            Self::Unsure(_) => "unsure",
        }
    }
}
