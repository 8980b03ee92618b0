//! The status for people.

use std::fmt::Write as _;

use super::{StatusDocument, messages};
use crate::deployment::served::{Served, ServedCommit};
use crate::deployment::timeline::{Step, StepState, Timeline};
use crate::deployment::what_now;
use crate::report::headline::{self, Headline};
use crate::text::escape::escape;
use crate::text::number::short;
use crate::text::time;

pub(super) fn text(document: &StatusDocument, is_one: bool) -> String {
    let mut text = String::new();
    if !is_one {
        for place in &document.environments {
            if let Some(served) = &place.serves {
                text.push_str(&serves(&place.environment, served));
            }
        }
    }
    let is_empty = document.deployments.is_empty() && document.damaged.is_empty();
    match (is_empty, document.not_shown) {
        (false, _) => {}
        (true, 0) => {
            text.push_str("no deployment yet: start one with `greenlight run --tag TAG`\n");
        }
        (true, ended) => {
            let _ = writeln!(
                text,
                "no deployment is unfinished; {ended} ended: show them with `--ended {ended}`"
            );
        }
    }
    // Writing into a string can't fail.
    for deployment in &document.deployments {
        let timeline = &deployment.timeline;
        let headline = Headline::of(timeline);
        let _ = writeln!(
            text,
            "deployment {}: {} ({})\n{}  began {}, last record after {}",
            timeline.number,
            deployment.state.name(),
            escape(&timeline.tag),
            headline
                .title
                .as_ref()
                .map_or_else(String::new, |it| format!("  {}\n", escape(it))),
            time::instant(timeline.began),
            time::span(timeline.last.saturating_sub(timeline.began))
        );
        for place in &timeline.environments {
            let status = headline::place(place, timeline);
            let _ = writeln!(text, "  {}: {}", escape(&place.name), escape(&status));
        }
        for sentence in &headline.served {
            let _ = writeln!(text, "  at the end, {}", escape(sentence));
        }
        if let Some(reason) = headline.because {
            let _ = writeln!(text, "  because: {}", escape(&reason.message));
            if let Some(help) = &reason.help {
                let _ = writeln!(text, "    help: {}", escape(help));
            }
        }
        for note in &headline.load_tests {
            let _ = writeln!(text, "  {}", escape(note));
        }
        if !is_one {
            text.push_str(&last_failure(timeline));
        }
        if let Some(waits) = &headline.waits {
            let lead = match headline.advice {
                None => "now",
                Some(_) => headline.lead(),
            };
            let _ = writeln!(text, "  {lead}: {}", escape(waits));
        }
        if let Some(advice) = &headline.advice {
            let _ = writeln!(text, "  {}", escape(advice));
        }
        if let Some(question) = timeline.question.as_ref().filter(|_| !is_one) {
            let _ = writeln!(text, "  {}", escape(&question.in_words()));
        }
        for said in timeline.stored.iter().filter(|_| !is_one) {
            let _ = writeln!(text, "  {}", escape(&what_now::stored(said)));
        }
        if is_one && !headline.to_do.is_empty() {
            text.push_str("  what to do now:\n");
        }
        for item in headline.to_do.iter().filter(|_| is_one) {
            let _ = writeln!(text, "    - {}", escape(item));
        }
        if is_one {
            text.push_str(&steps(timeline));
        }
    }
    text.push_str(&messages::text(&document.messages));
    for held in &document.environments {
        let _ = match held.deployment {
            Some(number) => writeln!(text, "{}: locked by deployment {number}", held.environment),
            None => writeln!(text, "{}: not locked", held.environment),
        };
    }
    for damaged in &document.damaged {
        let (number, what, help) = (damaged.deployment, &damaged.what, &damaged.help);
        let _ = writeln!(
            text,
            "deployment {number} is not shown: {}\n  help: {}",
            escape(what),
            escape(help)
        );
    }
    text
}

/// The last step that failed, with the last lines of its command's output.
fn last_failure(timeline: &Timeline) -> String {
    let mut steps = timeline.steps.iter().rev();
    let failed = steps.find(|it| it.state.0 == StepState::Failed && !it.tail.is_empty());
    failed.map_or_else(String::new, |step| {
        let place = step.environment.as_deref().unwrap_or_default();
        let (place, outcome) = (escape(place), escape(&step.outcome));
        format!(
            "  {} {place}: {outcome}\n{}",
            escape(&step.title()),
            tail(step, "    ")
        )
    })
}

/// The last lines of the output of a step's command.
fn tail(step: &Step, indent: &str) -> String {
    let mut text = String::new();
    for line in &step.tail {
        let _ = writeln!(text, "{indent}| {}", escape(line));
    }
    text
}

fn steps(timeline: &Timeline) -> String {
    let mut text = String::from("  steps:\n");
    for step in &timeline.steps {
        let took = step
            .ended
            .unwrap_or(timeline.last)
            .saturating_sub(step.began);
        let place = step.environment.as_deref();
        let place = place.map_or_else(String::new, |it| format!(" {}", escape(it)));
        let _ = writeln!(
            text,
            "    {}  {:>7}  {}{place}: {}",
            time::clock(step.began),
            time::span(took),
            escape(&step.title()),
            escape(&step.outcome)
        );
        text.push_str(&tail(step, "      "));
        let results = timeline.load_test_of(step);
        for limit in results.into_iter().flat_map(|it| &it.limits) {
            let _ = writeln!(text, "      {}", escape(&limit.sentence()));
        }
        for note in results.into_iter().flat_map(|it| &it.notes) {
            let _ = writeln!(text, "      note: {}", escape(note));
        }
    }
    for note in &timeline.notes {
        let _ = writeln!(text, "    note: {}", escape(&note.text));
    }
    text
}

/// What an environment serves: one line for each commit, and one for the nodes without an answer.
fn serves(environment: &str, served: &Served) -> String {
    let mut text = String::new();
    let all = served.nodes();
    let is_mixed = served.commits.len() > 1 || !served.unreachable.is_empty();
    for commit in &served.commits {
        let who = if is_mixed {
            format!("{environment}: {} of {all} nodes", commit.nodes.len())
        } else {
            environment.to_owned()
        };
        let verb = if is_mixed && commit.nodes.len() > 1 {
            "serve"
        } else {
            "serves"
        };
        let _ = writeln!(text, "{who} {verb} {}", version(commit));
    }
    let silent = served.unreachable.len();
    if silent > 0 {
        let who = match silent {
            _ if silent == all => "no node".to_owned(),
            _ => format!("{silent} of {all} nodes"),
        };
        let but = if silent == all { "a" } else { "no" };
        let _ = writeln!(
            text,
            "{environment}: {who} gave {but} usable answer at {}: {}",
            time::instant(served.at),
            escape(&served.unreachable.join(", "))
        );
    }
    text
}

/// A commit with its subject and author, since when it is served, and which deployment brought it.
fn version(commit: &ServedCommit) -> String {
    let mut text = short(&commit.commit);
    if let Some(title) = headline::title(commit.subject.as_deref(), commit.author.as_deref()) {
        let _ = write!(text, " {}", escape(&title));
    }
    let _ = write!(text, " since {}", time::instant(commit.since));
    let _ = match commit.deployment {
        Some(number) => write!(text, " (deployment {number})"),
        None => write!(text, " (by no deployment of the journal)"),
    };
    text
}
