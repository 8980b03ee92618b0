//! What a deployment waits for while the nodes of an environment take the release, in words.

use crate::contract::names::Named as _;
use crate::contract::promotion::NodeState;
use crate::deployment::timeline::{Node, Round};
use crate::text::number::short;
use crate::text::time;

/// How many nodes that do not serve the release are named.
const NAMED: usize = 3;

/// How many nodes of an environment serve a commit in the latest round, and what the others do, since when. `None` if
/// they were not asked yet.
pub fn awaited(environment: &str, commit: &str, rounds: &[Round]) -> Option<String> {
    let last = rounds.iter().rfind(|it| it.environment == environment)?;
    let all = last.nodes.len();
    let serving = last.nodes.iter();
    let serving = serving
        .filter(|it| it.commit.as_deref() == Some(commit))
        .count();
    let nodes = if all == 1 { "node" } else { "nodes" };
    let verb = if serving == 1 { "serves" } else { "serve" };
    let mut parts = vec![format!(
        "{serving} of {all} {nodes} of {environment} {verb} it"
    )];
    parts.extend(behind(environment, commit, rounds));
    Some(parts.join("; "))
}

/// What each node of an environment does that does not serve a commit in the latest round, and since when.
pub fn behind(environment: &str, commit: &str, rounds: &[Round]) -> Vec<String> {
    let rounds = rounds.iter().filter(|it| it.environment == environment);
    let Some(last) = rounds.clone().next_back() else {
        return Vec::new();
    };
    let nodes = last.nodes.iter();
    let behind: Vec<_> = nodes
        .filter(|it| it.commit.as_deref() != Some(commit))
        .collect();
    let named = behind.iter().take(NAMED);
    let mut parts: Vec<_> = named.map(|it| answer(it, &rounds)).collect();
    if let Some(more) = behind.len().checked_sub(NAMED).filter(|it| *it > 0) {
        parts.push(format!("{more} more do not"));
    }
    parts
}

/// What a node answers, and since when.
fn answer<'a>(
    node: &Node,
    rounds: &(impl DoubleEndedIterator<Item = &'a Round> + Clone),
) -> String {
    let name = &node.name;
    let of = |round: &'a Round| round.nodes.iter().find(|it| it.name == *name);
    let alike = rounds.clone().rev().map_while(|round| {
        let same = of(round).is_some_and(|it| it.commit == node.commit);
        same.then_some(round.at)
    });
    let since = alike
        .last()
        .map_or_else(String::new, |at| format!(" since {}", time::clock(at)));
    let Some(commit) = &node.commit else {
        let why = node.unreachable.as_deref().unwrap_or("it does not say");
        return format!("{name} gives no usable answer{since}: {why}");
    };
    // Before it deploys, greenlight asks the nodes once.
    let before = rounds.clone().next().into_iter().flat_map(|it| &it.nodes);
    let is_old = before
        .filter_map(|it| it.commit.as_ref())
        .any(|it| it == commit);
    let state = if is_old {
        NodeState::Old
    } else {
        NodeState::Foreign
    };
    format!("{name} serves {} ({}){since}", short(commit), state.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{BEFORE, COMMIT, at};
    use crate::report::fixture_parts::node;

    fn round(seconds: u64, answers: [Option<&str>; 3]) -> Round {
        let nodes = ["http://a", "http://b", "http://c"].iter().zip(answers);
        Round {
            at: at(seconds),
            environment: "prod".to_owned(),
            nodes: nodes.map(|(name, commit)| node(name, commit)).collect(),
            times: 1,
        }
    }

    #[test]
    fn a_node_that_stays_old_is_named_with_its_commit_and_time() {
        let (old, new) = (Some(BEFORE), Some(COMMIT));
        let mut rounds = vec![round(0, [old; 3]), round(10, [new, None, old])];
        let says = |rounds: &[Round]| awaited("prod", COMMIT, rounds).expect("an answer");
        assert_eq!(
            says(&rounds),
            "1 of 3 nodes of prod serves it; http://b gives no usable answer since 00:15:10: connection refused; \
             http://c serves 4b825dc642cb (old) since 00:15:00"
        );
        rounds.push(round(20, [new, new, Some("feed")]));
        assert_eq!(
            says(&rounds),
            "2 of 3 nodes of prod serve it; http://c serves feed (foreign) since 00:15:20"
        );
        rounds.push(round(30, [new; 3]));
        assert_eq!(says(&rounds), "3 of 3 nodes of prod serve it");
        assert_eq!(awaited("stage", COMMIT, &rounds), None);
    }

    #[test]
    fn a_long_list_is_cut() {
        let mut round = round(0, [None; 3]);
        round.nodes.extend(round.nodes.clone());
        let says = awaited("prod", COMMIT, &[round]).expect("an answer");
        assert!(says.ends_with("; 3 more do not"), "{says}");
    }
}
