//! One answer to the question what is to be done, before anybody is told.

use super::case::Case;
use crate::bindings::promotion::{Action, Conclusion, Permission};
use crate::bindings::types::Reason;

/// What is to be done, and why.
pub(super) struct Answer {
    pub permission: Permission,
    pub next: Action,
    pub reasons: Vec<Reason>,
}

impl Answer {
    /// Not yet.
    pub(super) fn hold(next: Action, reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Hold,
            next,
            reasons,
        }
    }

    /// Not yet, and only time can change that.
    pub(super) fn wait(case: &Case<'_>, reasons: Vec<Reason>) -> Self {
        Self::hold(Action::Wait(case.settings.poll_interval), reasons)
    }

    /// Never.
    pub(super) fn end(conclusion: Conclusion, reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Stop,
            next: Action::Finish(conclusion),
            reasons,
        }
    }

    /// Tells whether nothing but telling people is left to do.
    pub(super) fn is_end(&self) -> bool {
        matches!(self.next, Action::Finish(_))
    }
}
