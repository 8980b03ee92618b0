//! A child process that has ended. The message of a failure contains both of its streams.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Its exit status and both streams, for people.
pub fn shown(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Asserts that it ended with status 0.
#[track_caller]
pub fn succeeded(name: &str, output: &Output) {
    assert!(output.status.success(), "{name}: {}", shown(output));
}

/// The home of the Java that this program runs, as Java reports it: the program may be a link or a script, and the home
/// may be in another place than Debian's.
#[track_caller]
pub fn java_home(java: &Path) -> PathBuf {
    let output = Command::new(java)
        .args(["-XshowSettings:properties", "-version"])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", java.display()));
    succeeded("java", &output);
    let properties = String::from_utf8_lossy(&output.stderr);
    let home = properties
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
        let panic = std::panic::catch_unwind(|| succeeded("sh", &output));
        let panic = panic.expect_err("a failure");
        let message = panic.downcast_ref::<String>().expect("a message");
        assert_eq!(
            message,
            "sh: exit status: 3\n--- stdout\nout\n\n--- stderr\nerr\n"
        );
    }
}
