//! One fact of the history, with its place in it.

use crate::bindings::promotion::Event;
use crate::bindings::types::{Evidence, Timestamp};

/// A fact that remembers where it was read, so that reasons can point at it.
#[derive(Debug)]
pub(super) struct Fact<'a, T> {
    /// Place in the history, counted from 0.
    pub place: usize,
    pub at: Timestamp,
    pub what: &'a T,
}

// Derived, these would ask for `T: Copy`.
impl<T> Clone for Fact<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fact<'_, T> {}

impl<'a, T> Fact<'a, T> {
    pub(super) fn new(place: usize, event: &Event, what: &'a T) -> Self {
        Self {
            place,
            at: event.at,
            what,
        }
    }

    pub(super) fn evidence(&self) -> Evidence {
        event(self.place)
    }
}

/// Points at an event.
pub(super) fn event(place: usize) -> Evidence {
    Evidence::Event(u32::try_from(place).unwrap_or(u32::MAX))
}
