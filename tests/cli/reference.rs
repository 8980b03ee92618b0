//! The component in its sandbox against the naive model of it. `tests/reference/main.rs` compares many more histories
//! with the same policy outside of the sandbox.

#[path = "../reference/compare.rs"]
mod compare;
#[path = "../reference/histories/mod.rs"]
mod histories;
#[path = "../reference/model/mod.rs"]
mod model;

use std::cell::RefCell;

use compare::Comparison;
use greenlight::contract;
use greenlight::sandbox::{Policy, Use};
use histories::{enumerated, random, several_servers};
use model::Question;

#[test]
fn the_component_decides_as_the_model() {
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
    println!("{}", random::compare(&mut comparison, 11, 20_000));
    assert!(comparison.count >= 20_000, "{}", comparison.count);
    comparison.covers_everything();
}
