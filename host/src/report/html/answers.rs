//! What a node answered, and for how long that is taken to hold.

use std::collections::HashSet;

use super::segments::{Segment, joined};
use crate::deployment::timeline::{Node, Round};

/// What a node answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The commit it serves.
    Commit(&'a str),
    /// Why there was no usable answer.
    Unreachable(&'a str),
    /// Several things, changing too often to be drawn one by one.
    Mixed,
}

/// What a node answered in all rounds of its environment.
///
/// An answer holds until the next round, but no longer than `last` and than [`reach`].
pub fn answers<'a>(name: &str, rounds: &[&'a Round], last: u64) -> Vec<Segment<'a>> {
    let reach = reach(rounds);
    joined(rounds.iter().enumerate().filter_map(|(index, round)| {
        let node = round.nodes.iter().find(|node| node.name == name)?;
        let next = rounds
            .get(index + 1)
            .map_or(last.max(round.at), |next| next.at);
        Some((
            round.at,
            next.min(round.at.saturating_add(reach)),
            answer(node),
        ))
    }))
}

/// For how long an answer is taken to hold when nobody asks again: a few of the usual distances, in
/// milliseconds. What is longer is drawn empty.
fn reach(rounds: &[&Round]) -> u64 {
    let mut gaps: Vec<u64> = rounds
        .windows(2)
        .map(|pair| pair[1].at.saturating_sub(pair[0].at))
        .collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2)
        .map_or(1000, |median| median.saturating_mul(3).max(1000))
}

fn answer(node: &Node) -> Answer<'_> {
    match (&node.unreachable, &node.commit) {
        (Some(reason), _) => Answer::Unreachable(reason),
        (None, Some(commit)) => Answer::Commit(commit),
        (None, None) => Answer::Unreachable("no commit in its answer"),
    }
}

/// Each name once, in the order of its first use.
pub fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    all.filter(|name| seen.insert(*name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{COMMIT, at, large};

    #[test]
    fn an_answer_holds_for_a_while_and_not_beyond_the_end() {
        let mut timeline = large(|_, _| Some(COMMIT));
        timeline.rounds.drain(10..490);
        let rounds: Vec<&Round> = timeline.rounds.iter().collect();
        let node = &rounds[0].nodes[0].name;
        let segments = answers(node, &rounds, at(999));
        let periods: Vec<_> = segments
            .iter()
            .map(|it| (it.from, it.until, it.count))
            .collect();
        assert_eq!(periods, [(at(0), at(24), 10), (at(980), at(999), 10)]);
    }

    #[test]
    fn an_answer_without_a_commit_is_none() {
        let node = Node {
            name: String::new(),
            commit: None,
            unreachable: None,
        };
        assert!(matches!(answer(&node), Answer::Unreachable(_)));
    }

    #[test]
    fn names_stay_in_order() {
        assert_eq!(names(["b", "a", "b"].into_iter()), ["b", "a"]);
    }
}
