//! Finds the entries that only repeat earlier entries of a journal, so that one entry can stand for all of them.
//!
//! A deployment that waits repeats a cycle: it asks the nodes, decides to wait, waits, and decides to ask again. The
//! answers, the occupant and the decisions of these cycles are equal.

use super::entry::{Details, Entry, NodeDetails, RepeatedDecision};
use super::history::History;
use super::record::repeats::is_same;
use crate::contract::promotion::{Decision, EventKind};

/// The maximum number of decisions in a cycle.
const CYCLE: usize = 2;

/// How many seconds of a wait are kept back at most, so that the journal shows that the deployment still waits.
const KEPT_BACK: u64 = 60;

/// The latest entries that were written, and how often they were repeated since.
#[derive(Debug, Default)]
pub(super) struct Repetition {
    /// The decisions of the current cycle that were written.
    decisions: Vec<Repeated>,
    /// The answers of the nodes that were written last.
    answers: Vec<NodeDetails>,
    /// The time of the first entry that is kept back, in seconds since 1970; `None` if no entry is kept back.
    since: Option<u64>,
}

/// A written decision, and how often it was repeated since.
#[derive(Debug)]
struct Repeated {
    decision: Decision,
    position: u64,
    times: u64,
}

impl Repetition {
    /// Whether an entry only repeats earlier entries, so that it is kept back. `history` is the history before it.
    pub(super) fn keeps_back(&mut self, entry: &Entry, history: &History) -> bool {
        let at = match entry {
            Entry::Decided { now, decision } => {
                let mut known = self.decisions.iter_mut();
                let Some(known) = known.find(|it| it.decision == *decision) else {
                    return false;
                };
                known.times += 1;
                *now
            }
            Entry::Happened { event, details } => {
                let is_repeated = match (&event.kind, details) {
                    // A wait after an entry that is kept back is part of the cycle.
                    (EventKind::Waited(_), Details::Nothing) => {
                        self.since.is_some() || history.is_repeated_by(&event.kind)
                    }
                    (EventKind::Locked(_), Details::Nothing) => history.is_repeated_by(&event.kind),
                    (EventKind::Observed(_), Details::Round { nodes }) => {
                        history.is_repeated_by(&event.kind) && is_same(&self.answers, Some(nodes))
                    }
                    _ => false,
                };
                if !is_repeated {
                    return false;
                }
                event.at
            }
            _ => return false,
        };
        self.since.get_or_insert(at);
        true
    }

    /// Whether the entries that are kept back must be written after this one: a wait has ended, and [`KEPT_BACK`] seconds
    /// have passed.
    pub(super) fn is_due(&self, entry: &Entry) -> bool {
        let Entry::Happened { event, .. } = entry else {
            return false;
        };
        matches!(event.kind, EventKind::Waited(_))
            && (self.since).is_some_and(|since| event.at.abs_diff(since) >= KEPT_BACK)
    }

    /// Remembers an entry that was written. `history` is the history before it.
    pub(super) fn wrote(&mut self, entry: &Entry, position: u64, history: &History) {
        match entry {
            Entry::Decided { decision, .. } => {
                if self.decisions.len() == CYCLE {
                    self.decisions.remove(0);
                }
                self.decisions.push(Repeated {
                    decision: decision.clone(),
                    position,
                    times: 0,
                });
            }
            Entry::Happened { event, details } => {
                if let Details::Round { nodes } = details {
                    self.answers.clone_from(nodes);
                }
                let is_wait = matches!(event.kind, EventKind::Waited(_));
                if !is_wait && !history.is_repeated_by(&event.kind) {
                    self.decisions.clear();
                }
            }
            _ => self.decisions.clear(),
        }
    }

    /// Takes how often each decision was repeated; `None` if no entry is kept back.
    pub(super) fn take(&mut self) -> Option<Vec<RepeatedDecision>> {
        self.since.take()?;
        let decisions = self.decisions.iter_mut().filter(|it| it.times > 0);
        let taken = decisions.map(|it| RepeatedDecision {
            entry: it.position,
            times: std::mem::take(&mut it.times),
        });
        Some(taken.collect())
    }
}

#[cfg(test)]
mod tests;
