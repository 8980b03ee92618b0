//! The facts that a CI system gives about the build it runs: its documented variables, and GitHub's event file.
//!
//! All variables are read through [`Variables`], so tests do not depend on the environment of their process. An
//! empty variable counts as unset.

mod buildkite;
mod circleci;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod github;
mod github_event;
#[cfg(test)]
pub(crate) use github_event::read as read_event;
mod gitlab;
mod jenkins;
mod needs;
mod person;
mod system;
mod woodpecker;

pub use needs::NEEDS;
pub use person::person;
pub use system::{CHOICE, System, detect};

use std::env;
use std::ffi::OsString;

use crate::contract::environments::Job;
use crate::contract::validate::is_commit;
use crate::error::Error;

/// The facts that a CI system gives about a build.
#[derive(Clone, Debug)]
pub struct CiEnvironment {
    /// The system.
    pub system: System,
    /// The commit that is built. For a pull request it is the pushed commit, not the temporary merge commit, if
    /// the system tells them apart. `HEAD` if the system leaves the choice to the checkout.
    pub commit: Option<Fact>,
    /// The branch that is built; for a pull request, its source branch.
    pub branch: Option<Fact>,
    /// The built tag.
    pub tag: Option<Fact>,
    /// The text that the system gives as the commit message.
    pub message: Option<Said>,
    /// URL of the build's page.
    pub build_url: Option<Fact>,
    /// The built pull request.
    pub change: Option<Change>,
    /// The results of jobs.
    pub jobs: Result<Vec<Fact<Job>>, Error>,
    /// The problems with these facts.
    pub problems: Vec<Problem>,
}

/// A pull request, merge request or other proposed change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub number: Option<Fact>,
    /// The branch that it is to be merged into.
    pub target: Option<Fact>,
}

/// Something that makes a fact unusable or doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// How to fix it in the configuration of that system.
    pub help: String,
}

impl CiEnvironment {
    /// Reads the facts of a system.
    pub fn read(system: System, variables: &Variables) -> Self {
        let mut read = match system {
            System::CircleCi => circleci::read(variables),
            System::Jenkins => jenkins::read(variables),
            System::GitHub => github::read(variables),
            System::GitLab => gitlab::read(variables),
            System::Buildkite => buildkite::read(variables),
            System::Woodpecker => woodpecker::read_woodpecker(variables),
            System::Drone => woodpecker::read_drone(variables),
        };
        read.add_needs(variables);
        read.check_commit();
        read
    }

    /// A system without any facts yet.
    fn of(system: System) -> Self {
        Self {
            system,
            commit: None,
            branch: None,
            tag: None,
            message: None,
            build_url: None,
            change: None,
            jobs: Ok(Vec::new()),
            problems: Vec::new(),
        }
    }

    /// The branch of the build that is passed to the policy.
    ///
    /// A build of a pull request is not a build of a branch: a fork can give its branch any name. So the policy gets
    /// a name that git does not allow for branches. A build of a tag also gets such a name.
    pub fn built_branch(&self) -> Option<String> {
        let Some(change) = &self.change else {
            return match (&self.branch, &self.tag) {
                (Some(branch), _) => Some(branch.value.clone()),
                (None, Some(tag)) => Some(format!("{} (tag)", tag.value)),
                (None, None) => None,
            };
        };
        let branch = self.branch.as_ref().map_or("?", |it| it.value.as_str());
        Some(match &change.number {
            Some(number) => format!("{branch} (pull request {})", number.value),
            None => format!("{branch} (pull request)"),
        })
    }

    fn add_needs(&mut self, variables: &Variables) {
        match (needs::read(variables), &mut self.jobs) {
            (Ok(needs), Ok(jobs)) => jobs.extend(needs),
            (Err(error), jobs) => *jobs = Err(error),
            (Ok(_), Err(_)) => {}
        }
    }

    fn check_commit(&mut self) {
        let fits = |commit: &Fact| {
            is_commit(&commit.value)
                || (self.system == System::Buildkite && commit.value == buildkite::CHECKED_OUT)
        };
        if let Some(wrong) = self.commit.take_if(|commit| !fits(commit)) {
            self.problems.push(Problem {
                code: "commit-not-a-hash",
                message: format!(
                    "`{}` is `{}`, which is not a full commit hash",
                    wrong.source, wrong.value
                ),
                help: "name the commit that was built with `--rev REV`".to_owned(),
            });
        }
    }
}

/// A value and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T = String> {
    /// The value.
    pub value: T,
    /// The variable, or the place in the event file, that it was read from.
    pub source: &'static str,
}

/// A text that the system gives as the commit message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text, byte by byte.
    pub text: OsString,
    /// The variable, or the place in the event file, that it was read from.
    pub source: &'static str,
    /// Whether it is the commit's message.
    pub completeness: Completeness,
}

/// Whether a text is the complete message of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// It is the complete message.
    Complete,
    /// The system reports that it truncated the text.
    Truncated,
    /// It may be a different text, for this reason.
    Unsure(&'static str),
}

impl Completeness {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Truncated => "truncated",
            Self::Unsure(_) => "unsure",
        }
    }
}

/// Reads the facts of the CI system that this process runs in, if any.
///
/// # Errors
///
/// If several systems are recognized, or `GREENLIGHT_CI` names an unknown one.
pub fn here() -> Result<Option<CiEnvironment>, Error> {
    of_process(|variables| {
        let found = detect(variables)?;
        Ok(found.map(|(system, _)| CiEnvironment::read(system, variables)))
    })
}

/// Gives access to the environment variables of this process.
pub fn of_process<T>(read: impl FnOnce(&Variables<'_>) -> T) -> T {
    read(&Variables::new(&|name| env::var_os(name)))
}

/// The environment variables of this process, or those of a test.
pub struct Variables<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl<'a> Variables<'a> {
    /// Looks variables up with a function.
    pub fn new(look_up: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(look_up)
    }

    /// The bytes of a variable; `None` if it is unset or empty.
    pub fn bytes(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The text of a variable; `None` also if it is not UTF-8.
    pub fn text(&self, name: &str) -> Option<String> {
        self.bytes(name)?.into_string().ok()
    }

    /// The text of a variable, as a fact.
    pub fn fact(&self, name: &'static str) -> Option<Fact> {
        let value = self.text(name)?;
        Some(Fact {
            value,
            source: name,
        })
    }

    /// The first of several variables that has a value.
    pub fn first(&self, names: &[&'static str]) -> Option<Fact> {
        names.iter().find_map(|name| self.fact(name))
    }

    /// The commit message in a variable.
    pub fn said(&self, name: &'static str, completeness: Completeness) -> Option<Said> {
        let text = self.bytes(name)?;
        Some(Said {
            text,
            source: name,
            completeness,
        })
    }

    /// Whether a variable has this value.
    pub fn is(&self, name: &str, value: &str) -> bool {
        (self.0)(name).is_some_and(|set| set == value)
    }

    /// Whether a variable has a value.
    pub fn has(&self, name: &str) -> bool {
        self.bytes(name).is_some()
    }
}

#[cfg(test)]
mod tests;
