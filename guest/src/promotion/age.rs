//! The age of a release: a release that waits forever is stopped.

use super::answer::Answer;
use super::case::Case;
use super::ledger::Ledger;
use super::windows::Opening;
use crate::bindings::promotion::{Conclusion, Event, EventKind, Progress};
use crate::bindings::types::{Reason, Timestamp};
use crate::reason::{codes, setting};

/// The seconds in which a window or a person held the release, added up while the history is read.
pub(super) struct HeldTime {
    /// The time of the last event.
    last: Option<Timestamp>,
    seconds: u64,
}

impl HeldTime {
    pub(super) const NONE: Self = Self {
        last: None,
        seconds: 0,
    };

    /// Adds the time between two events, of which the later one is not in the ledger yet.
    ///
    /// A wait begins when it is decided, so the time before it does not matter.
    pub(super) fn before(&mut self, case: &Case<'_>, ledger: &Ledger<'_>, event: &Event) {
        let since = match event.kind {
            EventKind::Waited(seconds) => event.at.saturating_sub(u64::from(seconds)),
            _ => 0,
        };
        self.until(case, ledger, (since, event.at));
        self.last = Some(event.at);
    }

    fn until(
        &mut self,
        case: &Case<'_>,
        ledger: &Ledger<'_>,
        (since, until): (Timestamp, Timestamp),
    ) {
        let Some(last) = self.last else { return };
        if until > last && is_held(case, ledger, since.max(last)) {
            self.seconds = self.seconds.saturating_add(until - last);
        }
    }
}

/// Stops a release that is too old, unless it has ended.
pub(super) fn overdue(case: &Case<'_>, ledger: &Ledger<'_>, answer: Answer) -> Answer {
    let (Some(deadline), Some(first)) = (case.settings.deadline, case.history.first()) else {
        return answer;
    };
    let mut held = HeldTime { ..ledger.held_time };
    held.until(case, ledger, (0, case.now));
    let age = case
        .now
        .saturating_sub(first.at)
        .saturating_sub(held.seconds);
    if answer.is_end() || age <= u64::from(deadline) {
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

/// Tells whether a person or a window holds the release at a time, as of the events in the ledger.
fn is_held(case: &Case<'_>, ledger: &Ledger<'_>, now: Timestamp) -> bool {
    let mut environments = case.settings.environments.iter().enumerate();
    let open = environments.find(|(index, _)| !ledger.settled(case, *index));
    let Some((index, settings)) = open else {
        return false;
    };
    if ledger.people.held(index).is_some() {
        return true;
    }
    let record = ledger.records.get(index);
    let is_pending = record.is_some_and(|it| it.progress == Progress::Pending);
    if index < case.entry || !is_pending {
        return false;
    }
    let opening = ledger.windows.opening(&settings.name, now);
    matches!(opening, Opening::Closed { .. })
        || ledger.people.is_missing(case, (index, settings), now)
}
