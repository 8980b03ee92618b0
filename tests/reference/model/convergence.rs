//! When the rounds of an environment show that it has converged.

use super::super::contract::promotion::{Convergence, Node, NodeVersion};
use super::super::contract::types::{EnvironmentSettings, Settings};

/// The rounds of an environment that count, and what they are compared with.
pub struct Rounds<'a> {
    /// In order.
    pub all: Vec<&'a Convergence>,
    pub commit: &'a str,
    pub environment: &'a EnvironmentSettings,
    pub settings: &'a Settings,
    /// Whether it is the last environment, which keeps its convergence.
    pub is_last: bool,
}

impl Rounds<'_> {
    /// Whether the environment has converged.
    pub fn converged(&self) -> bool {
        (0..self.all.len()).any(|place| {
            let since = &self.all[place + 1..];
            let lost = since.iter().any(|it| !agrees(it, self.commit));
            self.converges_at(place) && (self.is_last || !lost)
        })
    }

    /// Whether the environment had converged at any time.
    pub fn ever_converged(&self) -> bool {
        (0..self.all.len()).any(|place| self.converges_at(place))
    }

    fn converges_at(&self, place: usize) -> bool {
        match self.all[place] {
            Convergence::Judged(judged) => *judged,
            Convergence::Observed(_) => {
                let rounds = &self.all[..=place];
                run(rounds, self.commit) >= self.needed(rounds)
            }
        }
    }

    /// How many consecutive rounds are needed, as the rounds so far show.
    fn needed(&self, rounds: &[&Convergence]) -> u32 {
        let fit = self.environment.convergence_deadline / self.settings.poll_interval + 1;
        let mut needed = self.environment.convergence_rounds;
        for name in names(rounds) {
            needed = needed.max(needed_by(&answers(rounds, name, self.commit), fit));
        }
        needed
    }
}

/// Whether each node serves the commit.
pub fn agrees(round: &Convergence, commit: &str) -> bool {
    match round {
        Convergence::Judged(judged) => *judged,
        Convergence::Observed(nodes) => {
            !nodes.is_empty() && nodes.iter().all(|node| serves(node, commit))
        }
    }
}

fn serves(node: &Node, commit: &str) -> bool {
    matches!(&node.version, NodeVersion::Serves(it) if it == commit)
}

/// The length of the latest run of agreeing rounds.
fn run(rounds: &[&Convergence], commit: &str) -> u32 {
    let mut length = 0;
    for round in rounds.iter().rev() {
        if !agrees(round, commit) {
            break;
        }
        // One that was judged neither extends nor ends the run.
        length += u32::from(matches!(round, Convergence::Observed(_)));
    }
    length
}

fn names<'a>(rounds: &[&'a Convergence]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for round in rounds {
        if let Convergence::Observed(nodes) = round {
            names.extend(nodes.iter().map(|it| it.name.as_str()));
        }
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// Whether the address served the release, for each of its answers.
fn answers(rounds: &[&Convergence], name: &str, commit: &str) -> Vec<bool> {
    let mut answers = Vec::new();
    for round in rounds {
        let Convergence::Observed(nodes) = round else {
            continue;
        };
        for node in nodes.iter().filter(|it| it.name == name) {
            if let NodeVersion::Serves(it) = &node.version {
                answers.push(it == commit);
            }
        }
    }
    answers
}

/// How many rounds an address needs that has changed back; 0 if it has not.
fn needed_by(answers: &[bool], fit: u32) -> u32 {
    let Some(first_new) = answers.iter().position(|is_new| *is_new) else {
        return 0;
    };
    let Some(last_old) = answers.iter().rposition(|is_new| !is_new) else {
        return 0;
    };
    if last_old < first_new {
        return 0;
    }
    let seen = &answers[first_new..=last_old];
    let old = f64::from(u32::try_from(seen.iter().filter(|it| !**it).count()).expect("few"));
    let all = f64::from(u32::try_from(seen.len()).expect("few"));
    let share = (old / (all + 2.0)).min(1.0 / 3.0);
    let mut needed = 0;
    let mut chance = f64::from(fit);
    while chance >= 0.001 {
        chance *= 1.0 - share;
        needed += 1;
    }
    needed
}
