//! What is live: what the nodes of each environment serve right now, and what the journal has recorded. An environment
//! that no deployment of this journal has changed has a baseline instead: what its nodes served at first, or what a
//! person says. With it, the first deployment is compared with something, and has something to go back to.

use super::entry::{Details, NodeDetails};
use super::last_change::{self, Change};
use super::nodes::{self, Answers};
use super::{Error, log};
use crate::clock;
use crate::config::Config;
use crate::effects::probe::Answer;
use crate::effects::shutdown::Shutdown;
use crate::journal::{Baseline, Store};

/// What is live in an environment.
#[derive(Clone, Debug)]
pub struct Live {
    /// The environment.
    pub environment: String,
    /// When its nodes were asked, in milliseconds since 1970.
    pub at: u64,
    /// The answer of each node.
    pub nodes: Vec<NodeDetails>,
    /// What was brought there last, as the journal says; `None` if it has no record.
    pub recorded: Option<Recorded>,
}

/// What was brought to an environment last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// A deployment began to change it.
    Deployment(Change),
    /// No deployment has changed it since.
    Baseline(Baseline),
}

impl Recorded {
    /// The commit.
    pub fn commit(&self) -> &str {
        match self {
            Self::Deployment(change) => &change.commit,
            Self::Baseline(baseline) => &baseline.commit,
        }
    }
}

/// Asks the nodes of all environments once. What all nodes of an environment serve is recorded as its baseline, if the
/// journal knows nothing about the environment.
///
/// # Errors
///
/// If the journal can't be read or written.
pub fn ask(config: &Config, shutdown: &Shutdown) -> Result<Vec<Live>, Error> {
    let (_, mut store) = log::open(config)?;
    let store = store.as_mut();
    let environments = config.settings.environments.iter();
    let live = environments.map(|it| {
        let environment = it.name.clone();
        let answers = nodes::ask(config, &environment, shutdown);
        let at = clock::milliseconds();
        record_first(store, &environment, &answers)?;
        let (_, details) = nodes::observed(&environment, &answers);
        Ok(Live {
            recorded: recorded(store, &environment, None)?,
            environment,
            at,
            nodes: match details {
                Details::Round { nodes } => nodes,
                _ => Vec::new(),
            },
        })
    });
    live.collect()
}

/// Records what an environment serves in the name of a person, where its nodes can't say it.
///
/// # Errors
///
/// If the configuration has no such environment, or the journal can't be written.
pub fn set(config: &Config, environment: &str, commit: &str, by: &str) -> Result<(), Error> {
    let mut known = config.settings.environments.iter();
    if !known.any(|it| it.name == environment) {
        return Err(Error::host(
            format!("the configuration has no environment `{environment}`"),
            "name one of its environments, or add an `[[environment]]` with this name",
        ));
    }
    let (_, mut store) = log::open(config)?;
    let baseline = Baseline {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
        at: clock::milliseconds(),
        by: Some(by.to_owned()),
    };
    Ok(store.add_baseline(&baseline)?)
}

/// What was brought to an environment last, apart from one deployment.
///
/// # Errors
///
/// If the journal can't be read.
pub fn recorded(
    store: &mut dyn Store,
    environment: &str,
    except: Option<u64>,
) -> Result<Option<Recorded>, Error> {
    let baseline = store.baseline(environment)?;
    let change = last_change::of(store, environment, except)?;
    Ok(match (change, baseline) {
        (Some(change), Some(baseline)) if baseline.is_after_change(change.at) => {
            Some(Recorded::Baseline(baseline))
        }
        (Some(change), _) => Some(Recorded::Deployment(change)),
        (None, baseline) => baseline.map(Recorded::Baseline),
    })
}

/// Records what all nodes of an environment serve as its baseline, if the journal knows nothing about the environment.
/// Nodes that disagree, or don't answer, say nothing.
pub(super) fn record_first(
    store: &mut dyn Store,
    environment: &str,
    answers: &Answers,
) -> Result<Option<Baseline>, Error> {
    let Some(commit) = agreed(answers) else {
        return Ok(None);
    };
    if recorded(store, environment, None)?.is_some() {
        return Ok(None);
    }
    let baseline = Baseline {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
        at: clock::milliseconds(),
        by: None,
    };
    store.add_baseline(&baseline)?;
    Ok(Some(baseline))
}

/// The commit that all nodes serve.
pub(super) fn agreed(answers: &Answers) -> Option<&str> {
    let mut commits = answers.iter().map(|(_, answer, _)| match answer {
        Answer::Version(version) => Some(version.commit.as_str()),
        Answer::Unreachable(_) => None,
    });
    let first = commits.next()??;
    commits.all(|it| it == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::Action;
    use crate::deployment::entry::Entry;
    use crate::deployment::fixture;

    /// A clock that was wrong when the first deployment began must not hide later deployments.
    #[test]
    fn answers_of_nodes_are_older_than_each_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut log = fixture::log(&folder);
        let effect = Action::Deploy("stage".to_owned());
        log.write(&Entry::Started { effect }).expect("written");
        let store = log.store.as_mut();
        let mut baseline = Baseline {
            environment: "stage".to_owned(),
            commit: "b".repeat(40),
            at: clock::milliseconds() + 10_000_000,
            by: None,
        };
        store.add_baseline(&baseline).expect("stored");
        let found = recorded(store, "stage", None).expect("read");
        assert!(matches!(found, Some(Recorded::Deployment(_))), "{found:?}");
        // A person can set a baseline after a change.
        baseline.by = Some("Ada".to_owned());
        baseline.at += 1;
        store.add_baseline(&baseline).expect("stored");
        let found = recorded(store, "stage", None).expect("read");
        assert_eq!(found, Some(Recorded::Baseline(baseline)));
    }
}
