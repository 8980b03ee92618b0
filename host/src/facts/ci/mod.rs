//! What the CI system says about the build it runs: its documented variables, and GitHub's event file.
//!
//! Everything here is read through a look-up of variables, so that nothing depends on the environment of
//! this process. A variable that is set to nothing is not set.

mod buildkite;
mod circleci;
mod drone;
mod event;
mod fact;
mod github;
mod gitlab;
mod jenkins;
mod needs;
mod system;
mod woodpecker;

pub use fact::{Fact, Said, Standing, Variables};
pub use needs::NEEDS;
pub use system::{CHOICE, System, detect};

use super::Error;
use crate::contract::environments::Job;
use crate::contract::validate::is_commit;

/// What a CI system says about the build.
#[derive(Clone, Debug)]
pub struct Surroundings {
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

impl Surroundings {
    /// Reads what a system says.
    pub fn read(system: System, variables: &Variables) -> Self {
        let mut read = match system {
            System::CircleCi => circleci::read(variables),
            System::Jenkins => jenkins::read(variables),
            System::GitHub => github::read(variables),
            System::GitLab => gitlab::read(variables),
            System::Buildkite => buildkite::read(variables),
            System::Woodpecker => woodpecker::read(variables),
            System::Drone => drone::read(variables),
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

#[cfg(test)]
mod tests;
