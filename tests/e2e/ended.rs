//! A command that has ended, and what it said.

use std::process::{Command, Stdio};

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: i32,
    /// What it answered.
    pub stdout: String,
    /// What else it said.
    pub stderr: String,
}

impl Ended {
    /// It ended with this status, and its answer has all of this.
    #[track_caller]
    pub fn is(&self, status: i32, said: &[&str]) {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.status, status, "{all}");
        for text in said {
            assert!(self.stdout.contains(text), "no {text:?} in {all}");
        }
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn ended(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    Ended {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
