//! The interventions of people.

use super::super::contract::promotion::{Event, EventKind, Intervention, InterventionKind};
use super::super::contract::types::EnvironmentSettings;
use super::Question;

/// Whether a person canceled the release, which is final.
pub fn canceled(question: Question<'_>) -> bool {
    let mut said = question.history.iter();
    said.any(|it| counts(question, it).is_some_and(|it| it.kind == InterventionKind::Canceled))
}

/// Whether nothing may start in an environment until a person approves.
pub fn held(question: Question<'_>, environment: usize) -> bool {
    latest(question, environment, question.history) == Some(InterventionKind::Held)
}

/// Whether a person rejected the release for an environment.
pub fn rejected(question: Question<'_>, environment: usize) -> bool {
    latest(question, environment, question.history) == Some(InterventionKind::Rejected)
}

/// Whether a person has ever approved the release for an environment.
pub fn approved(question: Question<'_>, environment: usize) -> bool {
    let mut said = question.history.iter();
    said.any(|it| about(question, environment, it) == Some(InterventionKind::Approved))
}

/// When the last hold or rejection ended; 0 if none has ended.
pub fn hold_ended(question: Question<'_>, environment: usize) -> u64 {
    let history = question.history;
    let end = (0..history.len()).rev().find(|place| {
        let before = latest(question, environment, &history[..*place]);
        about(question, environment, &history[*place]) == Some(InterventionKind::Approved)
            && matches!(
                before,
                Some(InterventionKind::Held | InterventionKind::Rejected)
            )
    });
    end.map_or(0, |it| history[it].at)
}

/// The people whose approval counts at a time, in the order of their latest approvals.
pub fn approvals(question: Question<'_>, environment: usize, now: u64) -> Vec<String> {
    let settings = &question.settings.environments[environment];
    let history = question.history;
    let voided = history.iter().rposition(|it| {
        let kind = about(question, environment, it);
        kind.is_some_and(|it| it != InterventionKind::Approved)
    });
    let later = &history[voided.map_or(0, |it| it + 1)..];
    let given: Vec<(&str, u64)> = later
        .iter()
        .filter(|it| about(question, environment, it) == Some(InterventionKind::Approved))
        .filter_map(|it| Some((counts(question, it)?.by.as_str(), it.at)))
        .collect();
    let is_latest = |place: usize| {
        let name = given[place].0;
        !given[place + 1..]
            .iter()
            .any(|(other, _)| same(other, name))
    };
    (0..given.len())
        .filter(|place| is_latest(*place))
        .map(|place| given[place])
        .filter(|(_, at)| now < *at || now - at < u64::from(settings.approval_lasts))
        .filter(|(name, _)| settings.author_may_approve || !is_author(question, name))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Whether too few people approved.
pub fn approvals_are_missing(question: Question<'_>, environment: usize, now: u64) -> bool {
    let required = question.settings.environments[environment].approvals;
    let given = approvals(question, environment, now).len();
    u32::try_from(given).expect("few") < required
}

/// Whether the question for an environment was asked.
pub fn was_asked(question: Question<'_>, environment: &EnvironmentSettings) -> bool {
    let key = question_key(environment);
    question
        .history
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Asked(it) if it.key == key))
}

pub fn question_key(environment: &EnvironmentSettings) -> String {
    format!("approval-{}", environment.name)
}

fn is_author(question: Question<'_>, name: &str) -> bool {
    question.release.authors.iter().any(|it| same(it, name))
}

fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The latest word on an environment, without cancelations.
fn latest(
    question: Question<'_>,
    environment: usize,
    history: &[Event],
) -> Option<InterventionKind> {
    let mut latest = history.iter().rev();
    latest.find_map(|it| about(question, environment, it))
}

/// What an event says about an environment, if it is an intervention other than a cancelation.
fn about(question: Question<'_>, environment: usize, event: &Event) -> Option<InterventionKind> {
    let said = counts(question, event)?;
    let name = &question.settings.environments[environment].name;
    let is_about = match &said.environment {
        Some(it) => it == name,
        None => true,
    };
    (is_about && said.kind != InterventionKind::Canceled).then_some(said.kind)
}

/// An intervention that is not about another image.
fn counts<'a>(question: Question<'_>, event: &'a Event) -> Option<&'a Intervention> {
    let EventKind::Intervened(said) = &event.kind else {
        return None;
    };
    let is_other_image = match (&question.release.digest, &said.digest) {
        (Some(ours), Some(theirs)) => ours != theirs,
        _ => false,
    };
    (!is_other_image).then_some(said)
}
