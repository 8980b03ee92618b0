//! What did not change is stored once: an entry with the nodes or environments of an earlier one names its position.
//!
//! While a deployment waits, it asks the nodes again and again, and the policy decides after each round. Most rounds and
//! decisions repeat what is known of each node. Such an entry has empty lists, and the key `same_as` with the position of
//! the entry that has them: always one of the same deployment that has them itself. How long each node took to answer is
//! kept of that entry alone.

use std::collections::HashMap;

use crate::contract::promotion::{Convergence, Happening, Node, Round, Standing};
use crate::deployment::entry::{Details, Entry, NodeDetails};

/// The lists that were stored last.
#[derive(Debug, Default)]
pub struct Repeats {
    /// By environment, and by whether the round was imported.
    rounds: HashMap<(String, bool), Whole<Answers>>,
    standings: Option<Whole<Vec<Standing>>>,
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
    /// The entry as it is stored, with the position of the one that has its lists; `None` if it has its own.
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
            Lists::Decision(standings) => {
                let whole = self.standings.as_ref()?;
                if standings.is_empty() || whole.lists != *standings {
                    return None;
                }
                standings.clear();
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
            Some(Lists::Decision(standings)) => {
                let lists = std::mem::take(standings);
                self.standings = Some(Whole { position, lists });
            }
            None => {}
        }
    }
}

/// Gives an entry the lists of the one that it names. Returns whether that one is of the same kind.
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
        (Some(Lists::Decision(standings)), Some(Lists::Decision(all))) => {
            *standings = std::mem::take(all);
            true
        }
        _ => false,
    }
}

/// The lists of an entry that a later one may repeat.
enum Lists<'a> {
    Round {
        key: (String, bool),
        nodes: &'a mut Vec<Node>,
        details: Option<&'a mut Vec<NodeDetails>>,
    },
    Decision(&'a mut Vec<Standing>),
}

fn lists(entry: &mut Entry) -> Option<Lists<'_>> {
    match entry {
        Entry::Decided { decision, .. } => Some(Lists::Decision(&mut decision.standings)),
        Entry::Happened { event, details } => {
            let Happening::Observed(Round {
                environment,
                convergence: Convergence::Observed(nodes),
            }) = &mut event.happening
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

/// Whether the nodes gave the same answers, however long they took.
fn is_same(before: &[NodeDetails], now: Option<&[NodeDetails]>) -> bool {
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
