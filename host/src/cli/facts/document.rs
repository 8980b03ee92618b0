//! What is known of the build, as JSON.

use serde::Serialize;

use crate::contract::environments::Job;
use crate::contract::names::Named as _;
use crate::facts::ci::{Fact, Problem, Said, Standing, Surroundings};

/// `greenlight facts`: described by `host/schemas/facts.json`.
#[derive(Debug, Serialize)]
pub struct FactsDocument {
    pub schema: &'static str,
    pub system: Option<SystemDocument>,
    pub commit: Option<FactDocument>,
    pub branch: Option<FactDocument>,
    pub tag: Option<FactDocument>,
    pub message: Option<MessageDocument>,
    pub build_url: Option<FactDocument>,
    pub pull_request: Option<PullRequestDocument>,
    pub jobs: Vec<JobDocument>,
    pub checkout: Option<CheckoutDocument>,
    pub problems: Vec<ProblemDocument>,
}

/// The CI system, and what gave it away.
#[derive(Debug, Serialize)]
pub struct SystemDocument {
    pub name: &'static str,
    pub source: &'static str,
}

/// A value, and what it was read from.
#[derive(Clone, Debug, Serialize)]
pub struct FactDocument {
    pub value: String,
    pub source: &'static str,
}

/// What the system calls the message, and what it is worth.
#[derive(Debug, Serialize)]
pub struct MessageDocument {
    pub text: String,
    pub source: &'static str,
    pub standing: &'static str,
    pub why: Option<&'static str>,
}

/// The pull request that is built.
#[derive(Debug, Serialize)]
pub struct PullRequestDocument {
    pub number: Option<FactDocument>,
    pub target: Option<FactDocument>,
}

/// How a job ended.
#[derive(Debug, Serialize)]
pub struct JobDocument {
    pub name: String,
    pub status: &'static str,
    pub source: &'static str,
}

/// What git has.
#[derive(Debug, Serialize)]
pub struct CheckoutDocument {
    pub head: Option<String>,
    pub shallow: Option<bool>,
    pub has_commit: Option<bool>,
}

/// Something that makes a fact unusable or doubtful.
#[derive(Debug, Serialize)]
pub struct ProblemDocument {
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

impl FactsDocument {
    /// A document in which nothing is known yet.
    pub fn empty() -> Self {
        Self {
            schema: "greenlight.facts/1",
            system: None,
            commit: None,
            branch: None,
            tag: None,
            message: None,
            build_url: None,
            pull_request: None,
            jobs: Vec::new(),
            checkout: None,
            problems: Vec::new(),
        }
    }

    /// Fills in what the system says.
    pub fn say(&mut self, sign: &'static str, ci: Surroundings) {
        self.system = Some(SystemDocument {
            name: ci.system.name(),
            source: sign,
        });
        self.commit = ci.commit.map(Into::into);
        self.branch = ci.branch.map(Into::into);
        self.tag = ci.tag.map(Into::into);
        self.message = ci.message.map(Into::into);
        self.build_url = ci.build_url.map(Into::into);
        self.pull_request = ci.change.map(|change| PullRequestDocument {
            number: change.number.map(Into::into),
            target: change.target.map(Into::into),
        });
        let jobs = ci.jobs.unwrap_or_default();
        self.jobs = jobs.into_iter().map(Into::into).collect();
    }
}

impl From<Fact> for FactDocument {
    fn from(fact: Fact) -> Self {
        Self {
            value: fact.value,
            source: fact.source,
        }
    }
}

impl From<Said> for MessageDocument {
    fn from(said: Said) -> Self {
        Self {
            text: said.text.to_string_lossy().into_owned(),
            source: said.source,
            standing: said.standing.name(),
            why: match said.standing {
                Standing::Unsure(why) => Some(why),
                Standing::Whole | Standing::Truncated => None,
            },
        }
    }
}

impl From<Fact<Job>> for JobDocument {
    fn from(job: Fact<Job>) -> Self {
        Self {
            name: job.value.name,
            status: job.value.status.name(),
            source: job.source,
        }
    }
}

impl From<Problem> for ProblemDocument {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code,
            message: problem.message,
            help: problem.help,
        }
    }
}
