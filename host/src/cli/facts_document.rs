//! The JSON document of `greenlight facts`.

use serde::Serialize;

use crate::contract::environments::{Job, JobStatus};
#[cfg(test)]
use crate::contract::fields::shapes::Code;
use crate::contract::fields::{ByName, Commit};
use crate::contract::names::Named as _;
use crate::facts::ci::{CiEnvironment, Completeness, Fact, Problem, Said};

/// What `greenlight facts --format json` prints: what the CI system says about the build, and what git has.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct FactsDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    pub schema: &'static str,
    /// The CI system; null outside of one, or if the variables belong to several.
    pub system: Option<SystemDocument>,
    /// The commit that is built, `HEAD` if the system leaves it to the checkout; null if it does not say.
    pub commit: Option<FactDocument>,
    /// The branch that is built, for a pull request its own; null if absent or unknown.
    pub branch: Option<FactDocument>,
    /// The tag that is built; null if absent.
    pub tag: Option<FactDocument>,
    /// The text that the system gives as the message; null if it gives none.
    pub message: Option<MessageDocument>,
    /// The page of the build; null if the system does not say.
    pub build_url: Option<FactDocument>,
    /// The pull request that is built; null if absent.
    pub pull_request: Option<PullRequestDocument>,
    /// The jobs, and how they ended.
    pub jobs: Vec<JobDocument>,
    /// What git has; null without a repository that git can read.
    pub checkout: Option<CheckoutDocument>,
    /// Why a command would read the wrong commit, or no commit.
    pub problems: Vec<ProblemDocument>,
}

/// A CI system, and the variable that shows it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct SystemDocument {
    /// Its name.
    #[cfg_attr(test, schemars(with = "shapes::SystemName"))]
    pub name: &'static str,
    /// The variable that shows it.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub source: &'static str,
}

/// A value, and its source.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct FactDocument {
    /// The value.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub value: String,
    /// The variable, or the place in GitHub's event file, that it was read from.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub source: &'static str,
}

/// A text that the CI system gives as the message, and whether it is the message of the commit.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct MessageDocument {
    /// The text.
    pub text: String,
    /// The variable, or the place in GitHub's event file, that it was read from.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub source: &'static str,
    /// Whether it is the complete message of the commit. Labels are read only from a complete message.
    #[cfg_attr(test, schemars(extend("enum" = ["complete", "truncated", "unsure"])))]
    pub completeness: &'static str,
    /// Why it may be another text; null unless it is unsure.
    pub why: Option<&'static str>,
}

/// A pull request, a merge request or another proposed change.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct PullRequestDocument {
    /// Its number; null if the system does not say.
    pub number: Option<FactDocument>,
    /// The branch that it is for; null if the system does not say.
    pub target: Option<FactDocument>,
}

/// A job of the build.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct JobDocument {
    /// Its name.
    pub name: String,
    /// Its status.
    pub status: ByName<JobStatus>,
    /// The variable, or the place in GitHub's event file, that it was read from.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub source: &'static str,
}

/// A repository.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct CheckoutDocument {
    /// The commit that is checked out; null if absent.
    pub head: Option<Commit>,
    /// Whether older commits are missing; null if git does not say.
    pub shallow: Option<bool>,
    /// Whether git has the commit that is built; null if the system names none.
    pub has_commit: Option<bool>,
}

/// What makes a fact unusable or doubtful.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ProblemDocument {
    /// Stable code of the kind of problem.
    #[cfg_attr(test, schemars(with = "Code"))]
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to set in the CI system.
    pub help: String,
}

impl FactsDocument {
    /// The name and version of the document.
    pub const SCHEMA: &'static str = "greenlight.facts/2";

    /// A document in which nothing is known yet.
    pub fn empty() -> Self {
        Self {
            schema: Self::SCHEMA,
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

    /// Fills in the facts of the CI system.
    pub fn say(&mut self, sign: &'static str, ci: CiEnvironment) {
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
            completeness: said.completeness.name(),
            why: match said.completeness {
                Completeness::Unsure(why) => Some(why),
                Completeness::Complete | Completeness::Truncated => None,
            },
        }
    }
}

impl From<Fact<Job>> for JobDocument {
    fn from(job: Fact<Job>) -> Self {
        Self {
            name: job.value.name,
            status: ByName(job.value.status),
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

#[cfg(test)]
mod shapes {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use crate::contract::names::Named as _;
    use crate::facts::ci::System;

    /// The name of a CI system.
    pub struct SystemName;

    impl JsonSchema for SystemName {
        fn schema_name() -> Cow<'static, str> {
            "SystemName".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let names: Vec<_> = System::ALL.iter().map(|(_, name)| *name).collect();
            json_schema!({ "type": "string", "enum": names })
        }
    }
}
