//! The age of a release: a release that waits forever is stopped.

use super::answer::Answer;
use super::case::Case;
use super::deadline::older_than_deadline;
use super::ledger::Ledger;
use crate::bindings::promotion::Conclusion;
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
