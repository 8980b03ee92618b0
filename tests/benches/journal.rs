//! Measures the rounds and decisions of a deployment that waits while nothing changes.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use greenlight::contract::promotion::{
    Action, Convergence, Decision, Event, Happening, Node, NodeStanding, NodeState, NodeVersion,
    Permission, Progress, Release, Round, Standing,
};
use greenlight::contract::settings;
use greenlight::deployment::entry::{Details, Entry, NodeDetails};
use greenlight::deployment::log::{self, Log};
use greenlight::journal::{self, Location, NewDeployment};
use greenlight::sandbox::{Policy, Use};
use rustix::time::{ClockId, clock_gettime};

const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

const NODES: usize = 500;
const ROUNDS: u64 = 1000;

/// Measures the journal of a wait, and the time of a decision after 10, 1,000 and 100,000 events.
pub fn run(folder: &Path) {
    wait(folder);
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    for count in [10, 1_000, 100_000] {
        decision(&policy, count);
    }
}

fn wait(folder: &Path) {
    let file = folder.join("waiting.db");
    let mut store = journal::open(&Location::File(file.clone())).expect("a journal");
    let number = store.begin(&NewDeployment {
        tag: format!("stage-{SHA}"),
        digest: None,
        commit: SHA.to_owned(),
        began: 1,
        request: None,
    });
    let number = number.expect("begun");
    let mut log = Log::new(store, number, 1);
    let began = cpu();
    for round in 0..ROUNDS {
        for entry in [
            decided(round, Action::Observe("stage".to_owned())),
            observed(round),
            decided(round, Action::Wait(1)),
            waited(round),
        ] {
            log.write(&entry).expect("written");
        }
    }
    let took = cpu().saturating_sub(began).as_secs_f64();
    println!(
        "{:<40} {took:>8.2} s of CPU (at most 5)",
        "1,000 rounds of 500 nodes"
    );
    let size = fs::metadata(&file).expect("the journal").len();
    println!(
        "{:<40} {:>8.1} MB (at most 5)",
        "the journal of these rounds",
        figure(size) / 1e6
    );
    let began = cpu();
    black_box(log::read(log.store.as_mut(), number).expect("entries"));
    let took = cpu().saturating_sub(began).as_secs_f64();
    println!("{:<40} {took:>8.2} s of CPU", "reading this journal");
}

fn decision(policy: &Policy, count: u64) {
    let release = Release {
        tag: format!("stage-{SHA}"),
        digest: None,
        instruction: None,
    };
    let settings = settings::defaults();
    let events: Vec<_> = (0..count)
        .map(|at| Event {
            at,
            happening: Happening::Waited(1),
        })
        .collect();
    let began = Instant::now();
    let decided = black_box(policy.decide(&release, &events, count, &settings));
    let took = began.elapsed().as_secs_f64() * 1e3;
    let said = match decided {
        Ok(_) => "a decision".to_owned(),
        Err(failure) => format!("no decision: {failure}"),
    };
    println!(
        "{:<40} {took:>8.2} ms ({said})",
        format!("a decision after {count} waits")
    );
}

fn name(node: usize) -> String {
    format!("http://10.0.{}.{}:8080", node / 250, node % 250)
}

fn decided(now: u64, next: Action) -> Entry {
    let nodes = (0..NODES).map(|it| NodeStanding {
        name: name(it),
        state: NodeState::Old,
    });
    Entry::Decided {
        now,
        decision: Decision {
            permission: Permission::Hold,
            next,
            reasons: Vec::new(),
            standings: vec![Standing {
                environment: "stage".to_owned(),
                progress: Progress::Deployed,
                load_test: None,
                nodes: nodes.collect(),
            }],
        },
    }
}

fn observed(at: u64) -> Entry {
    let nodes = (0..NODES).map(|it| Node {
        name: name(it),
        version: NodeVersion::Serves(SHA.to_owned()),
    });
    let details = (0..NODES).map(|it| NodeDetails {
        name: name(it),
        commit: Some(SHA.to_owned()),
        version: Some("1.2.3".to_owned()),
        unreachable: None,
        took: (it as u64 + at) % 9,
    });
    Entry::Happened {
        event: Event {
            at,
            happening: Happening::Observed(Round {
                environment: "stage".to_owned(),
                convergence: Convergence::Observed(nodes.collect()),
            }),
        },
        details: Details::Round {
            nodes: details.collect(),
        },
    }
}

fn waited(at: u64) -> Entry {
    Entry::Happened {
        event: Event {
            at,
            happening: Happening::Waited(1),
        },
        details: Details::Nothing,
    }
}

/// The CPU time of this process so far.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanoseconds = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanoseconds)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure with one digit behind the point"
)]
fn figure(number: u64) -> f64 {
    number as f64
}
