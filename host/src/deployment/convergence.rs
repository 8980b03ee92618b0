//! Asking nodes for their version.

use std::time::Duration;

use super::entry::{Details, NodeDetails};
use super::{Driver, Error};
use crate::clock;
use crate::contract::promotion::{Convergence, Happening, Node, NodeVersion, Round};
use crate::effects::probe::Answer;

/// The answers of one round.
pub(super) type Answers = Vec<(String, Answer, Duration)>;

impl Driver<'_> {
    pub(super) fn observe(&mut self, environment: &str) -> Result<(), Error> {
        let answers = self.ask(environment);
        self.go_on()?;
        self.observed(environment, &answers)
    }

    /// Asks all nodes of an environment once.
    pub(super) fn ask(&self, environment: &str) -> Answers {
        self.nodes(environment)
            .map(|(prober, nodes)| prober.round(&nodes, self.means.interrupt))
            .unwrap_or_default()
    }

    pub(super) fn observed(&mut self, environment: &str, answers: &Answers) -> Result<(), Error> {
        let round = Round {
            environment: environment.to_owned(),
            convergence: Convergence::Observed(answers.iter().map(node).collect()),
        };
        let unreachable = answers.iter().filter_map(|(name, answer, _)| match answer {
            Answer::Unreachable(why) => Some((name.clone(), why.clone())),
            Answer::Version(_) => None,
        });
        self.means.screen.answered(&unreachable.collect::<Vec<_>>());
        let nodes = answers.iter().map(details).collect();
        self.happened(Happening::Observed(round), Details::Round { nodes })
    }
}

/// The commits that answered, each once, in the order of the nodes.
pub(super) fn commits(answers: &Answers) -> Vec<String> {
    let mut commits = Vec::new();
    for (_, answer, _) in answers {
        if let Answer::Version(version) = answer
            && !commits.contains(&version.commit)
        {
            commits.push(version.commit.clone());
        }
    }
    commits
}

fn node((name, answer, _): &(String, Answer, Duration)) -> Node {
    Node {
        name: name.clone(),
        version: match answer {
            Answer::Version(version) => NodeVersion::Serves(version.commit.clone()),
            Answer::Unreachable(why) => NodeVersion::Unreachable(why.clone()),
        },
    }
}

fn details((name, answer, took): &(String, Answer, Duration)) -> NodeDetails {
    let (commit, version, unreachable) = match answer {
        Answer::Version(it) => (Some(it.commit.clone()), it.version.clone(), None),
        Answer::Unreachable(why) => (None, None, Some(why.clone())),
    };
    NodeDetails {
        name: name.clone(),
        commit,
        version,
        unreachable,
        took: clock::in_milliseconds(*took),
    }
}
