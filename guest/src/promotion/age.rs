//! The age of a release: a release that waits forever is stopped.

use super::answer::Answer;
use super::case::Case;
use super::ledger::Ledger;
use crate::bindings::promotion::{Conclusion, Event, EventKind};
use crate::bindings::types::Reason;
use crate::reason::{codes, setting};

/// Stops a release that is too old, unless it has ended.
pub(super) fn overdue(case: &Case<'_>, ledger: &Ledger<'_>, answer: Answer) -> Answer {
    let Some((age, deadline)) = older_than_deadline(case) else {
        return answer;
    };
    let mut held = ledger.held_time;
    held.until((0, case.now), |at| ledger.is_held(case, at));
    if answer.is_end() || age.saturating_sub(held.seconds) <= u64::from(deadline) {
        return answer;
    }
    let message = format!("the release has not ended within {deadline} s");
    let reason = Reason::new(codes::DEADLINE_EXCEEDED, message)
        .on(setting("deadline"))
        .help("publish the commit again, or a newer one");
    let mut reasons = vec![reason];
    reasons.extend(answer.reasons);
    Answer::end(Conclusion::Stopped, reasons)
}

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
        EventKind::Waived(_) => return false,
        _ => return true,
    };
    let earlier = case.settings.environments.iter().take(case.entry);
    !earlier.into_iter().any(|it| it.name == *environment)
}
