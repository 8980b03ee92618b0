//! For how long windows and people held a release.

use crate::bindings::promotion::{Event, EventKind};
use crate::bindings::types::Timestamp;

/// The seconds in which a window or a person held the release, added up while the history is read.
#[derive(Clone, Copy)]
pub(super) struct HeldTime {
    /// The time of the last event.
    last: Option<Timestamp>,
    /// The seconds up to this event.
    pub seconds: u64,
}

impl HeldTime {
    /// No event was read.
    pub(super) const NONE: Self = Self {
        last: None,
        seconds: 0,
    };

    /// Adds the time before the next event. `is_held` tells whether the release was held at a time, as of the events before.
    ///
    /// A wait begins when it is decided, so the time before it does not matter.
    pub(super) fn add(&mut self, event: &Event, is_held: impl FnOnce(Timestamp) -> bool) {
        let since = match event.kind {
            EventKind::Waited(seconds) => event.at.saturating_sub(u64::from(seconds)),
            _ => 0,
        };
        self.until((since, event.at), is_held);
        self.last = Some(event.at);
    }

    /// Adds the time from the last event to another time. `since` is the earliest time to look at.
    pub(super) fn until(
        &mut self,
        (since, until): (Timestamp, Timestamp),
        is_held: impl FnOnce(Timestamp) -> bool,
    ) {
        let Some(last) = self.last else { return };
        if until > last && is_held(since.max(last)) {
            self.seconds = self.seconds.saturating_add(until - last);
        }
    }
}
