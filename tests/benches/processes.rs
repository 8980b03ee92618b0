//! Whole processes, measured in pairs.

use std::process::{Command, Stdio};
use std::time::Instant;

use wait4::Wait4 as _;

/// What a comparison came to.
pub struct Measured {
    /// Median of the ratios, pair by pair.
    pub ratio: f64,
    /// Median in milliseconds.
    pub ours: f64,
    /// Median of the other one in milliseconds.
    pub theirs: f64,
}

/// Runs two commands in turn, after a few rounds that do not count.
pub fn in_turn(pairs: usize, ours: impl Fn() -> Command, theirs: impl Fn() -> Command) -> Measured {
    for _ in 0..3 {
        run(ours());
        run(theirs());
    }
    let runs: Vec<_> = (0..pairs).map(|_| (run(ours()), run(theirs()))).collect();
    Measured {
        ratio: median(runs.iter().map(|(ours, theirs)| ours / theirs).collect()),
        ours: median(runs.iter().map(|(ours, _)| *ours).collect()),
        theirs: median(runs.iter().map(|(_, theirs)| *theirs).collect()),
    }
}

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Runs a command and returns the most memory that it had at a time, in bytes.
pub fn peak_memory(command: &mut Command) -> u64 {
    let child = silent(command).spawn().expect("it starts");
    let used = child.wait4().expect("it ends");
    assert!(used.status.success(), "{}", failed(command));
    used.rusage.maxrss
}

fn run(mut command: Command) -> f64 {
    let started = Instant::now();
    let status = silent(&mut command).status().expect("it starts");
    let took = started.elapsed();
    assert!(status.success(), "{}", failed(&mut command));
    took.as_secs_f64() * 1e3
}

/// Runs a command that failed once more, for what it prints.
fn failed(command: &mut Command) -> String {
    let again = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    format!("{command:?}: {again:?}")
}

fn silent(command: &mut Command) -> &mut Command {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}
