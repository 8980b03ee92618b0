//! The interventions of people.

use super::super::contract::promotion::{Event, Happening, Intervention};

/// Whether a person canceled the release, which is final.
pub fn canceled(history: &[Event]) -> bool {
    history.iter().any(|it| is(it, Intervention::Canceled))
}

/// Whether nothing may start until a person approves.
pub fn held(history: &[Event]) -> bool {
    let mut latest = history.iter().rev();
    let decides = |it: &&Event| is(it, Intervention::Held) || is(it, Intervention::Approved);
    latest
        .find(decides)
        .is_some_and(|it| is(it, Intervention::Held))
}

/// Whether a person has ever approved.
pub fn approved(history: &[Event]) -> bool {
    history.iter().any(|it| is(it, Intervention::Approved))
}

/// When the last hold ended; 0 if no hold has ended.
pub fn hold_ended(history: &[Event]) -> u64 {
    let end = history
        .iter()
        .enumerate()
        .rev()
        .find(|(place, it)| is(it, Intervention::Approved) && held(&history[..*place]));
    end.map_or(0, |(_, it)| it.at)
}

fn is(event: &Event, intervention: Intervention) -> bool {
    matches!(&event.happening, Happening::Intervened(it) if *it == intervention)
}
