//! A fact and its source.

use std::ffi::OsString;

/// A value and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T = String> {
    /// The value.
    pub value: T,
    /// The variable, or the place in the event file.
    pub source: &'static str,
}

/// A text that the system gives as the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text, byte by byte.
    pub text: OsString,
    /// The variable, or the place in the event file.
    pub source: &'static str,
    /// Whether it is the message of the commit.
    pub standing: Standing,
}

/// Whether a text is the message of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is the whole message.
    Whole,
    /// Its end is missing: the system says so.
    Truncated,
    /// It may be another text, and why.
    Unsure(&'static str),
}

impl Standing {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Truncated => "truncated",
            Self::Unsure(_) => "unsure",
        }
    }
}

/// A set of variables: of this process, or of a test.
pub struct Variables<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl<'a> Variables<'a> {
    /// Reads through a function.
    pub fn new(look_up: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(look_up)
    }

    /// The bytes of a variable that is not empty.
    pub fn bytes(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The text of a variable that is UTF-8 and not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.bytes(name)?.into_string().ok()
    }

    /// The text of a variable, as a fact.
    pub fn fact(&self, name: &'static str) -> Option<Fact> {
        let value = self.text(name)?;
        Some(Fact {
            value,
            source: name,
        })
    }

    /// The first of several variables that is set.
    pub fn first(&self, names: &[&'static str]) -> Option<Fact> {
        names.iter().find_map(|name| self.fact(name))
    }

    /// A variable with a message.
    pub fn said(&self, name: &'static str, standing: Standing) -> Option<Said> {
        let text = self.bytes(name)?;
        Some(Said {
            text,
            source: name,
            standing,
        })
    }

    /// Whether a variable has exactly this value.
    pub fn is(&self, name: &str, value: &str) -> bool {
        (self.0)(name).is_some_and(|set| set == value)
    }

    /// Whether a variable is set and not empty.
    pub fn has(&self, name: &str) -> bool {
        self.bytes(name).is_some()
    }
}
