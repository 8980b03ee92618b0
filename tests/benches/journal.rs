//! Measures the rounds and decisions of a deployment that waits while nothing changes.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use greenlight::contract::promotion::{
    Convergence, Deployment, Event, EventKind, LockHolder, Node, NodeVersion, Outcome, Release,
    Round,
};
use greenlight::contract::settings;
use greenlight::contract::types::Settings;
use greenlight::deployment::entry::{Details, Entry, NodeDetails};
use greenlight::deployment::history::History;
use greenlight::deployment::log::{self, Log};
use greenlight::journal::{self, Location, NewDeployment};
use greenlight::sandbox::{Policy, Use};
use rustix::time::{ClockId, clock_gettime};

const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const OTHER: &str = "8f94139338f9404f26296befa88755fc2598c289";

const NODES: usize = 500;
const ROUNDS: u64 = 1000;

/// Measures the rounds and the journal of a wait, and the time of a decision after 10, 1,000 and 100,000 events.
pub fn run(folder: &Path) {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    rounds(folder, &policy);
    changing(folder, &policy);
    days(folder, &policy);
    for count in [10, 1_000, 100_000] {
        let mut history = History::default();
        for event in (0..count).flat_map(|at| [observed(at, &[SHA; 3]), waited(at)]) {
            history.add(event, ());
        }
        decision(&policy, &format!("{count} equal rounds"), history.events());
        let last = |at| if at % 2 == 0 { SHA } else { OTHER };
        let changing = (0..count).map(|at| observed(at, &[SHA, SHA, last(at)]));
        let changing: Vec<_> = changing.collect();
        decision(&policy, &format!("{count} changing rounds"), &changing);
    }
}

/// A deployment as its driver records it, without the requests to the nodes.
struct Waiting<'a> {
    policy: &'a Policy,
    release: Release,
    settings: Settings,
    log: Log,
    file: PathBuf,
}

impl<'a> Waiting<'a> {
    fn begin(folder: &Path, name: &str, policy: &'a Policy) -> Self {
        let file = folder.join(name);
        let mut store = journal::open(&Location::File(file.clone())).expect("a journal");
        let number = store.begin(&NewDeployment {
            tag: format!("stage-{SHA}"),
            digest: None,
            commit: SHA.to_owned(),
            began: 1,
            request: None,
        });
        let mut settings = settings::defaults();
        settings.environments[0].convergence_deadline = u32::MAX;
        Self {
            policy,
            release: release(),
            settings,
            log: Log::new(store, number.expect("begun")),
            file,
        }
    }

    fn decide(&mut self, now: u64) {
        let events = self.log.events();
        let decided = self
            .policy
            .decide(&self.release, events, now, &self.settings);
        let decision = decided.expect("a decision");
        self.write(&Entry::Decided { now, decision });
    }

    fn happened(&mut self, event: Event, details: Details) {
        self.write(&Entry::Happened { event, details });
    }

    fn write(&mut self, entry: &Entry) {
        self.log.write(entry).expect("written");
    }

    /// Writes the entries that are kept back, and prints the size of the journal.
    fn end(&mut self, what: &str) {
        self.write(&Entry::Interrupted);
        let size = fs::metadata(&self.file).expect("the journal").len();
        let what = format!("the journal of {what}");
        println!("{what:<40} {:>8.2} MB (at most 5)", figure(size) / 1e6);
    }
}

fn rounds(folder: &Path, policy: &Policy) {
    let mut waiting = Waiting::begin(folder, "rounds.db", policy);
    let deployed = EventKind::Deployed(Deployment {
        environment: "stage".to_owned(),
        commit: SHA.to_owned(),
        digest: None,
        outcome: Outcome::Succeeded,
    });
    waiting.happened(event(0, deployed), Details::Nothing);
    let began = cpu();
    for now in 0..ROUNDS {
        waiting.decide(now);
        let answers: Vec<_> = (0..NODES).map(|it| [SHA, OTHER][it % 2]).collect();
        let details = details(now);
        waiting.happened(observed(now, &answers), Details::Round { nodes: details });
        waiting.decide(now);
        waiting.happened(waited(now), Details::Nothing);
    }
    waiting.end("these rounds");
    let took = cpu().saturating_sub(began).as_secs_f64();
    let what = "1,000 rounds of 500 nodes";
    println!("{what:<40} {took:>8.2} s of CPU (at most 5)");
    let began = cpu();
    let number = waiting.log.deployment;
    black_box(log::read(waiting.log.store.as_mut(), number).expect("entries"));
    let took = cpu().saturating_sub(began).as_secs_f64();
    println!("{:<40} {took:>8.2} s of CPU", "reading this journal");
}

/// Measures how many rounds fit into the records of a deployment if the answers of 500 nodes change with each round.
fn changing(folder: &Path, policy: &Policy) {
    const MEASURED: usize = 20;
    const LIMIT: usize = 256 << 20;
    let mut waiting = Waiting::begin(folder, "changing.db", policy);
    for (round, now) in (0..MEASURED).zip(0..) {
        let answers = (0..NODES).map(|it| [SHA, OTHER][usize::from(it == round)]);
        let answers: Vec<_> = answers.collect();
        let details = details(now);
        waiting.happened(observed(now, &answers), Details::Round { nodes: details });
        waiting.decide(now);
        waiting.happened(waited(now), Details::Nothing);
        waiting.decide(now);
    }
    waiting.write(&Entry::Interrupted);
    let number = waiting.log.deployment;
    let rows = waiting.log.store.records(number).expect("intact");
    let size: usize = rows.iter().map(|it| it.body.len()).sum();
    let (each, fit) = (size / MEASURED, LIMIT * MEASURED / size);
    println!(
        "{:<40} {each:>8} bytes; {fit} fit into 256 MiB",
        "a changing round of 500 nodes"
    );
}

/// Measures the wait for an environment that another release holds for three days.
fn days(folder: &Path, policy: &Policy) {
    let mut waiting = Waiting::begin(folder, "days.db", policy);
    let interval = u64::from(waiting.settings.poll_interval);
    let began = cpu();
    for poll in 0..3 * 24 * 60 * 60 / interval {
        let now = poll * interval;
        waiting.decide(now);
        let locked = EventKind::Locked(LockHolder {
            environment: "stage".to_owned(),
            commit: OTHER.to_owned(),
            load_test: None,
        });
        waiting.happened(event(now, locked), Details::Nothing);
        waiting.decide(now);
        let waited = EventKind::Waited(waiting.settings.poll_interval);
        waiting.happened(event(now, waited), Details::Nothing);
    }
    waiting.end("a wait of three days");
    let took = cpu().saturating_sub(began).as_secs_f64();
    let what = "decisions and journal of this wait";
    println!("{what:<40} {took:>8.2} s of CPU");
}

fn decision(policy: &Policy, what: &str, events: &[Event]) {
    let settings = settings::defaults();
    let release = release();
    let began = Instant::now();
    let decided = black_box(policy.decide(&release, events, 1, &settings));
    let took = began.elapsed().as_secs_f64() * 1e3;
    let said = match decided {
        Ok(_) => "a decision".to_owned(),
        Err(failure) => format!("no decision: {failure}"),
    };
    let what = format!("a decision after {what}");
    println!("{what:<40} {took:>8.2} ms ({said})");
}

fn release() -> Release {
    Release {
        tag: format!("stage-{SHA}"),
        digest: None,
        instruction: None,
        authors: Vec::new(),
        facts: Vec::new(),
    }
}

fn name(node: usize) -> String {
    format!("http://10.0.{}.{}:8080", node / 250, node % 250)
}

fn event(at: u64, kind: EventKind) -> Event {
    Event { at, kind }
}

fn observed(at: u64, answers: &[&str]) -> Event {
    let nodes = answers.iter().enumerate().map(|(number, commit)| Node {
        name: name(number),
        version: NodeVersion::Serves((*commit).to_owned()),
    });
    let round = Round {
        environment: "stage".to_owned(),
        convergence: Convergence::Observed(nodes.collect()),
        times: 1,
    };
    event(at, EventKind::Observed(round))
}

/// The answers as reports show them; only the response times differ.
fn details(at: u64) -> Vec<NodeDetails> {
    let details = (0..NODES).map(|it| NodeDetails {
        name: name(it),
        commit: Some([SHA, OTHER][it % 2].to_owned()),
        version: Some("1.2.3".to_owned()),
        unreachable: None,
        took: (it as u64 + at) % 9,
    });
    details.collect()
}

fn waited(at: u64) -> Event {
    event(at, EventKind::Waited(1))
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
