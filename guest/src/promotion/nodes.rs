//! What the nodes of an environment serve, compared with the release.

use super::case::Case;
use super::convergence::serves;
use super::record::Record;
use crate::bindings::promotion::{
    Convergence, Event, Happening, Node, NodeStanding, NodeState, NodeVersion, Round,
};

/// Says what the nodes of an environment served when they were asked last.
pub(super) fn latest(case: &Case<'_>, record: &Record<'_>) -> Vec<NodeStanding> {
    let Some(round) = record.round else {
        return Vec::new();
    };
    let before = record.deployed.map_or(case.history.len(), |it| it.place);
    let before = case.history.get(..before).unwrap_or_default();
    standings(round.what, case.commit, before)
}

/// Compares the nodes of a round with the release.
///
/// `before` is the history up to the release's deployment; whatever the environment served in it is
/// *old*, and an old node that still answers for a while is no cause for worry. Without a record of
/// what was there, a node that does not serve the release is *foreign*.
fn standings(round: &Round, commit: &str, before: &[Event]) -> Vec<NodeStanding> {
    let Convergence::Observed(nodes) = &round.convergence else {
        return Vec::new();
    };
    let state = |node: &Node| match &node.version {
        NodeVersion::Unreachable(_) => NodeState::Unreachable,
        NodeVersion::Serves(served) if served == commit => NodeState::Current,
        NodeVersion::Serves(served) if was_there(served, &round.environment, before) => {
            NodeState::Old
        }
        NodeVersion::Serves(_) => NodeState::Foreign,
    };
    nodes
        .iter()
        .map(|node| NodeStanding {
            name: node.name.clone(),
            state: state(node),
        })
        .collect()
}

fn was_there(commit: &str, environment: &str, before: &[Event]) -> bool {
    before.iter().any(|event| match &event.happening {
        Happening::Deployed(deployment) => {
            deployment.environment == environment && deployment.commit == commit
        }
        Happening::Observed(round) => {
            round.environment == environment
                && matches!(&round.convergence, Convergence::Observed(nodes)
                    if nodes.iter().any(|node| serves(node, commit)))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::standings;
    use crate::bindings::promotion::NodeState::{self, Current, Foreign, Old, Unreachable};
    use crate::bindings::promotion::{Convergence, Outcome, Round};
    use crate::fixtures::SHA;
    use crate::promotion::fixtures::{History, OTHER, THIRD, nodes, release};

    fn states(history: &History) -> Vec<NodeState> {
        let round = Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Observed(nodes(&[
                ("a", SHA),
                ("b", OTHER),
                ("c", THIRD),
                ("d", ""),
            ])),
        };
        let standings = standings(&round, SHA, history.events());
        assert_eq!(standings[3].name, "d");
        standings.into_iter().map(|node| node.state).collect()
    }

    #[test]
    fn without_a_record_the_rest_is_foreign() {
        assert_eq!(
            states(&History::new()),
            [Current, Foreign, Foreign, Unreachable]
        );
    }

    #[test]
    fn what_was_deployed_or_seen_there_is_old() {
        let deployed = History::new().deployed_commit("stage", OTHER, Outcome::Succeeded);
        assert_eq!(states(&deployed), [Current, Old, Foreign, Unreachable]);
        let seen = History::new().observed("stage", &[("x", THIRD)]);
        assert_eq!(states(&seen), [Current, Foreign, Old, Unreachable]);
    }

    #[test]
    fn another_environment_says_nothing() {
        let elsewhere = History::new()
            .deployed_commit("prod", OTHER, Outcome::Succeeded)
            .observed("prod", &[("x", THIRD)])
            .judged("stage", true);
        assert_eq!(states(&elsewhere), [Current, Foreign, Foreign, Unreachable]);
    }

    #[test]
    fn a_foreign_judgement_has_no_nodes() {
        let round = Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Judged(true),
        };
        assert_eq!(standings(&round, SHA, &[]), []);
    }

    #[test]
    fn nodes_are_shown_as_they_were_last_seen() {
        let history = History::new()
            .observed("stage", &[("a", OTHER)])
            .deployed("stage", Outcome::Succeeded)
            .observed("stage", &[("a", OTHER), ("b", SHA), ("c", THIRD)]);
        let decision = history.decide(&release("stage"));
        let states: Vec<NodeState> = decision.standings[0]
            .nodes
            .iter()
            .map(|it| it.state)
            .collect();
        assert_eq!(states, [Old, Current, Foreign]);
        assert!(decision.standings[1].nodes.is_empty());
    }
}
