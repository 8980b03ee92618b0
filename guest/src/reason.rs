//! Building reasons.

use crate::bindings::types::{Evidence, Reason};

impl Reason {
    /// Makes a reason that rests on nothing yet.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            evidence: Vec::new(),
            help: None,
        }
    }

    /// Adds a fact that it rests on.
    #[must_use]
    pub fn on(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
