//! Compares the component in its sandbox with the naive model of it. `tests/reference/main.rs` compares many more
//! histories, with the same policy outside of the sandbox.

#[path = "../reference/compare.rs"]
mod compare;
#[path = "../reference/histories/mod.rs"]
mod histories;
#[path = "../reference/model/mod.rs"]
mod model;

use std::cell::RefCell;

use compare::Comparison;
use greenlight::contract;
use greenlight::contract::history::History;
use greenlight::contract::promotion::Event;
use greenlight::sandbox::{Policy, Use};
use histories::{enumerated, events, gates, json, random, several_servers};
use model::Question;

#[test]
fn the_component_decides_like_the_model() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let sandbox = RefCell::new(policy.sandbox().expect("a sandbox"));
    let ask = |question: Question<'_>| {
        let mut sandbox = sandbox.borrow_mut();
        let Question {
            release,
            history,
            now,
            settings,
        } = question;
        let decision = sandbox.decide(release, history, now, settings);
        decision.expect("a decision")
    };
    let mut comparison = Comparison::new(&ask);
    println!("{}", enumerated::compare(&mut comparison, 1, 0));
    several_servers::compare(&mut comparison);
    println!("{}", random::compare(&mut comparison, 11, 30_000));
    assert!(comparison.count >= 30_000, "{}", comparison.count);
    comparison.covers_everything();
}

/// `greenlight decide --history` reads the history that a failed comparison shows.
#[test]
fn decide_reads_the_history_that_a_failure_shows() {
    let stage = "stage";
    let all = [
        events::deployments(stage),
        events::rounds(stage),
        events::load_tests(stage),
        events::competing(stage),
        events::elsewhere(),
        gates::one_of_each(stage),
    ];
    let happenings = all.into_iter().flatten().enumerate();
    let history: Vec<Event> = happenings
        .map(|(place, kind)| Event {
            at: u64::try_from(place).expect("few"),
            kind,
        })
        .collect();
    let document: History = serde_json::from_str(&json::history(&history)).expect("a history");
    let read: Vec<Event> = document.events.into_iter().map(Event::from).collect();
    assert_eq!(read, history);
}
