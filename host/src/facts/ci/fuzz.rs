//! Properties that hold for any event file of GitHub Actions.

use std::ffi::OsString;

use super::{CiEnvironment, System, Variables};
use crate::contract::validate::is_commit;
use crate::facts::fuzz::MemoryFile;

/// Reads an event. A commit is a full hash, and the branch of a pull request is never `main`.
pub(crate) fn event(bytes: &[u8]) {
    let file = MemoryFile::new(bytes);
    for name in [
        "push",
        "pull_request",
        "pull_request_target",
        "workflow_run",
    ] {
        let look_up = |variable: &str| match variable {
            "GITHUB_EVENT_NAME" => Some(OsString::from(name)),
            "GITHUB_EVENT_PATH" => Some(file.path().into()),
            _ => None,
        };
        let read = CiEnvironment::read(System::GitHub, &Variables::new(&look_up));
        if let Some(commit) = &read.commit {
            assert!(is_commit(&commit.value), "{}", commit.value);
        }
        if name.starts_with("pull_request") {
            assert_ne!(read.built_branch().as_deref(), Some("main"));
        }
        for problem in &read.problems {
            assert!(!problem.message.is_empty() && !problem.help.is_empty());
        }
    }
}
