//! The age of the release.

use super::super::contract::promotion::{Event, EventKind, Progress};
use super::release::Target;
use super::windows::{self, State};
use super::{Outside, Question, people, progress};

/// The time of the first event that no other deployment can have recorded. `question` has the history as it is recorded.
pub fn start(question: Question<'_>, target: &Target) -> Option<u64> {
    let mut history = question.history.iter();
    let own = history.find(|it| !may_be_copied(question, target, it));
    own.map(|it| it.at)
}

/// Whether a release of a start time is older than its deadline.
pub fn is_overdue(question: Question<'_>, target: &Target, start: Option<u64>) -> bool {
    let (Some(deadline), Some(start)) = (question.settings.deadline, start) else {
        return false;
    };
    let history = question.history;
    let mut held = 0;
    for place in 1..=history.len() {
        let before = history[place - 1].at;
        let (end, begin) = match history.get(place) {
            None => (question.now, before),
            Some(event) => match event.kind {
                EventKind::Waited(seconds) => {
                    let begin = event.at.saturating_sub(u64::from(seconds));
                    (event.at, begin.max(before))
                }
                _ => (event.at, before),
            },
        };
        if end > before && is_held(question, target, place, begin) {
            held += end - before;
        }
    }
    question.now.saturating_sub(start).saturating_sub(held) > u64::from(deadline)
}

/// Whether another deployment of the commit may have recorded an event: a waiver, or a result in an environment before
/// that of the tag.
fn may_be_copied(question: Question<'_>, target: &Target, event: &Event) -> bool {
    let name = match &event.kind {
        EventKind::Waived(_) => return true,
        EventKind::Deployed(it) => &it.environment,
        EventKind::Observed(it) => &it.environment,
        EventKind::LoadTested(it) => &it.environment,
        EventKind::Performed(it) => &it.step.environment,
        _ => return false,
    };
    let mut environments = question.settings.environments.iter();
    let place = environments.position(|it| it.name == *name);
    place.is_some_and(|it| it < target.place)
}

/// Whether people or windows hold the release at a time, as of the first events of the history.
fn is_held(question: Question<'_>, target: &Target, events: usize, now: u64) -> bool {
    let (begin, rest) = question.history.split_at(events);
    // What a failed load test means does not depend on when that became known.
    let is_about_action = |it: &&Event| {
        matches!(
            it.kind,
            EventKind::Contains(_) | EventKind::Waived(_) | EventKind::Accompanied(_)
        )
    };
    let rest = rest.iter().filter(is_about_action);
    let history: Vec<Event> = begin.iter().chain(rest).cloned().collect();
    let question = Question {
        history: &history,
        now,
        ..question
    };
    let mut environments = 0..question.settings.environments.len();
    let Some(open) = environments.find(|it| !progress::is_settled(question, target, *it)) else {
        return false;
    };
    if people::held(question, open) {
        return true;
    }
    let is_pending = progress::progress(question, target, open) == Progress::Pending;
    if open < target.place || !is_pending {
        return false;
    }
    let name = &question.settings.environments[open].name;
    let state = windows::state(question, name, now);
    matches!(state, State::Frozen | State::Outside(Outside::Hold))
        || people::approvals_are_missing(question, open, now)
}
