//! Random traffic under faults, and a check of the recorded effects.
//!
//! Stand-ins for deploy commands, load tests, nodes, Slack and a registry write each effect into one log (`effects`).
//! Random releases, webhooks and commands (`traffic`) run while processes are killed and stopped, the store goes away,
//! the disk is full and the clock jumps (`faults`). Then the test resumes or cancels what has not ended (`rest`),
//! and compares the log with the journal (`promises`).
//!
//! The seed is printed. `GREENLIGHT_CHECKER_SEED` repeats its random choices, but not the interleaving of the processes.
//! `GREENLIGHT_CHECKER_SECONDS` sets how long the traffic lasts, `GREENLIGHT_CHECKER_SERVICES` how many services run.

mod effects;
mod faults;
mod history;
#[expect(dead_code, reason = "the tests of the journal use the rest")]
#[path = "../journal/postgres_server.rs"]
mod postgres_server;
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
#[path = "../e2e/process.rs"]
mod process;
mod processes;
mod promises;
#[expect(dead_code, reason = "Slack's stand-in uses the rest")]
#[path = "../e2e/request.rs"]
mod request;
mod rest;
mod shop;
mod stand_in;
mod traffic;
#[path = "../e2e/waiting.rs"]
mod waiting;

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::effects::Effect;
use crate::faults::Fault;
use crate::history::History;
use crate::processes::Cleaner;
use crate::shop::Shop;
use crate::stand_in::StandIn;
use crate::traffic::Traffic;

/// The default of `GREENLIGHT_CHECKER_SECONDS`.
const SECONDS: u64 = 60;

/// The default of `GREENLIGHT_CHECKER_SERVICES`.
const SERVICES: u64 = 4;

/// The number in an environment variable.
fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
    )
}

#[test]
fn random_traffic_keeps_the_promises() {
    let seed = number("GREENLIGHT_CHECKER_SEED").unwrap_or_else(|| fastrand::u64(..1 << 48));
    let seconds = number("GREENLIGHT_CHECKER_SECONDS").unwrap_or(SECONDS);
    let services = number("GREENLIGHT_CHECKER_SERVICES").unwrap_or(SERVICES);
    say(&format!("GREENLIGHT_CHECKER_SEED={seed}"));
    let folder = tempfile::tempdir().expect("a folder");
    let stand_in = Arc::new(StandIn::start());
    let end = Instant::now() + Duration::from_secs(seconds);
    let run = |number: u64| {
        let name = format!("shop{number}");
        let path = folder.path().join(&name);
        let _cleaner = Cleaner(&path);
        let seed_here = seed.wrapping_add(number);
        let mut random = Rng::with_seed(seed_here);
        // One service in four has its journal in a database.
        let kind = (random.bool(), number % 4 == 3);
        let shop = Shop::new(&name, &path, &stand_in, seed_here, kind);
        let mut traffic = Traffic::new(shop, random);
        traffic.run(end);
        let history = rest::drive(&mut traffic, seed);
        (history, traffic.faults.counts.clone())
    };
    let ended: Vec<_> = thread::scope(|scope| {
        let run = &run;
        let started: Vec<_> = (0..services)
            .map(|it| scope.spawn(move || run(it)))
            .collect();
        started
            .into_iter()
            .map(|it| it.join().expect("a service"))
            .collect()
    });
    say(&summary(seed, &ended));
    let mut broken = String::new();
    for (history, _) in &ended {
        for violation in promises::check(history) {
            broken.push_str(&history.report(&violation));
        }
    }
    if !broken.is_empty() {
        // Its journals and logs show more than the report.
        println!("the folder of the services is {}", folder.keep().display());
    }
    assert!(broken.is_empty(), "seed {seed}\n{broken}");
    assert_something_happened(&ended);
}

/// Prints a text even if the test passes. `println!` would be captured, and the seed must be in every log.
fn say(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// A run without promoted releases or with few faults proves nothing.
fn assert_something_happened(ended: &[(History, BTreeMap<Fault, usize>)]) {
    let deployments = ended.iter().flat_map(|(it, _)| it.deployments.values());
    let promoted = deployments.filter(|it| it.header.is_promoted()).count();
    let faults: usize = ended.iter().flat_map(|(_, it)| it.values()).sum();
    assert!(
        promoted > 0 && faults >= 10,
        "{promoted} promoted, {faults} faults"
    );
}

/// The numbers of deployments, faults and effects.
fn summary(seed: u64, ended: &[(History, BTreeMap<Fault, usize>)]) -> String {
    let mut faults: BTreeMap<Fault, usize> = BTreeMap::new();
    let mut conclusions: BTreeMap<String, usize> = BTreeMap::new();
    let (mut deployments, mut effects, mut locked) = (0, 0, 0);
    for (history, counts) in ended {
        for (fault, count) in counts {
            *faults.entry(*fault).or_default() += count;
        }
        effects += history.effects.len();
        // They have waited for a locked file as long as they wait at most.
        let is_locked = |it: &&Effect| matches!(it, Effect::Answered(it) if it.said.contains("keeps it locked"));
        locked += history.effects.iter().filter(is_locked).count();
        let begun = history
            .deployments
            .values()
            .filter(|it| !it.entries.is_empty());
        for recorded in begun {
            deployments += 1;
            let how = format!("{:?}", recorded.header.conclusion);
            *conclusions.entry(how).or_default() += 1;
        }
    }
    let all: usize = faults.values().sum();
    format!(
        "seed {seed}: {deployments} deployments, {all} faults, {effects} effects\n  faults: {faults:?}\n  \
         commands that ended because the store was locked: {locked}\n  conclusions: {conclusions:?}"
    )
}
