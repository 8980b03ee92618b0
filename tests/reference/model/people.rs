//! What people said.

use super::super::contract::promotion::{Event, Happening, Intervention};

/// Whether a person canceled the release, which is final.
pub fn canceled(history: &[Event]) -> bool {
    history.iter().any(|event| {
        matches!(
            event.happening,
            Happening::Intervened(Intervention::Canceled)
        )
    })
}

/// Whether nothing may start until a person approves.
pub fn held(history: &[Event]) -> bool {
    let mut held = false;
    for event in history {
        match event.happening {
            Happening::Intervened(Intervention::Held) => held = true,
            Happening::Intervened(Intervention::Approved) => held = false,
            _ => {}
        }
    }
    held
}

/// Whether a person has ever approved.
pub fn approved(history: &[Event]) -> bool {
    let approves = |event: &Event| {
        matches!(
            event.happening,
            Happening::Intervened(Intervention::Approved)
        )
    };
    history.iter().any(approves)
}

/// When the last hold ended; 0 if none has ended.
pub fn hold_ended(history: &[Event]) -> u64 {
    let mut ended = 0;
    for (place, event) in history.iter().enumerate() {
        let approves = matches!(
            event.happening,
            Happening::Intervened(Intervention::Approved)
        );
        if approves && held(&history[..place]) {
            ended = event.at;
        }
    }
    ended
}
