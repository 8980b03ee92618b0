//! The history of a deployment as the policy receives it. An event that only repeats the end of the history is merged
//! into it, so that the history of a deployment that waits for days stays short.
//!
//! This is the only place that decides which events repeat earlier ones; `wit/promotion.wit` documents the rules:
//!
//! - Waits in a row are one event.
//! - Rounds with the same result and nothing but waits between them are one event, which counts them.
//! - Of several findings that the same release holds an environment, with nothing but waits between them, only the
//!   latest is an event, after the waits.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::Many;
use super::record::forms::EventForm;
use crate::contract::fields::MOST_ROUNDS;
use crate::contract::promotion::{Event, EventKind, LockHolder, Round};

/// The events so far, each with data of the reader.
#[derive(Clone, Debug)]
pub struct History<T = ()> {
    events: Vec<Event>,
    about: Vec<T>,
    /// How many events at the beginning have not changed since the changes were taken last.
    unchanged: usize,
    /// How many rounds were added to an event since then.
    more: u32,
}

/// The changed end of a history, after events were repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// The index of the first event that has changed, or is new.
    from: u64,
    /// The rounds that were added to the event at this index, if it is an event of rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<RepeatedRounds>,
    /// All events after them.
    #[serde(with = "Many::<EventForm>")]
    pub events: Vec<Event>,
}

/// Rounds that were repeated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepeatedRounds {
    /// The environment.
    pub environment: String,
    /// When the last one ended, in seconds since 1970.
    pub at: u64,
    /// How many rounds were added.
    pub more: u32,
}

/// A tail belongs to another history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherHistory;

impl fmt::Display for OtherHistory {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("it repeats events that the entries before it do not have")
    }
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            about: Vec::new(),
            unchanged: 0,
            more: 0,
        }
    }
}

impl<T> History<T> {
    /// The events, in order.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events, in order, each with its data.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Event, &T)> {
        self.events.iter().zip(&self.about)
    }

    /// The same events without their data, and without changes to take.
    pub fn events_alone(&self) -> History {
        History {
            events: self.events.clone(),
            about: vec![(); self.events.len()],
            unchanged: self.events.len(),
            more: 0,
        }
    }

    /// The events, in order, each with its data.
    pub fn into_events(self) -> impl Iterator<Item = (Event, T)> {
        self.events.into_iter().zip(self.about)
    }

    /// Whether an event only repeats the end of the history, so that it is merged into it.
    pub fn is_repeated_by(&self, kind: &EventKind) -> bool {
        match (kind, self.events.as_slice()) {
            (EventKind::Waited(_), [.., last]) => matches!(last.kind, EventKind::Waited(_)),
            (EventKind::Observed(now), [.., before, wait]) => {
                matches!(wait.kind, EventKind::Waited(_))
                    && matches!(&before.kind, EventKind::Observed(it) if is_same_round(it, now))
            }
            (EventKind::Locked(now), [.., before, wait]) => {
                matches!(wait.kind, EventKind::Waited(_))
                    && matches!(&before.kind, EventKind::Locked(it) if is_same_occupant(it, now))
            }
            _ => false,
        }
    }

    /// Adds an event, or merges it into the end of the history. The data of the merged event is `about`.
    pub fn add(&mut self, event: Event, about: T) {
        if !self.is_repeated_by(&event.kind) {
            self.push(event, about);
            return;
        }
        match event.kind {
            EventKind::Waited(more) => self.repeat_last(event.at, about, |last| {
                if let EventKind::Waited(seconds) = last {
                    *seconds = seconds.saturating_add(more);
                }
            }),
            EventKind::Observed(now) => {
                self.pop();
                self.more = self.more.saturating_add(now.times);
                self.repeat_last(event.at, about, |last| {
                    if let EventKind::Observed(round) = last {
                        round.times = add_rounds(round.times, now.times);
                    }
                });
            }
            _ => {
                let wait = self.pop();
                self.pop();
                if let Some((wait, about_wait)) = wait {
                    self.add(wait, about_wait);
                }
                self.push(event, about);
            }
        }
    }

    /// Takes what has changed since the last call.
    pub fn take_changes(&mut self) -> Tail {
        let from = self.unchanged.min(self.events.len());
        let more = self.more;
        self.forget_changes();
        let rounds = match self.events.get(from) {
            Some(Event {
                at,
                kind: EventKind::Observed(round),
            }) => Some(RepeatedRounds {
                environment: round.environment.clone(),
                at: *at,
                more,
            }),
            _ => None,
        };
        let behind = from + usize::from(rounds.is_some());
        Tail {
            from: from as u64,
            rounds,
            events: self.events[behind..].to_vec(),
        }
    }

    /// Drops the changes since the last call of [`take_changes`](Self::take_changes).
    pub fn forget_changes(&mut self) {
        self.unchanged = self.events.len();
        self.more = 0;
    }

    /// Adds an event without merging it.
    fn push(&mut self, event: Event, about: T) {
        self.events.push(event);
        self.about.push(about);
    }

    fn pop(&mut self) -> Option<(Event, T)> {
        let last = self.events.pop().zip(self.about.pop());
        self.unchanged = self.unchanged.min(self.events.len());
        last
    }

    /// Merges a repetition into the last event.
    fn repeat_last(&mut self, at: u64, about: T, merge: impl FnOnce(&mut EventKind)) {
        if let Some((mut event, _)) = self.pop() {
            event.at = at;
            merge(&mut event.kind);
            self.push(event, about);
        }
    }
}

impl<T: Clone> History<T> {
    /// Replaces the end of the history with a tail. Returns the rounds that were added to an event, if any. New events
    /// get the data `about`; an event of rounds keeps its data.
    ///
    /// # Errors
    ///
    /// If the tail belongs to another history.
    pub fn apply(&mut self, tail: &Tail, about: &T) -> Result<Option<Event>, OtherHistory> {
        let from = usize::try_from(tail.from).map_err(|_| OtherHistory)?;
        if from > self.events.len() {
            return Err(OtherHistory);
        }
        let mut added = None;
        let mut behind = from;
        if let Some(rounds) = &tail.rounds {
            let event = self.events.get_mut(from).ok_or(OtherHistory)?;
            let EventKind::Observed(round) = &mut event.kind else {
                return Err(OtherHistory);
            };
            if round.environment != rounds.environment {
                return Err(OtherHistory);
            }
            round.times = add_rounds(round.times, rounds.more);
            event.at = rounds.at;
            let mut more = event.clone();
            if let EventKind::Observed(round) = &mut more.kind {
                round.times = rounds.more;
            }
            added = Some(more);
            behind += 1;
        }
        self.events.truncate(behind);
        self.about.truncate(behind);
        for event in &tail.events {
            self.push(event.clone(), about.clone());
        }
        self.forget_changes();
        Ok(added)
    }
}

/// The count stays within the limit of a document.
fn add_rounds(times: u32, more: u32) -> u32 {
    times.saturating_add(more).min(MOST_ROUNDS)
}

fn is_same_round(one: &Round, other: &Round) -> bool {
    one.environment == other.environment && one.convergence == other.convergence
}

fn is_same_occupant(one: &LockHolder, other: &LockHolder) -> bool {
    one.environment == other.environment && one.commit == other.commit
}
