//! The answer of a decision: permission, next step and reasons, before notices are considered.

use super::case::Case;
use crate::bindings::promotion::{Action, Conclusion, Permission};
use crate::bindings::types::Reason;

/// The next step with its reasons.
pub(super) struct Answer {
    pub permission: Permission,
    pub next: Action,
    pub reasons: Vec<Reason>,
    /// The environment that the answer is about, by its place in the settings.
    pub place: Option<usize>,
    /// The release starts outside of the windows, and people get a warning.
    pub warns_outside: bool,
}

impl Answer {
    /// Not yet.
    pub(super) fn hold(next: Action, reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Hold,
            next,
            reasons,
            place: None,
            warns_outside: false,
        }
    }

    /// Not yet; ask again after the poll interval.
    pub(super) fn wait(case: &Case<'_>, reasons: Vec<Reason>) -> Self {
        Self::hold(Action::Wait(case.settings.poll_interval), reasons)
    }

    /// Never.
    pub(super) fn end(conclusion: Conclusion, reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Stop,
            next: Action::Finish(conclusion),
            reasons,
            place: None,
            warns_outside: false,
        }
    }

    /// Names the environment that the answer is about.
    pub(super) fn at(mut self, place: usize) -> Self {
        self.place = Some(place);
        self
    }

    /// Tells whether the release has ended, apart from notices.
    pub(super) fn is_end(&self) -> bool {
        matches!(self.next, Action::Finish(_))
    }
}
