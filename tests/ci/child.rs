//! A child process that has ended. All that it printed, on both streams, is in the message when it failed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// How it ended and what it printed, to be read by a person.
pub fn shown(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// It ended with status 0.
#[track_caller]
pub fn succeeded(name: &str, output: &Output) {
    assert!(output.status.success(), "{name}: {}", shown(output));
}

/// The home of the Java that this program runs, as that says itself: the program may be a link or a script, and its
/// home need not be where Debian has it.
#[track_caller]
pub fn java_home(java: &Path) -> PathBuf {
    let output = Command::new(java)
        .args(["-XshowSettings:properties", "-version"])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", java.display()));
    succeeded("java", &output);
    let said = String::from_utf8_lossy(&output.stderr);
    let home = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("java.home = "));
    home.unwrap_or_else(|| panic!("no java.home: {}", shown(&output)))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_of_a_child_that_failed_are_shown() {
        let output = Command::new("sh")
            .args(["-c", "echo out; echo err >&2; exit 3"])
            .output()
            .expect("sh starts");
        let said = std::panic::catch_unwind(|| succeeded("sh", &output));
        let said = said.expect_err("it failed");
        let said = said.downcast_ref::<String>().expect("a message");
        assert_eq!(
            said,
            "sh: exit status: 3\n--- stdout\nout\n\n--- stderr\nerr\n"
        );
    }
}
