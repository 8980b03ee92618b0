//! `greenlight facts`: what the CI system says, what git has, and what does not fit together.

use std::env;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::args::{Format, FormatArguments};
use super::facts_document::{CheckoutDocument, FactDocument, FactsDocument, ProblemDocument};
use super::output::Output;
use super::{Error, Exit};
use crate::contract::fields::Commit;
use crate::contract::names::Named as _;
use crate::facts::checkout::{self, Checkout};
use crate::facts::ci::{self, CiEnvironment};
use crate::facts::git;
use crate::text::escape::escape;
use crate::text::json;

/// Show what is known about the build, and where each fact comes from.
///
/// The facts are the CI system, what its variables say, and what git has of the built commit. Every problem that
/// would make a command read the wrong commit or no commit is listed. Nothing is decided.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
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
    let mut document = FactsDocument::empty();
    let found = ci::of_process(|variables| {
        let found = ci::detect(variables)?;
        Ok::<_, Error>(found.map(|(system, sign)| (sign, CiEnvironment::read(system, variables))))
    });
    match found {
        Ok(Some((sign, ci))) => {
            let checkout = Checkout::look(repo, &ci);
            document.problems = checkout.problems(&ci).into_iter().map(Into::into).collect();
            document.look(&checkout, ci.commit.is_some());
            document.say(sign, ci);
        }
        Ok(None) => document.look(&alone(arguments), false),
        Err(error) => {
            document.look(&alone(arguments), false);
            document.problems.push(ProblemDocument {
                code: "system-unsure",
                message: error.message,
                help: error.help,
            });
        }
    }
    document
}

/// The repository, if no CI system names a commit.
fn alone(arguments: &Arguments) -> Checkout<'_> {
    let repo = arguments.repo.as_deref();
    Checkout {
        repo,
        looked: git::ask_beside_head(repo, "HEAD").and_then(git::PendingPair::finish),
    }
}

impl FactsDocument {
    /// Adds the commits that git has. A missing repository is not a problem here; any other error of git is.
    fn look(&mut self, checkout: &Checkout<'_>, asked: bool) {
        match &checkout.looked {
            Ok(looked) => {
                self.checkout = Some(CheckoutDocument {
                    head: looked.head.as_ref().map(|commit| Commit(commit.id.clone())),
                    shallow: git::is_shallow(checkout.repo),
                    has_commit: asked.then_some(looked.commit.is_some()),
                });
            }
            Err(error) => {
                let problem = checkout::unreadable(error);
                let is_known = self.problems.iter().any(|it| it.code == problem.code);
                if !is_known && problem.code != "no-repository" {
                    self.problems.push(problem.into());
                }
            }
        }
    }
}

/// Writes each fact with its source, what git has, and the problems.
fn human(document: &FactsDocument) -> String {
    let mut text = match &document.system {
        Some(system) => {
            let known = ci::System::from_name(system.name);
            let name = known.map_or(system.name, ci::System::title);
            format!("{name} ({})\n", system.source)
        }
        None => "no CI system\n".to_owned(),
    };
    let mut line = |name: &str, fact: Option<(&str, &str)>| {
        if let Some((value, source)) = fact {
            // Writing into a string can't fail.
            let _ = writeln!(text, "  {name}: {} ({source})", escape(value));
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
        let _ = writeln!(text, "  build: {} ({})", escape(&url.value), url.source);
    }
    for job in &document.jobs {
        let _ = writeln!(
            text,
            "  job {}: {} ({})",
            escape(&job.name),
            job.status,
            job.source
        );
    }
    if let Some(message) = &document.message {
        let subject = message.text.lines().next().unwrap_or_default();
        let _ = writeln!(
            text,
            "  message: {} ({}, {})",
            escape(subject),
            message.source,
            message.completeness
        );
    }
    text.push_str(&checked_out(document));
    for problem in &document.problems {
        let _ = write!(
            text,
            "problem[{}]: {}\n  help: {}\n",
            problem.code,
            escape(&problem.message),
            escape(&problem.help)
        );
    }
    if document.system.is_none() && document.problems.is_empty() {
        let systems = ci::System::ALL.iter();
        let known: Vec<_> = systems.map(|(system, _)| system.title()).collect();
        let known = known.join(", ");
        let set = if env::var_os(ci::CHOICE).is_some() {
            format!(" (`{}`)", ci::CHOICE)
        } else {
            String::new()
        };
        let _ = writeln!(text, "  supported systems: {known}{set}");
    }
    text
}

fn checked_out(document: &FactsDocument) -> String {
    let Some(checkout) = &document.checkout else {
        let mut problems = document.problems.iter();
        return if problems.any(|it| it.code == "git-failed") {
            "git: the commit could not be read\n".to_owned()
        } else {
            "git: no repository here\n".to_owned()
        };
    };
    let mut text = match &checkout.head {
        Some(head) => format!("git: at {}", head.0),
        None => "git: no commit is checked out".to_owned(),
    };
    text.push_str(match checkout.shallow {
        Some(true) => ", a shallow clone",
        Some(false) => ", a full clone",
        None => "",
    });
    text.push_str(match checkout.has_commit {
        Some(true) => ", the commit is present",
        Some(false) => ", the commit is missing",
        None => "",
    });
    text.push('\n');
    text
}
