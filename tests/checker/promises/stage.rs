//! Production is changed only after stage was verified with the same commit and, where both are known, the same digest.
//!
//! *Verified* means: before the deploy command of production starts, a deploy command has brought the release to stage,
//! and the journal has a round in which every node of stage served the commit.

use greenlight::contract::promotion::{Action, Convergence, EventKind, NodeVersion};
use greenlight::deployment::entry::Entry;

use crate::history::{History, Violations};

const PROMISE: &str = "production is deployed only after stage, with the same commit and digest";

pub fn check(history: &History) -> Violations {
    let mut found = Violations::of(PROMISE);
    for (at, effect) in history.effects.iter().enumerate() {
        let Some(prod) = effect.deploy().filter(|it| it.environment == "prod") else {
            continue;
        };
        let was_in_stage = history.effects[..at]
            .iter()
            .filter_map(|it| it.deploy())
            .any(|it| it.environment == "stage" && it.is_same_release(prod));
        let mut broken = |why: &str| {
            found.add(
                format!(
                    "deployment {} changed production, and {why}",
                    prod.deployment
                ),
                &[prod.deployment],
                Some(at),
            );
        };
        if !was_in_stage {
            broken("its release was not deployed to stage before");
        }
        let before = history.entries(prod.deployment).take_while(|it| {
            !matches!(it, Entry::Started { effect: Action::Deploy(environment) } if environment == "prod")
        });
        let mut rounds = before.filter_map(|it| match it {
            Entry::Happened { event, .. } => match &event.kind {
                EventKind::Observed(round) if round.environment == "stage" => {
                    Some(&round.convergence)
                }
                _ => None,
            },
            _ => None,
        });
        let is_served = |it: &Convergence| {
            match it {
            Convergence::Observed(nodes) => {
                !nodes.is_empty()
                    && nodes.iter().all(|it| {
                        matches!(&it.version, NodeVersion::Serves(commit) if *commit == prod.commit)
                    })
            }
            Convergence::Judged(is_so) => *is_so,
        }
        };
        if !rounds.any(is_served) {
            broken("no round of stage served its commit");
        }
    }
    found
}
