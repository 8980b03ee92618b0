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

/// A set of variables: of this process, or of a test.
pub struct Variables<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl<'a> Variables<'a> {
    /// Reads through a function.
    pub fn new(look_up: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(look_up)
    }

    /// The bytes of a variable that is set to something.
    pub fn bytes(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The text of a variable; one that is no UTF-8 has none.
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

    /// Whether a variable is set to something.
    pub fn has(&self, name: &str) -> bool {
        self.bytes(name).is_some()
    }
}
