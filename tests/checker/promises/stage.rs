//! Production is changed only after stage was verified with the same commit and, where both are known, the same digest.
//!
//! *Verified* means that a deploy command brought the release to stage, and that the journal has a round in which every
//! node of stage served the commit, before the deploy command of production started.

use greenlight::contract::promotion::{Action, Convergence, Happening, NodeVersion};
use greenlight::deployment::entry::Entry;

use crate::history::{History, Violation};

const PROMISE: &str = "production is deployed only after stage, with the same commit and digest";

pub fn check(history: &History) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, effect) in history.effects.iter().enumerate() {
        let Some(prod) = effect.deploy().filter(|it| it.environment == "prod") else {
            continue;
        };
        let is_same = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
        let was_in_stage = history.effects[..at]
            .iter()
            .filter_map(|it| it.deploy())
            .any(|it| {
                it.environment == "stage"
                    && it.commit == prod.commit
                    && is_same(&it.digest, &prod.digest)
            });
        let mut broken = |why: &str| {
            found.push(Violation {
                promise: PROMISE,
                why: format!(
                    "deployment {} changed production, and {why}",
                    prod.deployment
                ),
                deployments: vec![prod.deployment],
                at: Some(at),
            });
        };
        if !was_in_stage {
            broken("its release was not deployed to stage before");
        }
        let before = history.entries(prod.deployment).take_while(|it| {
            !matches!(it, Entry::Started { effect: Action::Deploy(environment) } if environment == "prod")
        });
        let mut rounds = before.filter_map(|it| match it {
            Entry::Happened { event, .. } => match &event.happening {
                Happening::Observed(round) if round.environment == "stage" => {
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
