//! Windows: each time is looked up by itself, second after second.

use super::super::contract::promotion::{EventKind, Outside, Window, WindowKind};
use super::Question;

/// What the windows say about an environment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum State {
    Open,
    Frozen,
    /// Outside of the windows that allow deployments.
    Outside(Outside),
}

/// What the windows say about an environment at a time.
pub fn state(question: Question<'_>, environment: &str, now: u64) -> State {
    let Some((windows, known_until)) = windows(question, environment) else {
        return State::Open;
    };
    if windows.is_empty() {
        return State::Open;
    }
    if now >= known_until {
        return State::Outside(Outside::Hold);
    }
    look_up(&windows, now)
}

/// Seconds to wait for the next opening.
pub fn wait(question: Question<'_>, environment: &str, now: u64) -> u32 {
    let (windows, known_until) = windows(question, environment).expect("windows");
    let is_open = |at: u64| at < known_until && look_up(&windows, at) == State::Open;
    (1..300)
        .find(|seconds| is_open(now + u64::from(*seconds)))
        .unwrap_or(300)
}

/// The windows of an environment that are not excused, and until when they are known.
fn windows<'a>(question: Question<'a>, environment: &str) -> Option<(Vec<&'a Window>, u64)> {
    let calendar = question
        .history
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::Scheduled(it) => Some(it),
            _ => None,
        })?;
    let is_excused = |name: &str| {
        question
            .history
            .iter()
            .any(|event| matches!(&event.kind, EventKind::Excused(it) if it.window == name))
    };
    let windows = calendar.windows.iter().filter(|it| {
        it.environments.iter().any(|name| name == environment) && !is_excused(&it.name)
    });
    Some((windows.collect(), calendar.known_until))
}

fn look_up(windows: &[&Window], now: u64) -> State {
    let contains = |it: &&&Window| {
        it.periods
            .iter()
            .any(|period| period.start <= now && now < period.end)
    };
    let kind = |kind: WindowKind| windows.iter().filter(move |it| it.kind == kind);
    if kind(WindowKind::Freeze).any(|it| contains(&it)) {
        return State::Frozen;
    }
    if kind(WindowKind::Allow).any(|it| contains(&it)) {
        return State::Open;
    }
    for outside in [Outside::Hold, Outside::Warn, Outside::Note] {
        if kind(WindowKind::Allow).any(|it| it.outside == outside) {
            return State::Outside(outside);
        }
    }
    State::Open
}
