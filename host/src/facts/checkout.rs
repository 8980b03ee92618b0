//! Finds the message of the commit that a CI system builds.
//!
//! Git comes first, because it has the whole message. This file also detects a checkout of another commit: a
//! forge's temporary merge commit, another branch, or a shallow clone without the commit.

use std::path::Path;

use super::ci::{CiEnvironment, Completeness, Problem, System};
use super::git::{self, Commit, Looked, NoRepository, PendingPair};
use super::message::{self, Reading};
use crate::contract::validate::is_commit;
use crate::error::Error;

/// The message of the commit that is built.
pub struct Found {
    /// The message.
    pub reading: Reading,
    /// The commit.
    pub commit: String,
}

/// A repository, and the commits that were looked up in it.
pub struct Checkout<'a> {
    /// Its folder; `None` for the repository of the current folder.
    pub repo: Option<&'a Path>,
    /// The commits that it has, or why git did not answer.
    pub looked: Result<Looked, Error>,
}

/// Requests the commit that a system builds from git, without waiting for the answer.
///
/// # Errors
///
/// If git can't be started.
pub fn ask(repo: Option<&Path>, ci: &CiEnvironment) -> Result<PendingPair, Error> {
    let rev = ci.commit.as_ref().map_or("HEAD", |it| it.value.as_str());
    git::ask_beside_head(repo, rev)
}

/// Makes a problem from an error of git: the folder is not in a repository, or git failed.
pub fn unreadable(error: &Error) -> Problem {
    let code = if error.cause::<NoRepository>().is_some() {
        "no-repository"
    } else {
        "git-failed"
    };
    problem(code, error.clone())
}

impl<'a> Checkout<'a> {
    /// Looks up the commit that a system builds.
    pub fn look(repo: Option<&'a Path>, ci: &CiEnvironment) -> Self {
        Self {
            repo,
            looked: ask(repo, ci).and_then(PendingPair::finish),
        }
    }

    /// The commit that is built.
    ///
    /// # Errors
    ///
    /// If the system does not name the commit, or leaves the choice to a checkout that does not exist.
    pub fn built(&self, ci: &CiEnvironment) -> Result<String, Error> {
        match (&ci.commit, self.commit()) {
            (Some(named), None) if is_commit(&named.value) => Ok(named.value.clone()),
            (Some(_), Some(commit)) => Ok(commit.id.clone()),
            (Some(named), None) => Err(self.no_message(ci, &named.value)),
            (None, _) => Err(no_commit(ci)),
        }
    }

    /// Finds the message of the commit that is built: in git, or else in the variables of the system, if they have
    /// the whole message of this commit.
    ///
    /// # Errors
    ///
    /// If the commit or its message is unknown. The help is about the configuration of that system.
    pub fn message(&self, ci: &CiEnvironment) -> Result<Found, Error> {
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
            Some(said)
                if said.completeness == Completeness::Complete && is_commit(&named.value) =>
            {
                Ok(Found {
                    reading: message::from_os_text(&said.text)?,
                    commit: named.value.clone(),
                })
            }
            _ => Err(self.no_message(ci, &named.value)),
        }
    }

    /// Checks that the checkout is at the commit that the system builds, so that the tags name the commit that was
    /// built. Pull requests are not checked, because they have no tags.
    ///
    /// # Errors
    ///
    /// If the checkout is at another commit.
    pub fn is_what_is_built(&self, ci: &CiEnvironment) -> Result<(), Error> {
        match self.elsewhere(ci) {
            Some(problem) if ci.change.is_none() => Err(Error::new(problem.message, problem.help)),
            _ => Ok(()),
        }
    }

    /// All problems with the facts of the system and the commits of the repository.
    pub fn problems(&self, ci: &CiEnvironment) -> Vec<Problem> {
        let mut problems = ci.problems.clone();
        if ci.commit.is_none() && problems.is_empty() {
            let error = no_commit(ci);
            problems.push(problem("no-commit", error));
        }
        if let Err(error) = &ci.jobs {
            problems.push(problem("needs-unreadable", error.clone()));
        }
        match &self.looked {
            Err(error) => problems.push(unreadable(error)),
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
            let found = match said.completeness {
                Completeness::Complete => None,
                Completeness::Truncated => Some((
                    "message-truncated",
                    format!("{} truncated `{}`", ci.system.title(), said.source),
                )),
                Completeness::Unsure(why) => Some((
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

    /// The problem that the checkout is at another commit, if it is.
    fn elsewhere(&self, ci: &CiEnvironment) -> Option<Problem> {
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

    /// The error that says why no message was found.
    fn no_message(&self, ci: &CiEnvironment, commit: &str) -> Error {
        let system = ci.system.title();
        let how = ci.system.how_to_fetch(ci.change.is_some());
        let (git, help) = match &self.looked {
            Ok(_) => (
                format!("git does not have the commit here{}", self.shallow()),
                how.to_owned(),
            ),
            Err(error) if error.cause::<NoRepository>().is_some() => (
                "the current folder is not in a git repository".to_owned(),
                how.to_owned(),
            ),
            Err(error) => (error.message.clone(), error.help.clone()),
        };
        let said = match &ci.message {
            Some(said) => match said.completeness {
                Completeness::Complete => String::new(),
                Completeness::Truncated => format!("`{}` is truncated", said.source),
                Completeness::Unsure(why) => {
                    format!("`{}` is not read for labels: {why}", said.source)
                }
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

/// The problem that a build of a pull request in Jenkins is at a merge commit.
///
/// Jenkins does not name the pushed commit. If it merges the pull request itself, `GIT_COMMIT` is its temporary merge
/// commit, whose message no person wrote. It can also be a merge that a person pushed.
///
/// Source: <https://plugins.jenkins.io/github-branch-source/>, "Discover pull requests", strategies.
fn merge(ci: &CiEnvironment, commit: &Commit) -> Option<Problem> {
    let doubtful = ci.system == System::Jenkins && ci.change.is_some();
    (doubtful && commit.parents().count() > 1).then(|| Problem {
        code: "merge-commit",
        message: format!(
            "{} is a merge commit in a build of a pull request: Jenkins made it, or a person pushed it",
            commit.id
        ),
        help: "set the strategy for pull requests to \"The current pull request revision\", or name the \
               commit: `--rev HEAD^1` is what Jenkins merged into, `--rev HEAD` the merge"
            .to_owned(),
    })
}

fn no_commit(ci: &CiEnvironment) -> Error {
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
