//! `greenlight facts`: what the CI system says, what git has, and what does not fit together.

use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::output::Output;
use super::surroundings::variables;
use super::{Error, Exit};
use crate::facts::checkout::Checkout;
use crate::facts::ci::{self, Fact, Problem, Said, Standing, Surroundings};
use crate::facts::{self, git};
use crate::report::harmless::harmless;
use crate::report::json;
use crate::report::words::Word as _;
use crate::sandbox::contract::environments::Job;

/// Show what is known of the build, and where each fact comes from.
///
/// Which CI system this is, what its variables say, what git has of the commit that is built, and
/// everything that would make a command read the wrong commit or none. It decides nothing.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The repository [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
}

#[derive(Debug, Serialize)]
struct FactsDocument {
    schema: &'static str,
    system: Option<SystemDocument>,
    commit: Option<FactDocument>,
    branch: Option<FactDocument>,
    tag: Option<FactDocument>,
    message: Option<MessageDocument>,
    build_url: Option<FactDocument>,
    pull_request: Option<PullRequestDocument>,
    jobs: Vec<JobDocument>,
    checkout: Option<CheckoutDocument>,
    problems: Vec<ProblemDocument>,
}

#[derive(Debug, Serialize)]
struct SystemDocument {
    name: &'static str,
    source: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct FactDocument {
    value: String,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct MessageDocument {
    text: String,
    source: &'static str,
    standing: &'static str,
    why: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct PullRequestDocument {
    number: Option<FactDocument>,
    target: Option<FactDocument>,
}

#[derive(Debug, Serialize)]
struct JobDocument {
    name: String,
    status: &'static str,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct CheckoutDocument {
    head: Option<String>,
    shallow: Option<bool>,
    has_commit: Option<bool>,
}

#[derive(Debug, Serialize)]
struct ProblemDocument {
    code: &'static str,
    message: String,
    help: String,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let document = gather(arguments);
    match arguments.format.format {
        Format::Human => output.text(&human(&document)),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

fn gather(arguments: &Arguments) -> FactsDocument {
    let repo = arguments.repo.as_deref();
    let mut document = FactsDocument {
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
    };
    let found = variables(|variables| {
        let found = ci::detect(variables)?;
        Ok::<_, facts::Error>(
            found.map(|(system, sign)| (sign, Surroundings::read(system, variables))),
        )
    });
    match found {
        Ok(Some((sign, ci))) => {
            let checkout = Checkout::look(repo, &ci);
            document.problems = checkout.problems(&ci).into_iter().map(Into::into).collect();
            document.checkout = seen(&checkout, ci.commit.is_some());
            document.say(sign, ci);
        }
        Ok(None) => document.checkout = seen(&alone(arguments), false),
        Err(error) => {
            document.checkout = seen(&alone(arguments), false);
            document.problems.push(ProblemDocument {
                code: "system-unsure",
                message: error.message,
                help: error.help,
            });
        }
    }
    document
}

/// The repository where no system says anything of it.
fn alone(arguments: &Arguments) -> Checkout<'_> {
    let repo = arguments.repo.as_deref();
    Checkout {
        repo,
        looked: git::ask_beside_head(repo, "HEAD").and_then(git::PendingPair::finish),
    }
}

fn seen(checkout: &Checkout<'_>, asked: bool) -> Option<CheckoutDocument> {
    let looked = checkout.looked.as_ref().ok()?;
    Some(CheckoutDocument {
        head: looked.head.as_ref().map(|commit| commit.id.clone()),
        shallow: git::is_shallow(checkout.repo),
        has_commit: asked.then_some(looked.commit.is_some()),
    })
}

impl FactsDocument {
    fn say(&mut self, sign: &'static str, ci: Surroundings) {
        self.system = Some(SystemDocument {
            name: ci.system.word(),
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
            standing: said.standing.word(),
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
            status: job.value.status.word(),
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

fn human(document: &FactsDocument) -> String {
    let mut text = match &document.system {
        Some(system) => {
            let known = ci::System::ALL
                .iter()
                .find(|(_, word)| *word == system.name);
            let name = known.map_or(system.name, |(system, _)| system.name());
            format!("{name} ({})\n", system.source)
        }
        None => "no CI system\n".to_owned(),
    };
    let mut line = |name: &str, fact: Option<(&str, &str)>| {
        if let Some((value, source)) = fact {
            // Writing into a string can't fail.
            let _ = writeln!(text, "  {name}: {} ({source})", harmless(value));
        }
    };
    let of = |fact: &Option<FactDocument>| fact.clone().map(|it| (it.value, it.source));
    let mut fact = |name: &str, fact: &Option<FactDocument>| {
        let fact = of(fact);
        line(
            name,
            fact.as_ref()
                .map(|(value, source)| (value.as_str(), *source)),
        );
    };
    fact("commit", &document.commit);
    fact("branch", &document.branch);
    fact("tag", &document.tag);
    if let Some(change) = &document.pull_request {
        fact("pull request", &change.number);
        fact("pull request for", &change.target);
        if change.number.is_none() && change.target.is_none() {
            text.push_str("  pull request: yes\n");
        }
    }
    if let Some(url) = &document.build_url {
        let _ = writeln!(text, "  build: {} ({})", harmless(&url.value), url.source);
    }
    for job in &document.jobs {
        let _ = writeln!(
            text,
            "  job {}: {} ({})",
            harmless(&job.name),
            job.status,
            job.source
        );
    }
    if let Some(message) = &document.message {
        let subject = message.text.lines().next().unwrap_or_default();
        let _ = writeln!(
            text,
            "  message: {} ({}, {})",
            harmless(subject),
            message.source,
            message.standing
        );
    }
    text.push_str(&checkout(document.checkout.as_ref()));
    for problem in &document.problems {
        let _ = write!(
            text,
            "problem[{}]: {}\n  help: {}\n",
            problem.code,
            harmless(&problem.message),
            harmless(&problem.help)
        );
    }
    if document.system.is_none() && document.problems.is_empty() {
        let known = ci::System::ALL.map(|(system, _)| system.name()).join(", ");
        let set = if env::var_os(ci::CHOICE).is_some() {
            format!(" (`{}`)", ci::CHOICE)
        } else {
            String::new()
        };
        let _ = writeln!(text, "  known are {known}{set}");
    }
    text
}

fn checkout(checkout: Option<&CheckoutDocument>) -> String {
    let Some(checkout) = checkout else {
        return "git: no repository here\n".to_owned();
    };
    let mut text = match &checkout.head {
        Some(head) => format!("git: at {head}"),
        None => "git: nothing checked out".to_owned(),
    };
    text.push_str(match checkout.shallow {
        Some(true) => ", a shallow clone",
        Some(false) => ", a whole clone",
        None => "",
    });
    text.push_str(match checkout.has_commit {
        Some(true) => ", the commit is there",
        Some(false) => ", the commit is not there",
        None => "",
    });
    text.push('\n');
    text
}
