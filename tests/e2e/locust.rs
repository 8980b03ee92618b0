//! Locust, as the load test that a test configures. `locustfile.py` says what it does.

use std::fs;
use std::path::Path;

use crate::programs;

/// What kind of load test it is.
#[derive(Clone, Copy)]
pub enum Mode {
    /// An ordinary one.
    Load,
    /// Also opens a page that the service does not have, `/cart`.
    Cart,
    /// Makes no request.
    Idle,
    /// Is killed at its 20th turn.
    Killed,
    /// Sets the exit status 1 itself, although no request fails.
    Refused,
}

/// The command of a load test against a URL, for `greenlight.toml`: 5 users, up to 50 requests a second, and
/// an end after so many requests, or after a minute. Its results are in the folder: `results.json`,
/// `results_stats.csv` and the like; so is the file that sets its mode.
#[track_caller]
pub fn command(url: &str, requests: u32, folder: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    // `-B`: Python would leave the compiled file beside the source.
    let mut command = vec![
        text(&programs::python()),
        "-B".to_owned(),
        text(&programs::locust()),
    ];
    for (option, value) in [
        ("--locustfile", text(&programs::file("locustfile.py"))),
        ("--users", "5".to_owned()),
        ("--spawn-rate", "5".to_owned()),
        ("--run-time", "60s".to_owned()),
        ("--requests", requests.to_string()),
        ("--host", url.to_owned()),
        ("--csv", text(&folder.join("results"))),
        // Locust adds `.json` itself.
        ("--json-file", text(&folder.join("results"))),
        ("--exit-code-on-error", "1".to_owned()),
        ("--mode-file", text(&folder.join("mode"))),
    ] {
        command.extend([option.to_owned(), value]);
    }
    command.extend(["--headless", "--only-summary"].map(str::to_owned));
    command
}

/// Sets what the next load test of the folder is like.
#[track_caller]
pub fn set(folder: &Path, mode: Mode) {
    let word = match mode {
        Mode::Load => "load",
        Mode::Cart => "cart",
        Mode::Idle => "idle",
        Mode::Killed => "killed",
        Mode::Refused => "refused",
    };
    fs::write(folder.join("mode"), word).expect("a mode");
}

/// A load test that takes no time: it leaves the results of a recorded run.
pub fn recorded(folder: &str) -> Vec<String> {
    let facts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/facts/locust");
    let script = "cp \"$1/stats.json\" results.json && cp \"$1/stats_history.csv\" results_stats_history.csv";
    let from = facts.join(folder);
    ["/bin/sh", "-c", script, "sh", &from.to_string_lossy()]
        .map(str::to_owned)
        .to_vec()
}
