//! The interventions of people.

use super::super::contract::promotion::{Event, EventKind, InterventionKind};

/// Whether a person canceled the release, which is final.
pub fn canceled(history: &[Event]) -> bool {
    history.iter().any(|it| is(it, InterventionKind::Canceled))
}

/// Whether nothing may start until a person approves.
pub fn held(history: &[Event]) -> bool {
    let mut latest = history.iter().rev();
    let decides = |it: &&Event| is_hold(it) || is(it, InterventionKind::Approved);
    latest.find(decides).is_some_and(is_hold)
}

/// Whether a person has ever approved.
pub fn approved(history: &[Event]) -> bool {
    history.iter().any(|it| is(it, InterventionKind::Approved))
}

/// When the last hold ended; 0 if no hold has ended.
pub fn hold_ended(history: &[Event]) -> u64 {
    let end = history
        .iter()
        .enumerate()
        .rev()
        .find(|(place, it)| is(it, InterventionKind::Approved) && held(&history[..*place]));
    end.map_or(0, |(_, it)| it.at)
}

fn is(event: &Event, kind: InterventionKind) -> bool {
    matches!(&event.kind, EventKind::Intervened(it) if it.kind == kind)
}

/// Whether a person holds or rejects the release.
fn is_hold(event: &Event) -> bool {
    is(event, InterventionKind::Held) || is(event, InterventionKind::Rejected)
}
