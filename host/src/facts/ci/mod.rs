//! Facts of the CI system about the build: its documented variables, and GitHub's event file.
//!
//! All code here reads variables through a look-up function, and does not depend on the environment of this
//! process. An empty variable counts as unset.

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

/// The facts of a CI system about the build.
#[derive(Clone, Debug)]
pub struct CiEnvironment {
    /// The system.
    pub system: System,
    /// The built commit: of a pull request, the pushed commit instead of a merge commit of the system, if the
    /// system names it. `HEAD` if the system leaves it to the checkout.
    pub commit: Option<Fact>,
    /// The built branch; of a pull request, its source branch.
    pub branch: Option<Fact>,
    /// The built tag.
    pub tag: Option<Fact>,
    /// The text that the system calls the message.
    pub message: Option<Said>,
    /// The web page of the build.
    pub build_url: Option<Fact>,
    /// The built pull request.
    pub change: Option<Change>,
    /// The results of jobs.
    pub jobs: Result<Vec<Fact<Job>>, Error>,
    /// Problems with these facts.
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
    /// How to correct it in that system.
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
            System::Woodpecker => woodpecker::read(variables),
            System::Drone => drone::read(variables),
        };
        read.add_needs(variables);
        read.check_commit();
        read
    }

    /// A system without facts.
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

    /// The branch of the build, as the policy gets it.
    ///
    /// A pull request is not a build of its branch, which may be in a fork: it gets a name that git does not allow for
    /// a branch.
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
