//! What the nodes of an environment serve, and when the environment has converged.

use super::case::Case;
use super::load_balancer::{Addresses, SeveralServers};
use crate::bindings::promotion::{
    Convergence, Event, EventKind, Node, NodeState, NodeStatus, NodeVersion, Round,
};
use crate::bindings::types::{EnvironmentSettings, Timestamp};

/// Consecutive rounds in which every node served the release.
#[derive(Clone)]
pub(super) struct Series<'a> {
    length: u32,
    /// What each address has answered in all rounds.
    addresses: Addresses<'a>,
}

/// What a round says about convergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The environment serves the release and nothing else.
    Converged,
    /// Every node serves the release, but in too few rounds.
    Agreeing,
    /// At least one node does not serve the release, or the environment has no nodes.
    Disagreeing,
}

impl<'a> Series<'a> {
    pub(super) const NEW: Self = Self {
        length: 0,
        addresses: Addresses::NEW,
    };

    /// Adds the next rounds, `times` of them with the same result.
    ///
    /// A node that appears or disappears does not end the series: where nodes are started and ended all the time, it would
    /// never be long enough. A node that disappeared while it served something else has ended the series before, so it
    /// was absent from all rounds of a series. `fit` is the number of rounds that fit into the deadline.
    pub(super) fn take(
        &mut self,
        round: &'a Convergence,
        times: u32,
        commit: &str,
        rounds_needed: u32,
        fit: u32,
    ) -> Finding {
        self.addresses.take(round, times, commit);
        if !agrees(round, commit) {
            self.length = 0;
            return Finding::Disagreeing;
        }
        if let Convergence::Judged(_) = round {
            return Finding::Converged;
        }
        self.length = self.length.saturating_add(times);
        let several = self.several(fit).map_or(0, |it| it.rounds);
        if self.length >= rounds_needed.max(several) {
            Finding::Converged
        } else {
            Finding::Agreeing
        }
    }

    /// Rounds so far.
    pub(super) fn length(&self) -> u32 {
        self.length
    }

    /// The address with several servers behind it that needs the most rounds, if there is one.
    pub(super) fn several(&self, fit: u32) -> Option<SeveralServers<'a>> {
        self.addresses.several(fit)
    }
}

/// Tells whether a round shows that the environment serves the commit and nothing else.
pub(super) fn agrees(round: &Convergence, commit: &str) -> bool {
    match round {
        Convergence::Judged(judged) => *judged,
        Convergence::Observed(nodes) => {
            !nodes.is_empty() && nodes.iter().all(|node| serves(node, commit))
        }
    }
}

/// Tells whether a node said that it serves the commit.
pub(super) fn serves(node: &Node, commit: &str) -> bool {
    matches!(&node.version, NodeVersion::Serves(served) if served == commit)
}

/// Compares the nodes of a round with the release.
///
/// `before` is the history up to the release's deployment. A commit that the environment served in it is
/// *old*, which is normal during a rollout; any other commit is *foreign*.
pub(super) fn statuses(round: &Round, commit: &str, before: &[Event]) -> Vec<NodeStatus> {
    let Convergence::Observed(nodes) = &round.convergence else {
        return Vec::new();
    };
    let earlier = served_before(&round.environment, before);
    let state = |node: &Node| match &node.version {
        NodeVersion::Unreachable(_) => NodeState::Unreachable,
        NodeVersion::Serves(served) if served == commit => NodeState::Current,
        NodeVersion::Serves(served) if earlier.contains(&served.as_str()) => NodeState::Old,
        NodeVersion::Serves(_) => NodeState::Foreign,
    };
    nodes
        .iter()
        .map(|node| NodeStatus {
            name: node.name.clone(),
            state: state(node),
        })
        .collect()
}

/// The commits that an environment served, or that were deployed to it, each of them once.
fn served_before<'a>(environment: &str, history: &'a [Event]) -> Vec<&'a str> {
    let mut commits: Vec<&str> = Vec::new();
    let mut add = |commit: &'a str| {
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    };
    for event in history {
        match &event.kind {
            EventKind::Deployed(it) if it.environment == environment => add(&it.commit),
            EventKind::Observed(it) if it.environment == environment => {
                if let Convergence::Observed(nodes) = &it.convergence {
                    for node in nodes {
                        if let NodeVersion::Serves(commit) = &node.version {
                            add(commit);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    commits
}

/// Tells whether the overdue rounds since a place of the history show that the environment is late: one of them does
/// not agree, or there are as many as convergence needs.
pub(super) fn disproved(
    case: &Case<'_>,
    environment: &EnvironmentSettings,
    since: usize,
    overdue: impl Fn(Timestamp) -> bool,
) -> bool {
    let mut rounds = 0_u32;
    for event in case.history.iter().skip(since) {
        if let EventKind::Observed(round) = &event.kind
            && round.environment == environment.name
            && overdue(event.at)
        {
            rounds = rounds.saturating_add(round.times.max(1));
            if rounds >= environment.convergence_rounds || !agrees(&round.convergence, case.commit)
            {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::Finding::{Agreeing, Converged, Disagreeing};
    use super::{Finding, Series, statuses};
    use crate::bindings::promotion::NodeState::{self, Current, Foreign, Old, Unreachable};
    use crate::bindings::promotion::{Convergence, Outcome, Round};
    use crate::fixtures::{History, OTHER, SHA, THIRD, nodes, release};

    fn findings(rounds: &[Convergence], needed: u32) -> Vec<Finding> {
        let mut series = Series::NEW;
        rounds
            .iter()
            .map(|round| series.take(round, 1, SHA, needed, 61))
            .collect()
    }

    fn observed(given: &[(&str, &str)]) -> Convergence {
        Convergence::Observed(nodes(given))
    }

    #[test]
    fn as_many_rounds_as_required() {
        let all = observed(&[("a", SHA), ("b", SHA)]);
        let rounds = [all.clone(), all.clone(), all];
        assert_eq!(findings(&rounds, 3), [Agreeing, Agreeing, Converged]);
        assert_eq!(findings(&rounds, 1), [Converged; 3]);
    }

    #[test]
    fn rounds_of_one_event_count_like_single_ones() {
        let all = observed(&[("a", SHA), ("b", SHA)]);
        let mut series = Series::NEW;
        assert_eq!(series.take(&all, 2, SHA, 4, 61), Agreeing);
        assert_eq!(series.take(&all, 2, SHA, 4, 61), Converged);
        assert_eq!(series.length(), 4);
        assert_eq!(series.take(&all, u32::MAX, SHA, 4, 61), Converged);
    }

    #[test]
    fn one_other_node_starts_the_series_anew() {
        let all = observed(&[("a", SHA), ("b", SHA)]);
        for flap in [
            observed(&[("a", SHA), ("b", "")]),
            observed(&[]),
            Convergence::Judged(false),
        ] {
            assert_eq!(
                findings(&[all.clone(), flap, all.clone(), all.clone()], 2),
                [Agreeing, Disagreeing, Agreeing, Converged]
            );
        }
    }

    #[test]
    fn a_node_that_changes_back_needs_more_rounds() {
        let all = observed(&[("a", SHA), ("b", SHA)]);
        let back = observed(&[("a", SHA), ("b", OTHER)]);
        let mut rounds = vec![all.clone(), back];
        rounds.resize(42, all);
        let findings = findings(&rounds, 2);
        assert_eq!(findings[1], Disagreeing);
        assert_eq!(findings[2..40], [Agreeing; 38]);
        assert_eq!(findings[40], Converged);
    }

    /// What one of several nodes does in one round.
    const DOES: [Option<&str>; 4] = [None, Some(SHA), Some(OTHER), Some("")];

    /// Every order in which three nodes can appear, disappear, and change what they serve, over four rounds.
    #[test]
    fn an_old_node_that_disappears_is_absent_from_all_rounds_of_the_series() {
        let names = ["a", "b", "c"];
        let of_round = |number: usize| -> Vec<(&str, &str)> {
            let does = [number % 4, number / 4 % 4, number / 16];
            let nodes = names.iter().zip(does);
            nodes
                .filter_map(|(name, does)| DOES[does].map(|it| (*name, it)))
                .collect()
        };
        // The first round is any of 64. The later ones are the ones in which no node is unusable.
        let later: Vec<_> = (0..64)
            .map(of_round)
            .filter(|it| it.iter().all(|it| !it.1.is_empty()))
            .collect();
        let needed = 2;
        let mut converged = 0;
        for first in (0..64).map(of_round) {
            for (second, third) in later
                .iter()
                .flat_map(|it| later.iter().map(move |other| (it, other)))
            {
                for fourth in [&first, second, third] {
                    let rounds = [&first, second, third, fourth];
                    let given = rounds.map(|it| observed(it));
                    if findings(&given, needed).last() != Some(&Converged) {
                        continue;
                    }
                    converged += 1;
                    for name in names {
                        let answers =
                            rounds.map(|it| it.iter().find(|it| it.0 == name).map(|it| it.1));
                        let last = answers.iter().flatten().last();
                        let was_absent = answers[2..].iter().all(Option::is_none);
                        assert!(last.is_none_or(|it| *it == SHA) || was_absent, "{rounds:?}");
                    }
                }
            }
        }
        assert!(converged > 1000, "{converged}");
    }

    #[test]
    fn a_node_that_appears_or_disappears_does_not_end_the_series() {
        let both = observed(&[("a", SHA), ("b", SHA)]);
        let one = observed(&[("a", SHA)]);
        let renamed = observed(&[("a", SHA), ("c", SHA)]);
        let rounds = [both.clone(), one, both.clone(), renamed];
        assert_eq!(
            findings(&rounds, 4),
            [Agreeing, Agreeing, Agreeing, Converged]
        );
        let old = observed(&[("a", SHA), ("b", OTHER)]);
        let rounds = [both.clone(), old, both.clone(), both];
        assert_eq!(findings(&rounds, 2)[1..3], [Disagreeing, Agreeing]);
    }

    #[test]
    fn the_order_of_nodes_is_irrelevant() {
        let rounds = [
            observed(&[("a", SHA), ("b", SHA)]),
            observed(&[("b", SHA), ("a", SHA)]),
        ];
        assert_eq!(findings(&rounds, 2), [Agreeing, Converged]);
    }

    #[test]
    fn a_foreign_judgment_needs_no_series() {
        assert_eq!(findings(&[Convergence::Judged(true)], 9), [Converged]);
    }

    #[test]
    fn no_nodes_never_converge() {
        assert_eq!(
            findings(&[observed(&[]), observed(&[])], 1),
            [Disagreeing; 2]
        );
    }

    fn states(history: &History) -> Vec<NodeState> {
        let round = Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Observed(nodes(&[
                ("a", SHA),
                ("b", OTHER),
                ("c", THIRD),
                ("d", ""),
            ])),
            times: 1,
        };
        let statuses = statuses(&round, SHA, history.events());
        assert_eq!(statuses[3].name, "d");
        statuses.into_iter().map(|node| node.state).collect()
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
    fn a_judged_round_has_no_nodes() {
        let round = Round {
            environment: "stage".to_owned(),
            convergence: Convergence::Judged(true),
            times: 1,
        };
        assert_eq!(statuses(&round, SHA, &[]), []);
    }

    #[test]
    fn nodes_are_shown_as_they_were_last_seen() {
        let history = History::new()
            .observed("stage", &[("a", OTHER)])
            .deployed("stage", Outcome::Succeeded)
            .observed("stage", &[("a", OTHER), ("b", SHA), ("c", THIRD)]);
        let decision = history.decide(&release("stage"));
        let states: Vec<NodeState> = decision.environments[0]
            .nodes
            .iter()
            .map(|it| it.state)
            .collect();
        assert_eq!(states, [Old, Current, Foreign]);
        assert!(decision.environments[1].nodes.is_empty());
    }
}
