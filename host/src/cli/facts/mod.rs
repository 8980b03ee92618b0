//! `greenlight facts`: what the CI system says, what git has, and what does not fit together.

mod document;
mod human;

use std::path::PathBuf;

use clap::Args;

pub(super) use self::document::FactsDocument;
use self::document::{CheckoutDocument, ProblemDocument};
use super::args::{Format, FormatArguments};
use super::output::Output;
use super::surroundings::variables;
use super::{Error, Exit};
use crate::contract::fields::Commit;
use crate::facts::checkout::Checkout;
use crate::facts::ci::{self, Surroundings};
use crate::facts::git;
use crate::text::json;

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

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let document = gather(arguments);
    match arguments.format.format {
        Format::Human => output.text(&human::text(&document)),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

fn gather(arguments: &Arguments) -> FactsDocument {
    let repo = arguments.repo.as_deref();
    let mut document = FactsDocument::empty();
    let found = variables(|variables| {
        let found = ci::detect(variables)?;
        Ok::<_, Error>(found.map(|(system, sign)| (sign, Surroundings::read(system, variables))))
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
        head: looked.head.as_ref().map(|commit| Commit(commit.id.clone())),
        shallow: git::is_shallow(checkout.repo),
        has_commit: asked.then_some(looked.commit.is_some()),
    })
}
