//! What each environment serves, as far as the journal shows: the latest answers of its nodes, and the deployments
//! that brought the commits there.
//!
//! `status`, `rollback-advice` and the page use only this module. `last_change` says which
//! deployment began to change an environment last, whether or not its nodes serve it; `live` asks the nodes themselves.

use serde::Serialize;

use super::damaged::{self, Damaged};
use super::timeline::{self, Round, StepKind, StepState, Timeline};
use super::{READ, sentence};
use crate::contract::promotion::Conclusion;
use crate::journal::{self, Baseline, Store};
use crate::text::number::short;

/// What an environment serves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Served {
    /// When its nodes were asked last, in milliseconds since 1970.
    pub at: u64,
    /// Each commit that its nodes serve, the one of the most nodes first.
    pub commits: Vec<ServedCommit>,
    /// The nodes that gave no usable answer.
    pub unreachable: Vec<String>,
}

/// A commit that nodes of an environment serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ServedCommit {
    /// The commit.
    pub commit: String,
    /// The nodes that serve it.
    pub nodes: Vec<String>,
    /// Since when: when every node was seen to serve it, or else when it was seen first, in milliseconds since 1970.
    pub since: u64,
    /// The number of the deployment that brought it there; null if the journal has none.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub deployment: Option<u64>,
    /// The first line of the commit's message; null if it is not in the journal.
    pub subject: Option<String>,
    /// The name of the commit's author; null if it is not in the journal.
    pub author: Option<String>,
    /// How that deployment ended.
    #[serde(skip)]
    pub conclusion: Option<Conclusion>,
}

impl Served {
    /// Returns the commit that an environment serves by its baseline.
    fn of_baseline(baseline: &Baseline) -> Self {
        let commit = ServedCommit {
            commit: baseline.commit.clone(),
            nodes: Vec::new(),
            since: baseline.at,
            deployment: None,
            subject: None,
            author: None,
            conclusion: None,
        };
        Self {
            at: baseline.at,
            commits: vec![commit],
            unreachable: Vec::new(),
        }
    }

    /// The time since which the nodes have given these answers, in milliseconds since 1970.
    pub fn since(&self) -> u64 {
        let since = self.commits.iter().map(|it| it.since).max();
        since.unwrap_or(self.at)
    }

    /// Describes the environment in one sentence, with the commit of the latest deployment first: `1 of 3 nodes of prod
    /// serves ca779cf0631b, 2 serve 4b825dc642cb`.
    pub fn sentence(&self, environment: &str) -> String {
        let latest = self.commits.iter().max_by_key(|it| it.deployment);
        if let (Some(baseline), 0) = (latest, self.nodes()) {
            return format!("{environment} serves {}", short(&baseline.commit));
        }
        let release = latest.map_or("", |it| &it.commit);
        let commits = self.commits.iter();
        let nodes = commits.flat_map(|it| it.nodes.iter().map(|_| Some(it.commit.as_str())));
        let nodes = nodes.chain(self.unreachable.iter().map(|_| None));
        sentence::of_nodes(environment, nodes, release)
    }

    /// How many nodes were asked.
    pub fn nodes(&self) -> usize {
        let serving: usize = self.commits.iter().map(|it| it.nodes.len()).sum();
        serving + self.unreachable.len()
    }
}

/// The timelines of the latest deployments, the newest first, and the deployments whose records can't be read: the
/// others still say what is served.
///
/// # Errors
///
/// If the journal can't be reached.
pub fn latest(store: &mut dyn Store) -> journal::Result<(Vec<Timeline>, Vec<Damaged>)> {
    let (mut timelines, mut damaged) = (Vec::new(), Vec::new());
    for header in store.deployments(READ)? {
        match damaged::read(store, header.number)? {
            Ok(entries) => timelines.push(timeline::project(&header, &entries)),
            Err(found) => damaged.push(found),
        }
    }
    Ok((timelines, damaged))
}

/// What an environment serves, from the timelines of deployments, the newest first; `None` if its nodes were never
/// asked.
pub fn served<'a>(
    environment: &str,
    timelines: &(impl Iterator<Item = &'a Timeline> + Clone),
    baseline: Option<&Baseline>,
) -> Option<Served> {
    let observed = observed(environment, timelines);
    observed.or_else(|| baseline.map(Served::of_baseline))
}

/// What the nodes of an environment answered last.
fn observed<'a>(
    environment: &str,
    timelines: &(impl Iterator<Item = &'a Timeline> + Clone),
) -> Option<Served> {
    let rounds = timelines.clone().flat_map(|it| &it.rounds);
    let rounds = rounds.filter(|it| it.environment == environment);
    let last = rounds.clone().max_by_key(|it| it.at)?;
    let mut served = Served {
        at: last.at,
        ..Served::default()
    };
    for node in &last.nodes {
        let Some(commit) = &node.commit else {
            served.unreachable.push(node.name.clone());
            continue;
        };
        match served.commits.iter_mut().find(|it| it.commit == *commit) {
            Some(known) => known.nodes.push(node.name.clone()),
            None => served.commits.push(ServedCommit {
                commit: commit.clone(),
                nodes: vec![node.name.clone()],
                since: last.at,
                deployment: None,
                subject: None,
                author: None,
                conclusion: None,
            }),
        }
    }
    served
        .commits
        .sort_by_key(|it| std::cmp::Reverse(it.nodes.len()));
    for commit in &mut served.commits {
        commit.since = first_seen(&rounds, commit).unwrap_or(last.at);
        let mut newest_first = timelines.clone();
        let brought = newest_first.find_map(|it| {
            let since = brought(it, environment).filter(|_| it.commit == commit.commit)?;
            Some((it, since))
        });
        if let Some((timeline, since)) = brought {
            commit.since = since;
            commit.deployment = Some(timeline.number);
            commit.subject.clone_from(&timeline.subject);
            commit.author.clone_from(&timeline.author);
            commit.conclusion = timeline.conclusion.map(|it| it.0);
        }
    }
    Some(served)
}

/// When a deployment brought its release to an environment: when all nodes served it, or else when the command that
/// deploys it began. `None` if it did not try.
fn brought(timeline: &Timeline, environment: &str) -> Option<u64> {
    let mut of = timeline.steps.iter().rev();
    let steps = of
        .by_ref()
        .filter(|it| it.environment.as_deref() == Some(environment));
    let mut deployed = None;
    for step in steps {
        match (step.kind.0, step.state.0) {
            (StepKind::Converge, StepState::Done) => return step.ended,
            (StepKind::Deploy, _) => deployed = Some(step.began),
            _ => {}
        }
    }
    deployed
}

/// When the nodes of a commit were first seen to serve it, without another commit since.
fn first_seen<'a>(
    rounds: &(impl Iterator<Item = &'a Round> + Clone),
    commit: &ServedCommit,
) -> Option<u64> {
    let answers = |want: bool| {
        rounds.clone().filter(move |round| {
            round.nodes.iter().any(|node| {
                commit.nodes.contains(&node.name)
                    && node
                        .commit
                        .as_ref()
                        .is_some_and(|it| (*it == commit.commit) == want)
            })
        })
    };
    let other = answers(false).map(|it| it.at).max().unwrap_or(0);
    answers(true).map(|it| it.at).filter(|at| *at > other).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::timeline::fixture::{self, BEFORE, COMMIT, at};

    #[test]
    fn what_was_promoted_is_served_since_every_node_has_it() {
        let timelines = [fixture::promoted_with_warning()];
        let served = served("prod", &timelines.iter(), None).expect("a round");
        assert_eq!((served.at, served.nodes()), (at(560), 6));
        assert_eq!(served.unreachable, [""; 0]);
        let [commit] = &served.commits[..] else {
            panic!("{served:?}")
        };
        assert_eq!(commit.commit, COMMIT);
        assert_eq!((commit.since, commit.deployment), (at(560), Some(41)));
        assert_eq!(commit.author.as_deref(), Some("Ada Example"));
        assert_eq!(commit.conclusion, Some(Conclusion::PromotedWithWarning));
    }

    #[test]
    fn a_half_way_deployment_leaves_several_commits() {
        let mut before = fixture::promoted_with_warning();
        (before.number, before.commit) = (40, BEFORE.to_owned());
        for step in &mut before.steps {
            step.began -= 1_000_000;
            step.ended = step.ended.map(|it| it - 1_000_000);
        }
        before.rounds.clear();
        let mut running = fixture::running();
        let last = running.rounds.last_mut().expect("a round");
        last.nodes[3].commit = None;
        let timelines = [running, before];
        let served = served("stage", &timelines.iter(), None).expect("a round");
        let commits = served.commits.iter();
        let commits: Vec<_> = commits
            .map(|it| (it.commit.as_str(), it.nodes.len(), it.deployment))
            .collect();
        assert_eq!(commits, [(COMMIT, 2, Some(41)), (BEFORE, 1, Some(40))]);
        assert_eq!(served.unreachable, ["http://10.20.0.4:8080"]);
        assert_eq!(served.commits[1].since, at(120) - 1_000_000);
        assert_eq!(served.since(), served.commits[0].since);
        let said = "2 of 4 nodes of stage serve ca779cf0631b, 1 serves 4b825dc642cb, 1 gives no usable answer";
        assert_eq!(served.sentence("stage"), said);
    }

    #[test]
    fn a_commit_that_no_deployment_brought_is_served_since_it_was_seen() {
        let mut timeline = fixture::running();
        timeline.steps.clear();
        let served = served("stage", &[&timeline].into_iter(), None).expect("a round");
        let old = served.commits.iter().find(|it| it.commit == BEFORE);
        let old = old.expect("an old node");
        assert_eq!((old.since, old.deployment), (at(32), None));
        assert_eq!(super::served("prod", &[&timeline].into_iter(), None), None);
        let baseline = Baseline {
            environment: "prod".to_owned(),
            commit: "4b825dc642cb6eb9a060e54bf8d69288fbee4904".to_owned(),
            at: 7,
            by: None,
        };
        let served = super::served("prod", &[&timeline].into_iter(), Some(&baseline));
        let sentence = served.expect("the baseline").sentence("prod");
        assert_eq!(sentence, "prod serves 4b825dc642cb");
    }
}
