//! Lists that did not change are stored once: an entry with the nodes or environments of an earlier entry refers to it.
//!
//! While a deployment waits, it asks the nodes repeatedly, and the policy decides after each round. Most rounds and
//! decisions are equal to earlier ones. Such an entry has empty lists, and the key `same_as` with the position of the
//! entry that has the lists. That entry belongs to the same deployment, and does not refer to another entry. The
//! response times of the nodes are stored only in the entry that has the lists.

use std::collections::HashMap;

use crate::contract::promotion::{Convergence, EnvironmentStatus, EventKind, Node, Round};
use crate::deployment::entry::{Details, Entry, NodeDetails};

/// The lists that this process stored last.
#[derive(Debug, Default)]
pub struct Repeats {
    /// The rounds, by environment and by whether the round was imported.
    rounds: HashMap<(String, bool), Whole<Answers>>,
    environments: Option<Whole<Vec<EnvironmentStatus>>>,
}

/// The lists of a round.
#[derive(Debug)]
struct Answers {
    nodes: Vec<Node>,
    details: Vec<NodeDetails>,
}

/// An entry with lists of its own.
#[derive(Debug)]
struct Whole<T> {
    position: u64,
    lists: T,
}

impl Repeats {
    /// Returns the entry without its lists, and the position of the earlier entry that has the same lists; `None` if no
    /// earlier entry has them.
    pub fn shorten(&self, entry: &Entry) -> Option<(Entry, u64)> {
        let mut short = entry.clone();
        match lists(&mut short)? {
            Lists::Round {
                key,
                nodes,
                details,
            } => {
                let whole = self.rounds.get(&key)?;
                let is_same = whole.lists.nodes == *nodes
                    && is_same(&whole.lists.details, details.as_deref().map(Vec::as_slice));
                if nodes.is_empty() || !is_same {
                    return None;
                }
                nodes.clear();
                if let Some(details) = details {
                    details.clear();
                }
                Some((short, whole.position))
            }
            Lists::Decision(statuses) => {
                let whole = self.environments.as_ref()?;
                if statuses.is_empty() || whole.lists != *statuses {
                    return None;
                }
                statuses.clear();
                Some((short, whole.position))
            }
        }
    }

    /// Remembers an entry that was stored with its own lists.
    pub fn remember(&mut self, entry: &Entry, position: u64) {
        let mut entry = entry.clone();
        match lists(&mut entry) {
            Some(Lists::Round {
                key,
                nodes,
                details,
            }) => {
                let lists = Answers {
                    nodes: std::mem::take(nodes),
                    details: details.map(std::mem::take).unwrap_or_default(),
                };
                self.rounds.insert(key, Whole { position, lists });
            }
            Some(Lists::Decision(statuses)) => {
                let lists = std::mem::take(statuses);
                self.environments = Some(Whole { position, lists });
            }
            None => {}
        }
    }
}

/// Copies the lists into an entry from the entry to which it refers. Returns whether both entries have the same kind.
pub fn complete(entry: &mut Entry, whole: &Entry) -> bool {
    let mut whole = whole.clone();
    match (lists(entry), lists(&mut whole)) {
        (
            Some(Lists::Round {
                key,
                nodes,
                details,
            }),
            Some(Lists::Round {
                key: of,
                nodes: all,
                details: all_details,
            }),
        ) if key == of => {
            *nodes = std::mem::take(all);
            if let (Some(details), Some(all)) = (details, all_details) {
                *details = std::mem::take(all);
            }
            true
        }
        (Some(Lists::Decision(statuses)), Some(Lists::Decision(all))) => {
            *statuses = std::mem::take(all);
            true
        }
        _ => false,
    }
}

/// The lists of an entry that later entries may refer to.
enum Lists<'a> {
    Round {
        key: (String, bool),
        nodes: &'a mut Vec<Node>,
        details: Option<&'a mut Vec<NodeDetails>>,
    },
    Decision(&'a mut Vec<EnvironmentStatus>),
}

fn lists(entry: &mut Entry) -> Option<Lists<'_>> {
    match entry {
        Entry::Decided { decision, .. } => Some(Lists::Decision(&mut decision.environments)),
        Entry::Happened { event, details } => {
            let EventKind::Observed(Round {
                environment,
                convergence: Convergence::Observed(nodes),
                times: _,
            }) = &mut event.kind
            else {
                return None;
            };
            let (is_imported, details) = match details {
                Details::Round { nodes } => (false, Some(nodes)),
                Details::Imported { .. } => (true, None),
                _ => return None,
            };
            let key = (environment.clone(), is_imported);
            Some(Lists::Round {
                key,
                nodes,
                details,
            })
        }
        _ => None,
    }
}

/// Whether the nodes gave equal answers, regardless of their response times.
pub fn is_same(before: &[NodeDetails], now: Option<&[NodeDetails]>) -> bool {
    let Some(now) = now else {
        return before.is_empty();
    };
    let is_same = |(before, now): (&NodeDetails, &NodeDetails)| {
        before.name == now.name
            && before.commit == now.commit
            && before.version == now.version
            && before.unreachable == now.unreachable
    };
    before.len() == now.len() && before.iter().zip(now).all(is_same)
}

#[cfg(test)]
mod tests;
