//! An address that changes back, and then serves the release until the environment converges.

use super::super::compare::Comparison;
use super::super::contract::promotion::{Event, EventKind, Outcome, Progress};
use super::super::model::Question;
use super::events::{OTHER, deployed, observed};
use super::releases::{OWN, release, settings};

/// More rounds than any of the addresses needs.
const MOST: usize = 200;

/// Compares after each round, with different shares of old answers and different deadlines.
pub fn compare(comparison: &mut Comparison<'_>) {
    for deadline in [0, 100, 600] {
        for (new, old) in [(1, 1), (1, 3), (2, 1), (5, 1), (5, 2), (9, 1)] {
            wait(comparison, deadline, new, old);
        }
    }
}

fn wait(comparison: &mut Comparison<'_>, deadline: u32, new: usize, old: usize) {
    let settings = settings(&[("stage", 2), ("prod", 1)], deadline);
    let release = release("stage", None, None);
    let mut history = vec![Event {
        at: 0,
        kind: deployed("stage", OWN, None, Outcome::Succeeded),
    }];
    let answers = std::iter::repeat_n(OTHER, 2)
        .chain(std::iter::repeat_n(OWN, new))
        .chain(std::iter::repeat_n(OTHER, old))
        .chain(std::iter::repeat_n(OWN, MOST));
    for (place, answer) in answers.enumerate() {
        // No time passes, so that the deadline does not end the wait.
        for kind in [observed("stage", &[("lb", answer)]), EventKind::Waited(10)] {
            history.push(Event { at: 0, kind });
        }
        let decision = comparison.compare(Question {
            release: &release,
            history: &history,
            now: 0,
            settings: &settings,
        });
        let changed_back = place > 2 + new + old;
        if changed_back && decision.environments[0].progress == Progress::Converged {
            return;
        }
    }
    panic!("{new} new and {old} old answers do not converge");
}
