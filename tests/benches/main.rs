//! Measures what `host/docs/performance.md` says about speed and size, and prints it beside the promise.
//!
//! `cargo bench -p greenlight` measures all parts, `cargo bench -p greenlight -- journal sizes` only these two. Whole
//! processes run in turn, A B A B …, because the speed of a machine drifts; the result is the median of the ratios.
//! A missed target is not a failure, because the figures depend on the machine.

mod inbox;
mod journal;
mod processes;
mod sandbox;
mod webhooks;

use std::fs;
use std::path::Path;
use std::process::Command;

use processes::{Measured, in_turn, peak_memory};

const PROGRAM: &str = env!("CARGO_BIN_EXE_greenlight");

/// The message that is read: a squash merge of some length, with its label at the end.
const MESSAGE: &str = "Raise the pool size (#4711)\n\n* Raise the pool size\n\nThe pool was too small for the \
    evening peak: connections waited for up to two seconds.\n\n* Review\n* Review\n\n[load test: abort]\n";

/// The shell that greenlight replaces, as seen in the field.
const SHELL: &str =
    r"git log -1 --format=%B | sed -n 's/.*\[load test: \(abort\|skip\|warn\)\].*/\1/p'";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = folder.path().join("message");
    fs::write(&message, MESSAGE).expect("the message is written");
    println!("median of paired runs; ratios below 1 mean that greenlight is faster\n");
    let folder = folder.path();
    let parts: [(&str, &dyn Fn()); 8] = [
        ("label", &|| label(folder, &message)),
        ("sandbox", &sandbox::run),
        ("replay", &|| replay(folder)),
        ("hours", &|| hours(folder)),
        ("journal", &|| journal::run(folder)),
        ("inbox", &|| inbox::run(folder)),
        ("webhooks", &|| webhooks::run(folder, PROGRAM)),
        ("sizes", &|| sizes(&message)),
    ];
    // Cargo itself adds `--bench`.
    let chosen = std::env::args().skip(1).filter(|it| it != "--bench");
    let chosen: Vec<_> = chosen.collect();
    for (name, part) in parts {
        if chosen.is_empty() || chosen.iter().any(|it| it == name) {
            part();
        }
    }
}

fn label(folder: &Path, message: &Path) {
    let label = || {
        let mut command = Command::new(PROGRAM);
        command.args(["label", "--message-file"]).arg(message);
        command
    };
    let ratio = in_turn(400, label, || Command::new("/bin/true"));
    show("label of a file / `true`", &ratio, "3");
    let configured = folder.join("configured");
    fs::create_dir(&configured).expect("a folder");
    fs::write(configured.join("greenlight.toml"), configuration()).expect("written");
    let label = || {
        let mut command = label();
        command.current_dir(&configured);
        command
    };
    let ratio = in_turn(400, label, || Command::new("/bin/true"));
    show("label with a configuration / `true`", &ratio, "3");

    let repository = folder.join("one");
    history(&repository, 1);
    let shell = || {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SHELL]).current_dir(&repository);
        command
    };
    let ratio = in_turn(200, label, shell);
    show("label of a file / `git log | sed`", &ratio, "1");
    let rev = || {
        let mut command = Command::new(PROGRAM);
        command
            .args(["label", "--rev", "HEAD"])
            .current_dir(&repository);
        command
    };
    let ratio = in_turn(200, rev, shell);
    show("label --rev HEAD / `git log | sed`", &ratio, "1");
}

/// A file with every setting but the policy: a foreign policy is compiled at each start.
fn configuration() -> String {
    let all = include_str!("../cases/greenlight.toml");
    let (before, policy) = all.split_once("[policy]").expect("a policy");
    let (_, after) = policy.split_once("[slack]").expect("Slack");
    format!("{before}[slack]{after}")
}

fn replay(folder: &Path) {
    let repository = folder.join("many");
    history(&repository, 10_000);
    let replay = || {
        let mut command = Command::new(PROGRAM);
        command
            .args(["replay", "--format", "jsonl", "--repo"])
            .arg(&repository);
        command
    };
    let log = || {
        let mut command = Command::new("git");
        command
            .args(["log", "--format=%H%x00%B%x00"])
            .current_dir(&repository);
        command
    };
    let ratio = in_turn(15, replay, log);
    show("replay of 10,000 commits / `git log`", &ratio, "2");
}

fn hours(folder: &Path) {
    let repository = folder.join("merges");
    history(&repository, 1740);
    let hours = || {
        let mut command = Command::new(PROGRAM);
        command
            .args(["hours", "--since", "2020-01-01", "--repo"])
            .arg(&repository);
        command
    };
    let log = || {
        let mut command = Command::new("git");
        command
            .args(["log", "--first-parent"])
            .current_dir(&repository);
        command
    };
    let ratio = in_turn(60, hours, log);
    show("hours of 1,740 commits / `git log`", &ratio, "2");
}

fn sizes(message: &Path) {
    let mut command = Command::new(PROGRAM);
    command.args(["label", "--message-file"]).arg(message);
    let peak = peak_memory(&mut command);
    println!(
        "{:<40} {:>8.1} MiB (at most 20)",
        "peak memory of label",
        mib(peak)
    );
    let binary = fs::metadata(PROGRAM).expect("the binary").len();
    println!("{:<40} {:>8.1} MiB (at most 24)", "the binary", mib(binary));
    let component = greenlight::sandbox::BUNDLED_COMPONENT.len();
    println!(
        "{:<40} {:>8} KiB (at most 250)",
        "the component",
        component.div_ceil(1024)
    );
}

fn show(what: &str, measured: &Measured, promised: &str) {
    println!(
        "{what:<40} {:>8.2} (at most {promised}; {:.2} ms / {:.2} ms)",
        measured.ratio, measured.ours, measured.theirs
    );
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a figure with one digit behind the point"
)]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Makes a repository with so many commits, one in ten with a label.
fn history(repository: &Path, commits: usize) {
    use std::fmt::Write as _;
    let mut stream = String::new();
    for number in 1..=commits {
        let label = if commits == 1 || number % 10 == 0 {
            "[load test: abort]\n"
        } else {
            ""
        };
        let message = format!(
            "Change number {number} (#{number})\n\nThe reason for it, in a sentence or two that say what\n\
             was wrong before and how to see that it is better now.\n\n{label}"
        );
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter Ada <ada@example.org> {} +0000\ndata {}\n{message}\n",
            1_700_000_000 + number,
            message.len()
        );
    }
    let git = |arguments: &[&str], input: &str| {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(arguments)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("git starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        std::io::Write::write_all(&mut pipe, input.as_bytes()).expect("git reads");
        drop(pipe);
        assert!(child.wait().expect("git ends").success());
    };
    fs::create_dir(repository).expect("a folder");
    git(&["init", "--quiet", "--initial-branch=main"], "");
    git(&["fast-import", "--quiet"], &stream);
}
