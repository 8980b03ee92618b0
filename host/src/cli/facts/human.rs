//! What is known of the build, for people.

use std::env;
use std::fmt::Write as _;

use super::document::{CheckoutDocument, FactDocument, FactsDocument};
use crate::facts::ci;
use crate::text::escape::escape;

/// Writes each fact with its source, what git has, and the problems.
pub fn text(document: &FactsDocument) -> String {
    let mut text = match &document.system {
        Some(system) => {
            let known = ci::System::ALL
                .iter()
                .find(|(_, word)| *word == system.name);
            let name = known.map_or(system.name, |(system, _)| system.title());
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
            message.standing
        );
    }
    text.push_str(&checkout(document.checkout.as_ref()));
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
        let known = ci::System::ALL.map(|(system, _)| system.title()).join(", ");
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
        Some(head) => format!("git: at {}", head.0),
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
