//! Decisions inside one process.

use std::hint::black_box;
use std::time::Instant;

use greenlight::contract::labels::Message;
use greenlight::contract::promotion::Release;
use greenlight::contract::settings;
use greenlight::facts::evidence::{self, LoadTestWord, Stage, Subject};
use greenlight::sandbox::{Policy, Use};

use crate::processes::median;

const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Measures a decision about a verified stage, in a fresh sandbox and in a warm one.
pub fn run() {
    let policy = Policy::bundled(Use::Often).expect("the bundled policy");
    let settings = settings::defaults();
    let release = Release {
        tag: format!("stage-loadtest-abort-{SHA}"),
        digest: None,
        instruction: None,
        authors: Vec::new(),
        facts: Vec::new(),
    };
    let subject = Subject {
        environment: "stage",
        commit: SHA,
        digest: None,
        load_tests: &[],
    };
    let events = evidence::history(&subject, Some(Stage::Converged), LoadTestWord::Passed, 0);
    let fresh = microseconds(|| {
        black_box(
            policy
                .decide(black_box(&release), &events, 0, &settings)
                .expect("a decision"),
        );
    });
    show("a decision in a fresh sandbox", fresh, 15);
    let mut sandbox = policy.sandbox().expect("a sandbox");
    let warm = microseconds(|| {
        black_box(
            sandbox
                .decide(black_box(&release), &events, 0, &settings)
                .expect("a decision"),
        );
    });
    show("a decision in a warm sandbox", warm, 2);
    let message = Message {
        text: crate::MESSAGE.to_owned(),
        truncated: false,
    };
    let label = microseconds(|| {
        let labels = sandbox
            .parse(black_box(&message), settings.default_action)
            .expect("an answer");
        assert!(black_box(labels).is_ok());
    });
    println!("{:<40} {label:>8.2} µs", "a label in a warm sandbox");
}

/// The median over many batches, of the time of one call.
fn microseconds(mut call: impl FnMut()) -> f64 {
    const BATCH: u32 = 200;
    let batches = (0..200).map(|_| {
        let started = Instant::now();
        for _ in 0..BATCH {
            call();
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
    });
    median(batches.collect())
}

fn show(what: &str, figure: f64, promised: u32) {
    println!("{what:<40} {figure:>8.2} µs (at most {promised})");
}
