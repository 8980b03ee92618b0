//! The promises, each as a check of a recorded history. The words are those of the documentation.

mod answered;
mod measured;
mod once;
mod order;
mod overlap;
mod stage;
#[cfg(test)]
mod tests;
mod told;
mod webhooks;

use crate::history::{History, Violation};

/// Checks all promises.
pub fn check(history: &History) -> Vec<Violation> {
    let checks = [
        once::check,
        overlap::check,
        order::check,
        measured::check,
        stage::check,
        webhooks::check,
        answered::check,
        told::check,
    ];
    checks
        .into_iter()
        .flat_map(|check| check(history))
        .collect()
}
