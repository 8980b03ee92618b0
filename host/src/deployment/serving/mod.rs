//! What environments serve: the latest answers of their nodes in the journal, and who changed them last.

use super::READ;
mod sentence;

pub use sentence::sentence;

use super::entry::{Details, Entry, NodeDetails};
use super::log::{self, Dated};
use crate::contract::promotion::{Action, Conclusion, Happening};
use crate::error::Error;
use crate::journal::{Header, Store};
use sentence::counts;

/// How many deployments are read after every environment is known: a deployment with a lower number can have a later
/// record, because it was driven at the same time.
const OVERLAPPING: usize = 8;

/// What an environment serves, by the latest records of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Serving {
    /// Its name.
    pub environment: String,
    /// The latest answers of its nodes; `None` if no record has any.
    pub answers: Option<Answers>,
    /// The deployment that changed it last; `None` if no record says so.
    pub changed: Option<Change>,
}

/// The answers of all nodes of an environment, asked once.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// When they were asked, in milliseconds since 1970.
    pub at: u64,
    /// Since when the records have had these answers, in milliseconds since 1970.
    pub since: u64,
    /// The deployment that asked them.
    pub deployment: u64,
    /// The answer of each node.
    pub nodes: Vec<NodeDetails>,
}

/// The deployment that began to change an environment last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub deployment: u64,
    /// The commit that it deployed.
    pub commit: String,
    /// When its deploy command started, in milliseconds since 1970.
    pub at: u64,
    /// How the deployment ended; `None` if it has not.
    pub conclusion: Option<Conclusion>,
}

impl Serving {
    /// The commit that every node serves; `None` if they serve several, or not every node says what it serves.
    pub fn commit(&self) -> Option<&str> {
        let mut served = self.nodes().iter().map(|it| it.commit.as_deref());
        let first = served.next()??;
        served.all(|it| it == Some(first)).then_some(first)
    }

    /// Whether the nodes are known to serve more than one commit.
    pub fn is_mixed(&self) -> bool {
        counts(self.nodes().iter().map(|it| it.commit.as_deref()), "").len() > 1
    }

    /// What the nodes serve, in one sentence: `1 of 3 nodes of prod serves ca779cf0631b, 2 serve 4b825dc642cb`; `None`
    /// if no answer is known.
    pub fn sentence(&self) -> Option<String> {
        self.answers.as_ref()?;
        let release = self.changed.as_ref().map_or("", |it| &it.commit);
        let served = self.nodes().iter().map(|it| it.commit.as_deref());
        Some(sentence(&self.environment, served, release))
    }

    fn nodes(&self) -> &[NodeDetails] {
        self.answers.as_ref().map_or(&[], |it| &it.nodes)
    }
}

/// Says what environments serve now, in the order of their names: the answers of the latest record, whether a
/// deployment asked before it deployed, while it waited, or after it had failed.
///
/// # Errors
///
/// If the journal can't be read.
pub fn now<'a>(
    store: &mut dyn Store,
    environments: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Serving>, Error> {
    let mut found: Vec<_> = environments.into_iter().map(Found::new).collect();
    let mut left = OVERLAPPING;
    for header in store.deployments(READ)? {
        if found.iter().all(Found::is_known) {
            left = left.saturating_sub(1);
        }
        if left == 0 {
            break;
        }
        let entries = log::read(store, header.number)?;
        for environment in &mut found {
            environment.take(&header, &entries);
        }
    }
    Ok(found.into_iter().map(Found::into_serving).collect())
}

/// The deployment that began to change an environment last, apart from one. Of the latest deployments, the newest one
/// that did counts.
///
/// # Errors
///
/// If the journal can't be read.
pub(super) fn last_change(
    store: &mut dyn Store,
    environment: &str,
    except: Option<u64>,
) -> Result<Option<Change>, Error> {
    for header in store.deployments(READ)? {
        if Some(header.number) == except {
            continue;
        }
        let entries = log::read(store, header.number)?;
        let mut found = Found::new(environment);
        found.take(&header, &entries);
        if found.changed.is_some() {
            return Ok(found.changed);
        }
    }
    Ok(None)
}

/// What the records say about one environment, while they are read.
struct Found {
    environment: String,
    rounds: Vec<Answers>,
    changed: Option<Change>,
}

impl Found {
    fn new(environment: &str) -> Self {
        Self {
            environment: environment.to_owned(),
            rounds: Vec::new(),
            changed: None,
        }
    }

    fn is_known(&self) -> bool {
        !self.rounds.is_empty() && self.changed.is_some()
    }

    fn take(&mut self, header: &Header, entries: &[Dated]) {
        for dated in entries {
            let at = dated.at;
            if let Some(nodes) = answers(&dated.entry, &self.environment) {
                self.rounds.push(Answers {
                    at,
                    since: at,
                    deployment: header.number,
                    nodes: nodes.to_vec(),
                });
            }
            if touched(&dated.entry) == Some(&self.environment)
                && self.changed.as_ref().is_none_or(|it| it.at < at)
            {
                self.changed = Some(Change {
                    deployment: header.number,
                    commit: header.commit.clone(),
                    at,
                    conclusion: header.conclusion,
                });
            }
        }
    }

    fn into_serving(mut self) -> Serving {
        self.rounds.sort_by_key(|it| it.at);
        let mut rounds = self.rounds.into_iter().rev();
        let mut answers = rounds.next();
        if let Some(latest) = &mut answers {
            let same = |it: &Answers| served(it) == served(latest);
            if let Some(first) = rounds.take_while(same).last() {
                latest.since = first.at;
            }
        }
        Serving {
            environment: self.environment,
            answers,
            changed: self.changed,
        }
    }
}

fn served(answers: &Answers) -> Vec<(&str, Option<&str>)> {
    let nodes = answers.nodes.iter();
    nodes
        .map(|it| (it.name.as_str(), it.commit.as_deref()))
        .collect()
}

/// The answers of an environment's nodes in an entry. An imported event is read where it was recorded first.
fn answers<'a>(entry: &'a Entry, environment: &str) -> Option<&'a [NodeDetails]> {
    match entry {
        Entry::Served {
            environment: of,
            nodes,
        } if of == environment => Some(nodes),
        Entry::Happened {
            event,
            details: Details::Round { nodes },
        } => match &event.happening {
            Happening::Observed(round) if round.environment == environment => Some(nodes),
            _ => None,
        },
        _ => None,
    }
}

/// The environment that an entry says a deployment began to change.
pub(super) fn touched(entry: &Entry) -> Option<&String> {
    match entry {
        Entry::Started {
            effect: Action::Deploy(environment),
        } => Some(environment),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::contract::promotion::{Convergence, Event, Round};
    use crate::deployment::log::Log;
    use crate::journal::{self, Location, NewDeployment};

    const NEW: &str = "ca779cf0631b32e2cd06a3c1b3ec0ec7b699ce57";
    const OLD: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn nodes(commits: &[Option<&str>]) -> Vec<NodeDetails> {
        let commits = (1..).zip(commits);
        commits
            .map(|(number, commit)| NodeDetails {
                name: format!("http://10.0.0.{number}"),
                commit: commit.map(str::to_owned),
                version: None,
                unreachable: commit.is_none().then(|| "connection refused".to_owned()),
                took: 1,
            })
            .collect()
    }

    fn observed(environment: &str, commits: &[Option<&str>]) -> Entry {
        let round = Round {
            environment: environment.to_owned(),
            convergence: Convergence::Observed(Vec::new()),
        };
        Entry::Happened {
            event: Event {
                at: 0,
                happening: Happening::Observed(round),
            },
            details: Details::Round {
                nodes: nodes(commits),
            },
        }
    }

    fn deployment(location: &Location, commit: &str, entries: &[Entry]) -> u64 {
        let mut store = journal::open(location).expect("a journal");
        let new = NewDeployment {
            tag: format!("stage-{commit}"),
            digest: None,
            commit: commit.to_owned(),
            began: clock::milliseconds(),
            request: None,
        };
        let number = store.begin(&new).expect("begun");
        let mut log = Log::new(store, number, 1);
        for entry in entries {
            log.write(entry).expect("written");
        }
        number
    }

    #[test]
    fn the_latest_record_of_each_environment_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::File(folder.path().join("journal.db"));
        let deploy = |name: &str| Entry::Started {
            effect: Action::Deploy(name.to_owned()),
        };
        let (new, old) = (Some(NEW), Some(OLD));
        deployment(
            &location,
            OLD,
            &[deploy("prod"), observed("prod", &[old, old, old])],
        );
        let failed = deployment(
            &location,
            NEW,
            &[
                observed("prod", &[old, old, old]),
                deploy("prod"),
                Entry::Served {
                    environment: "prod".to_owned(),
                    nodes: nodes(&[new, old, old]),
                },
            ],
        );
        let mut store = journal::open(&location).expect("a journal");
        let now = now(store.as_mut(), ["stage", "prod"]).expect("read");
        assert_eq!((&now[0].answers, &now[0].changed), (&None, &None));
        assert_eq!(now[0].sentence(), None);
        assert_eq!(
            now[1].sentence().expect("answers"),
            "1 of 3 nodes of prod serves ca779cf0631b, 2 serve 4b825dc642cb"
        );
        assert!(now[1].is_mixed());
        assert_eq!(now[1].commit(), None);
        let changed = now[1].changed.as_ref().expect("a change");
        assert_eq!((changed.deployment, changed.commit.as_str()), (failed, NEW));
    }

    #[test]
    fn the_same_answers_in_a_row_began_with_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let location = Location::File(folder.path().join("journal.db"));
        let rounds = [
            observed("prod", &[Some(OLD)]),
            observed("prod", &[Some(NEW)]),
            observed("prod", &[Some(NEW)]),
        ];
        let number = deployment(&location, NEW, &rounds);
        let mut store = journal::open(&location).expect("a journal");
        let entries = log::read(store.as_mut(), number).expect("entries");
        let now = now(store.as_mut(), ["prod"]).expect("read");
        let answers = now[0].answers.as_ref().expect("answers");
        assert_eq!((answers.since, answers.at), (entries[1].at, entries[2].at));
        assert_eq!(now[0].commit(), Some(NEW));
        assert!(!now[0].is_mixed());
    }
}
