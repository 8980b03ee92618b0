//! Whether a release may be older than its deadline.

use super::case::Case;
use crate::bindings::promotion::{Event, EventKind};

/// Returns the age of the release and its deadline, if the age with all held time is beyond the deadline. Few releases
/// are that old, so the held time of most of them does not matter.
pub(super) fn older_than_deadline(case: &Case<'_>) -> Option<(u64, u32)> {
    let deadline = case.settings.deadline?;
    let first = case.history.iter().find(|it| is_own(case, it))?;
    let age = case.now.saturating_sub(first.at);
    (age > u64::from(deadline)).then_some((age, deadline))
}

/// Tells whether an event is certainly of this deployment. Events of environments before that of the tag, and waivers,
/// may be copies of what other deployments of the commit recorded earlier.
fn is_own(case: &Case<'_>, event: &Event) -> bool {
    let environment = match &event.kind {
        EventKind::Deployed(it) => &it.environment,
        EventKind::Observed(it) => &it.environment,
        EventKind::LoadTested(it) => &it.environment,
        EventKind::Performed(it) => &it.step.environment,
        EventKind::Measured(it) => &it.environment,
        EventKind::Waived(_) => return false,
        _ => return true,
    };
    let earlier = case.settings.environments.iter().take(case.entry);
    !earlier.into_iter().any(|it| it.name == *environment)
}
