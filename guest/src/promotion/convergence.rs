//! When an environment has converged.

use crate::bindings::promotion::{Convergence, Node, NodeVersion};

/// Consecutive rounds in which the same nodes all served the release.
#[derive(Clone, Copy)]
pub(super) struct Series<'a> {
    length: u32,
    nodes: &'a [Node],
}

/// What a round says about convergence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The environment serves the release and nothing else.
    Converged,
    /// Every node serves the release, but not for long enough.
    Agreeing,
    /// Some node does not serve the release, or there is no node.
    Disagreeing,
}

impl<'a> Series<'a> {
    pub(super) const NEW: Self = Self {
        length: 0,
        nodes: &[],
    };

    /// Takes in the next round.
    ///
    /// A node that vanished, or appeared, since the round before starts the series anew with this
    /// round: behind a load balancer an old node that is skipped once looks like one that is gone.
    pub(super) fn take(
        &mut self,
        round: &'a Convergence,
        commit: &str,
        rounds_needed: u32,
    ) -> Finding {
        let nodes = match round {
            Convergence::Judged(true) => return Finding::Converged,
            Convergence::Judged(false) => &[],
            Convergence::Observed(nodes) => nodes.as_slice(),
        };
        if nodes.is_empty() || !nodes.iter().all(|node| serves(node, commit)) {
            *self = Self::NEW;
            return Finding::Disagreeing;
        }
        self.length = if same_names(self.nodes, nodes) {
            self.length.saturating_add(1)
        } else {
            1
        };
        self.nodes = nodes;
        if self.length >= rounds_needed {
            Finding::Converged
        } else {
            Finding::Agreeing
        }
    }

    /// Rounds so far.
    pub(super) fn length(&self) -> u32 {
        self.length
    }
}

/// Tells whether a node said that it serves the commit.
pub(super) fn serves(node: &Node, commit: &str) -> bool {
    matches!(&node.version, NodeVersion::Serves(served) if served == commit)
}

fn same_names(before: &[Node], now: &[Node]) -> bool {
    if before.len() != now.len() {
        return false;
    }
    // The host asks in the same order each time, so the sets rarely have to be compared as sets.
    let within = |inner: &[Node], outer: &[Node]| {
        inner.iter().all(|a| outer.iter().any(|b| a.name == b.name))
    };
    before.iter().zip(now).all(|(a, b)| a.name == b.name)
        || (within(before, now) && within(now, before))
}

#[cfg(test)]
mod tests {
    use super::Finding::{Agreeing, Converged, Disagreeing};
    use super::{Finding, Series};
    use crate::bindings::promotion::Convergence;
    use crate::fixtures::SHA;
    use crate::promotion::fixtures::{OTHER, nodes};

    fn findings(rounds: &[Convergence], needed: u32) -> Vec<Finding> {
        let mut series = Series::NEW;
        rounds
            .iter()
            .map(|round| series.take(round, SHA, needed))
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
    fn one_other_node_starts_the_series_anew() {
        let all = observed(&[("a", SHA), ("b", SHA)]);
        for flap in [
            observed(&[("a", SHA), ("b", OTHER)]),
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
    fn a_vanished_node_starts_the_series_anew() {
        let both = observed(&[("a", SHA), ("b", SHA)]);
        let one = observed(&[("a", SHA)]);
        let renamed = observed(&[("a", SHA), ("c", SHA)]);
        assert_eq!(
            findings(&[both.clone(), one.clone(), both.clone(), renamed], 2),
            [Agreeing; 4]
        );
        assert_eq!(findings(&[both, one.clone(), one], 2)[2], Converged);
    }

    #[test]
    fn the_order_of_nodes_is_irrelevant() {
        let rounds = [
            observed(&[("a", SHA), ("b", SHA)]),
            observed(&[("b", SHA), ("a", SHA)]),
        ];
        assert_eq!(findings(&rounds, 2), [Agreeing, Converged]);
        let repeated = [
            observed(&[("a", SHA), ("a", SHA)]),
            observed(&[("a", SHA), ("b", SHA)]),
        ];
        assert_eq!(findings(&repeated, 2), [Agreeing, Agreeing]);
    }

    #[test]
    fn a_foreign_judgement_needs_no_series() {
        assert_eq!(findings(&[Convergence::Judged(true)], 9), [Converged]);
    }

    #[test]
    fn no_nodes_never_converge() {
        assert_eq!(
            findings(&[observed(&[]), observed(&[])], 1),
            [Disagreeing; 2]
        );
    }
}
