//! Asking the nodes of an environment which version they serve.

use std::time::{Duration, Instant};

use super::entry::{Details, NodeDetails};
use super::timeline;
use crate::clock;
use crate::config::Config;
use crate::contract::promotion::{Convergence, EventKind, Node, NodeVersion, Round};
use crate::effects::probe::{Answer, Prober, Target};
use crate::effects::shutdown::Shutdown;
use crate::server_settings::nodes::Discovery;

/// The answers of one round: the node's base URL, its answer, and the time that it took.
pub(super) type Answers = Vec<(String, Answer, Duration)>;

/// The nodes of an environment.
pub(super) struct Nodes {
    prober: Prober,
    /// The nodes that the configuration lists.
    listed: Vec<Target>,
    /// How the others are found.
    discovery: Option<Discovery>,
}

/// The name of the entry in a round that says why the list of nodes is missing or too short.
const DISCOVERY: &str = "discovery";

impl Nodes {
    /// The nodes of an environment; nothing if the configuration has no such environment.
    pub(super) fn of(config: &Config, environment: &str) -> Option<Self> {
        let environment = config.environment(environment)?;
        let nodes = environment.nodes.iter();
        let prober = Prober::new(environment.node_time_limit, &environment.trust);
        Some(Self {
            prober: prober.expecting(environment.document.clone()),
            listed: nodes.map(|url| Target::of(url)).collect(),
            discovery: environment.discovery.clone(),
        })
    }

    /// Asks all nodes once. Reads the list of nodes anew each time: an old list could hide a node.
    pub(super) fn ask(&self, shutdown: &Shutdown) -> Answers {
        let Some(discovery) = &self.discovery else {
            return self.prober.round(&self.listed, shutdown);
        };
        let began = Instant::now();
        let (targets, problem) = match discovery.find() {
            Ok(targets) => {
                let problem = discovery.shortage(targets.len());
                (targets, problem)
            }
            Err(why) => (Vec::new(), Some(why)),
        };
        let found = began.elapsed();
        let mut answers = self.prober.round(&targets, shutdown);
        if let Some(why) = problem {
            answers.push((DISCOVERY.to_owned(), Answer::Unreachable(why), found));
        }
        answers
    }
}

/// Asks all nodes of an environment once.
pub(super) fn ask(config: &Config, environment: &str, shutdown: &Shutdown) -> Answers {
    Nodes::of(config, environment).map_or_else(Vec::new, |it| it.ask(shutdown))
}

/// The event that the policy receives about a round, and its details for reports.
pub(super) fn observed(environment: &str, answers: &Answers) -> (EventKind, Details) {
    let round = Round {
        environment: environment.to_owned(),
        convergence: Convergence::Observed(answers.iter().map(node).collect()),
        times: 1,
    };
    let nodes = answers.iter().map(details).collect();
    (EventKind::Observed(round), Details::Round { nodes })
}

/// The answers as reports show them.
pub(super) fn round(environment: &str, answers: &Answers) -> timeline::Round {
    let nodes: Vec<_> = answers.iter().map(details).collect();
    timeline::Round::of(clock::milliseconds(), environment, &nodes)
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
