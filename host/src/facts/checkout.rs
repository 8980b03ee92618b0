//! What git has of the commit that a CI system builds, and the message that follows.
//!
//! Git comes first, since what it has is whole. A checkout of something else (the commit that a forge made
//! to merge a pull request, another branch, a history cut short) is told apart here.

use std::path::Path;

use super::Error;
use super::ci::{Problem, Standing, Surroundings, System};
use super::git::{self, Commit, Looked, PendingPair};
use super::message::{self, Reading};
use crate::contract::validate::is_commit;

/// The message of the commit that is built.
pub struct Found {
    /// The message.
    pub reading: Reading,
    /// The commit.
    pub commit: String,
}

/// A repository that was looked into.
pub struct Checkout<'a> {
    /// Where it is; the one around the current folder without.
    pub repo: Option<&'a Path>,
    /// What it has, or why that is not known.
    pub looked: Result<Looked, Error>,
}

/// Asks git for the commit that a system builds, without waiting for the answer.
///
/// # Errors
///
/// If git can't be started.
pub fn ask(repo: Option<&Path>, ci: &Surroundings) -> Result<PendingPair, Error> {
    let rev = ci.commit.as_ref().map_or("HEAD", |it| it.value.as_str());
    git::ask_beside_head(repo, rev)
}

impl<'a> Checkout<'a> {
    /// Looks for the commit that a system builds.
    pub fn look(repo: Option<&'a Path>, ci: &Surroundings) -> Self {
        Self {
            repo,
            looked: ask(repo, ci).and_then(PendingPair::finish),
        }
    }

    /// The commit that is built.
    ///
    /// # Errors
    ///
    /// If the system does not say, or leaves it to a checkout that is not there.
    pub fn built(&self, ci: &Surroundings) -> Result<String, Error> {
        match (&ci.commit, self.commit()) {
            (Some(named), None) if is_commit(&named.value) => Ok(named.value.clone()),
            (Some(_), Some(commit)) => Ok(commit.id.clone()),
            (Some(named), None) => Err(self.no_message(ci, &named.value)),
            (None, _) => Err(no_commit(ci)),
        }
    }

    /// Finds the message of the commit that is built: in git, or else in what the system hands over, if
    /// that is the whole message of this very commit.
    ///
    /// # Errors
    ///
    /// If the commit or its message is not known, with what to write in that system.
    pub fn message(&self, ci: &Surroundings) -> Result<Found, Error> {
        let Some(named) = &ci.commit else {
            return Err(no_commit(ci));
        };
        if let Some(commit) = self.commit() {
            if let Some(problem) = merge(ci, commit) {
                return Err(Error::new(problem.message, problem.help));
            }
            return Ok(Found {
                reading: message::from_commit(commit)?,
                commit: commit.id.clone(),
            });
        }
        match &ci.message {
            Some(said) if said.standing == Standing::Whole && is_commit(&named.value) => {
                Ok(Found {
                    reading: message::from_os_text(&said.text)?,
                    commit: named.value.clone(),
                })
            }
            _ => Err(self.no_message(ci, &named.value)),
        }
    }

    /// Checks that the checkout is at the commit that the system builds, so that its tags belong to what
    /// was built from it. A pull request has no tags, and is left alone.
    ///
    /// # Errors
    ///
    /// If it is at another one.
    pub fn is_what_is_built(&self, ci: &Surroundings) -> Result<(), Error> {
        match self.elsewhere(ci) {
            Some(problem) if ci.change.is_none() => Err(Error::new(problem.message, problem.help)),
            _ => Ok(()),
        }
    }

    /// Everything that is wrong with what the system says and what git has.
    pub fn problems(&self, ci: &Surroundings) -> Vec<Problem> {
        let mut problems = ci.problems.clone();
        if ci.commit.is_none() && problems.is_empty() {
            let error = no_commit(ci);
            problems.push(problem("no-commit", error));
        }
        if let Err(error) = &ci.jobs {
            problems.push(problem("needs-unreadable", error.clone()));
        }
        match &self.looked {
            Err(error) => problems.push(problem("no-repository", error.clone())),
            Ok(looked) => {
                if looked.commit.is_none()
                    && let Some(named) = &ci.commit
                {
                    problems.push(Problem {
                        code: "commit-missing",
                        message: format!("git does not have {}{}", named.value, self.shallow()),
                        help: ci.system.how_to_fetch(ci.change.is_some()).to_owned(),
                    });
                }
                problems.extend(looked.commit.as_ref().and_then(|commit| merge(ci, commit)));
                problems.extend(self.elsewhere(ci));
            }
        }
        if let Some(said) = &ci.message {
            let found = match said.standing {
                Standing::Whole => None,
                Standing::Truncated => Some((
                    "message-truncated",
                    format!("{} cut off `{}`", ci.system.title(), said.source),
                )),
                Standing::Unsure(why) => Some((
                    "message-unsure",
                    format!("`{}` is not read for labels: {why}", said.source),
                )),
            };
            problems.extend(found.map(|(code, message)| Problem {
                code,
                message,
                help: if self.commit().is_some() {
                    "nothing: git has the commit, and the message is read from there".to_owned()
                } else {
                    ci.system.how_to_fetch(ci.change.is_some()).to_owned()
                },
            }));
        }
        problems
    }

    fn commit(&self) -> Option<&Commit> {
        self.looked.as_ref().ok()?.commit.as_ref()
    }

    /// Says that the checkout is somewhere else.
    fn elsewhere(&self, ci: &Surroundings) -> Option<Problem> {
        let head = self.looked.as_ref().ok()?.head.as_ref()?;
        let named = ci.commit.as_ref()?;
        if named.value == head.id || named.value == "HEAD" {
            return None;
        }
        let how = ci.system.how_to_fetch(ci.change.is_some());
        if ci.change.is_some() && head.parents().any(|parent| parent == named.value) {
            return Some(Problem {
                code: "merge-checkout",
                message: format!(
                    "the checkout is at {}, a merge of the pull request; the pushed commit is {}",
                    head.id, named.value
                ),
                help: format!("to check out the pushed commit, {how}"),
            });
        }
        Some(Problem {
            code: "head-differs",
            message: format!(
                "the checkout is at {}, but {} builds {} (`{}`)",
                head.id,
                ci.system.title(),
                named.value,
                named.source
            ),
            help: format!("{how}; if the checkout is the built commit, pass `--rev HEAD`"),
        })
    }

    /// Says why there is no message.
    fn no_message(&self, ci: &Surroundings, commit: &str) -> Error {
        let system = ci.system.title();
        let how = ci.system.how_to_fetch(ci.change.is_some());
        let (git, help) = match &self.looked {
            Ok(_) => (
                format!("git does not have the commit here{}", self.shallow()),
                how.to_owned(),
            ),
            Err(error) if error.message.contains("not a git repository") => (
                "the current folder is not in a git repository".to_owned(),
                how.to_owned(),
            ),
            Err(error) => (error.message.clone(), error.help.clone()),
        };
        let said = match &ci.message {
            Some(said) => match said.standing {
                Standing::Whole => String::new(),
                Standing::Truncated => format!("`{}` is cut off", said.source),
                Standing::Unsure(why) => format!("`{}` is not read for labels: {why}", said.source),
            },
            None => format!("{system} does not provide the commit's message"),
        };
        Error::new(
            format!("no message for {commit}, the commit that {system} builds: {git}, and {said}"),
            help,
        )
    }

    fn shallow(&self) -> &'static str {
        match git::is_shallow(self.repo) {
            Some(true) => " (the clone is shallow)",
            _ => "",
        }
    }
}

/// Jenkins does not say what was pushed: where it merges a pull request itself, `GIT_COMMIT` is its own
/// merge commit, whose message no person wrote. It can also be a merge that was pushed.
///
/// Source: <https://plugins.jenkins.io/github-branch-source/>, "Discover pull requests", strategies.
fn merge(ci: &Surroundings, commit: &Commit) -> Option<Problem> {
    let doubtful = ci.system == System::Jenkins && ci.change.is_some();
    (doubtful && commit.parents().count() > 1).then(|| Problem {
        code: "merge-commit",
        message: format!(
            "{} is a merge, in a build of a pull request: of Jenkins, or one that was pushed",
            commit.id
        ),
        help: "set the strategy for pull requests to \"The current pull request revision\", or name the \
               commit: `--rev HEAD^1` is what Jenkins merged into, `--rev HEAD` the merge"
            .to_owned(),
    })
}

fn no_commit(ci: &Surroundings) -> Error {
    let name = ci.system.title();
    match ci.problems.first() {
        Some(problem) => Error::new(
            format!(
                "{name} does not say which commit it builds: {}",
                problem.message
            ),
            problem.help.clone(),
        ),
        None => Error::new(
            format!("{name} does not say which commit it builds"),
            "pass `--rev HEAD` if the checkout is the built commit",
        ),
    }
}

fn problem(code: &'static str, error: Error) -> Problem {
    Problem {
        code,
        message: error.message,
        help: error.help,
    }
}
