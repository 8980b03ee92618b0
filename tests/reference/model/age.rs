//! The age of the release.

use super::super::contract::promotion::{Event, EventKind, Progress};
use super::release::Target;
use super::windows::{self, State};
use super::{Outside, Question, people, progress};

/// Whether the release is older than its deadline.
pub fn is_overdue(question: Question<'_>, target: &Target) -> bool {
    let (Some(deadline), Some(first)) = (question.settings.deadline, question.history.first())
    else {
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
                    let began = event.at.saturating_sub(u64::from(seconds));
                    (event.at, began.max(before))
                }
                _ => (event.at, before),
            },
        };
        if end > before && is_held(question, target, place, begin) {
            held += end - before;
        }
    }
    question.now.saturating_sub(first.at).saturating_sub(held) > u64::from(deadline)
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
