//! Which entries of a journal only repeat what was written before, so that one entry can stand for all of them.
//!
//! A deployment that waits repeats a cycle: it asks, decides to wait, waits, and decides to ask again. In such a cycle
//! the answers, the occupant and the decisions are the same each time.

use super::entry::{Details, Entry, NodeDetails, RepeatedDecision};
use super::history::History;
use super::record::repeats::is_same;
use crate::contract::promotion::{Decision, Happening};

/// How many decisions a cycle has at most.
const CYCLE: usize = 2;

/// How many seconds of a wait are kept back at most. Then the journal shows that the deployment still waits.
const KEPT_BACK: u64 = 60;

/// What was written last, and how often it was repeated since.
#[derive(Debug, Default)]
pub(super) struct Repetition {
    /// The latest decisions that were written since something else happened.
    decisions: Vec<Repeated>,
    /// The answers of the nodes that were written last.
    answers: Vec<NodeDetails>,
    /// When the first entry that is kept back was made, in seconds since 1970; `None` if none is.
    since: Option<u64>,
}

/// A decision that was written.
#[derive(Debug)]
struct Repeated {
    decision: Decision,
    position: u64,
    times: u64,
}

impl Repetition {
    /// Whether an entry repeats what was written before, and need not be written now. `history` is the history before
    /// it.
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
                let is_repeated = match (&event.happening, details) {
                    // A wait that follows what is kept back is part of the cycle.
                    (Happening::Waited(_), Details::Nothing) => {
                        self.since.is_some() || history.is_repeated_by(&event.happening)
                    }
                    (Happening::Occupied(_), Details::Nothing) => {
                        history.is_repeated_by(&event.happening)
                    }
                    (Happening::Observed(_), Details::Round { nodes }) => {
                        history.is_repeated_by(&event.happening)
                            && is_same(&self.answers, Some(nodes))
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

    /// Whether what is kept back has to be written after this entry: a wait has ended, and enough time has passed.
    pub(super) fn is_due(&self, entry: &Entry) -> bool {
        let Entry::Happened { event, .. } = entry else {
            return false;
        };
        matches!(event.happening, Happening::Waited(_))
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
                let is_wait = matches!(event.happening, Happening::Waited(_));
                if !is_wait && !history.is_repeated_by(&event.happening) {
                    self.decisions.clear();
                }
            }
            _ => self.decisions.clear(),
        }
    }

    /// Takes how often each decision was repeated; `None` if nothing is kept back.
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
