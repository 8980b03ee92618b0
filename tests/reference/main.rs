//! Compares the policy with a naive model of it: on all short histories, and on random long ones.
//!
//! `GREENLIGHT_LONGER=1` makes the short histories longer by one event, `GREENLIGHT_HISTORIES=N` sets the number of random
//! histories, and `GREENLIGHT_SEED=N` repeats them. `tests/cli/reference.rs` compares the compiled component in its
//! sandbox.

mod compare;
mod histories;
mod measurements;
mod model;

use std::env;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Instant;

use compare::{Comparison, Policy};
use greenlight_policy::bindings as contract;
use greenlight_policy::promotion::decide;
use histories::{enumerated, random, several_servers};

const POLICY: &Policy<'_> = &|question| {
    decide(
        question.release,
        question.history,
        question.now,
        question.settings,
    )
};

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn all_short_histories() {
    let began = Instant::now();
    let mut comparison = Comparison::new(POLICY);
    let longer = number("GREENLIGHT_LONGER").unwrap_or(0);
    let longer = usize::try_from(longer).expect("a length");
    let lengths = enumerated::compare(&mut comparison, 0, longer);
    println!(
        "{} histories in {:?}: {lengths}",
        comparison.count,
        began.elapsed()
    );
    assert!(comparison.count > 100_000, "{}", comparison.count);
    comparison.covers_everything();
}

#[test]
fn all_limits() {
    let began = Instant::now();
    let mut comparison = Comparison::new(POLICY);
    measurements::compare(&mut comparison);
    let measurements = comparison.count;
    assert!(measurements > 50_000, "{measurements}");
    several_servers::compare(&mut comparison);
    println!(
        "{measurements} load tests and {} waits in {:?}",
        comparison.count - measurements,
        began.elapsed()
    );
}

#[test]
fn random_histories() {
    let began = Instant::now();
    let mut comparison = Comparison::new(POLICY);
    // The hasher of a map has a random seed.
    let any = || RandomState::new().build_hasher().finish();
    let seed = number("GREENLIGHT_SEED").unwrap_or_else(any);
    println!("GREENLIGHT_SEED={seed}");
    let least = number("GREENLIGHT_HISTORIES").unwrap_or(100_000);
    let lengths = random::compare(&mut comparison, seed, least);
    println!(
        "{} histories in {:?}: {lengths}",
        comparison.count,
        began.elapsed()
    );
    comparison.covers_everything();
}
