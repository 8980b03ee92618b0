//! The steps of an environment.

use std::ops::Range;

use super::super::contract::promotion::{EventKind, Outcome, Progress};
use super::release::Target;
use super::{Question, deployments, progress};

/// The code of the reason why a step did not succeed, if one did not.
pub fn failure(
    question: Question<'_>,
    target: &Target,
    environment: usize,
) -> Option<&'static str> {
    let (names, places) = counting(question, target, environment)?;
    let outcomes = names
        .iter()
        .filter_map(|it| outcome(question, environment, it, places.clone()));
    let mut bad = outcomes.filter(|it| *it != Outcome::Succeeded);
    Some(match bad.next()? {
        Outcome::Unknown => "step-unknown",
        _ => "step-failed",
    })
}

/// The first step that has not succeeded.
pub fn missing<'a>(
    question: Question<'a>,
    target: &Target,
    environment: usize,
) -> Option<&'a String> {
    let (names, places) = counting(question, target, environment)?;
    first_missing(question, environment, names, places)
}

/// Whether all steps behind the deployment succeeded at these places.
pub fn succeeded(question: Question<'_>, environment: usize, places: Range<usize>) -> bool {
    let names = &question.settings.environments[environment].after;
    first_missing(question, environment, names, places).is_none()
}

fn first_missing<'a>(
    question: Question<'_>,
    environment: usize,
    names: &'a [String],
    places: Range<usize>,
) -> Option<&'a String> {
    names.iter().find(|name| {
        let outcome = outcome(question, environment, name, places.clone());
        outcome != Some(Outcome::Succeeded)
    })
}

/// The names of the steps that are due in an environment, and the places of the history where they count.
fn counting<'a>(
    question: Question<'a>,
    target: &Target,
    environment: usize,
) -> Option<(&'a [String], Range<usize>)> {
    let settings = &question.settings.environments[environment];
    if progress::progress(question, target, environment) != Progress::Pending {
        let places = progress::counting_places(question, target, environment)?;
        return Some((&settings.after, places));
    }
    if environment < target.place {
        return None;
    }
    // After the last deployment of the release to this or an earlier environment, or after what replaced it.
    let end = question.history.len();
    let voids = |place: &usize| {
        let Some((to, _)) = deployments::at(question, *place) else {
            return false;
        };
        let is_own = deployments::is_own(question, target, *place);
        let was_here = deployments::counting(question, target, environment, *place).is_some();
        (is_own && to <= environment) || (!is_own && to == environment && was_here)
    };
    let since = (0..end).rev().find(voids).map_or(0, |it| it + 1);
    Some((&settings.before, since..end))
}

fn outcome(
    question: Question<'_>,
    environment: usize,
    name: &str,
    places: Range<usize>,
) -> Option<Outcome> {
    let environment = &question.settings.environments[environment].name;
    let mut latest = question.history[places].iter().rev();
    latest.find_map(|event| match &event.kind {
        EventKind::Performed(it) if it.step.environment == *environment && it.step.name == name => {
            Some(it.outcome)
        }
        _ => None,
    })
}
