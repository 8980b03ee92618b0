//! Looks variables up.

use std::ffi::OsString;

use super::fact::{Fact, Said, Standing};

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
