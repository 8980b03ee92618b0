//! What the CI system says about the build it runs: its documented variables, and GitHub's event file.
//!
//! Everything here is read through a look-up of variables, so that nothing depends on the environment of
//! this process. A variable that is set to nothing is not set.

mod buildkite;
mod circleci;
mod github;
mod github_event;
mod gitlab;
mod jenkins;
mod needs;
mod system;
mod woodpecker;

pub use needs::NEEDS;
pub use system::{CHOICE, System, detect};

use std::ffi::OsString;

use super::Error;
use crate::contract::environments::Job;
use crate::contract::validate::is_commit;

/// What a CI system says about the build.
#[derive(Clone, Debug)]
pub struct CiEnvironment {
    /// Which system.
    pub system: System,
    /// The commit that is built: never the one that a system made to merge a pull request, where it says
    /// which one was pushed. `HEAD` where the system leaves it to the checkout.
    pub commit: Option<Fact>,
    /// The branch that is built; of a pull request, its own.
    pub branch: Option<Fact>,
    /// The tag that is built.
    pub tag: Option<Fact>,
    /// The text that the system calls the message.
    pub message: Option<Said>,
    /// Where people look at the build.
    pub build_url: Option<Fact>,
    /// The pull request that is built.
    pub change: Option<Change>,
    /// How jobs ended.
    pub jobs: Result<Vec<Fact<Job>>, Error>,
    /// What is wrong with what it says.
    pub problems: Vec<Problem>,
}

/// A pull request, merge request or other proposed change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub number: Option<Fact>,
    /// The branch that it is for.
    pub target: Option<Fact>,
}

/// Something that makes a fact unusable or doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Stable code.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write in that system.
    pub help: String,
}

impl CiEnvironment {
    /// Reads what a system says.
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

    /// A system of which nothing is known yet.
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

    /// The branch of the build, as the policy is told.
    ///
    /// A pull request is no build of a branch, whatever its own is called, least of all when it comes from
    /// a fork: it gets a name that git allows no branch to have.
    pub fn built_branch(&self) -> Option<String> {
        let Some(change) = &self.change else {
            return self.branch.as_ref().map(|branch| branch.value.clone());
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

/// A value, and what it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T = String> {
    /// What it is.
    pub value: T,
    /// The variable, or the place in the event file.
    pub source: &'static str,
}

/// A text that the system hands over as the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The text, byte by byte.
    pub text: OsString,
    /// The variable, or the place in the event file.
    pub source: &'static str,
    /// What it is worth.
    pub standing: Standing,
}

/// Whether a text is the message of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is, from the first to the last byte.
    Whole,
    /// Its end is missing: the system says so.
    Truncated,
    /// It may be another text, and why.
    Unsure(&'static str),
}

impl Standing {
    /// The word that programs know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Truncated => "truncated",
            Self::Unsure(_) => "unsure",
        }
    }
}

/// A set of variables: of this process, or of a test.
pub struct Variables<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl<'a> Variables<'a> {
    /// Reads through a function.
    pub fn new(look_up: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(look_up)
    }

    /// The bytes of a variable that is set to something.
    pub fn bytes(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The text of a variable; one that is no UTF-8 has none.
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

    /// The first of several variables that is set.
    pub fn first(&self, names: &[&'static str]) -> Option<Fact> {
        names.iter().find_map(|name| self.fact(name))
    }

    /// A variable with a message.
    pub fn said(&self, name: &'static str, standing: Standing) -> Option<Said> {
        let text = self.bytes(name)?;
        Some(Said {
            text,
            source: name,
            standing,
        })
    }

    /// Whether a variable has exactly this value.
    pub fn is(&self, name: &str, value: &str) -> bool {
        (self.0)(name).is_some_and(|set| set == value)
    }

    /// Whether a variable is set to something.
    pub fn has(&self, name: &str) -> bool {
        self.bytes(name).is_some()
    }
}

#[cfg(test)]
mod tests;
