//! What holds for any event file of GitHub Actions.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;

use rustix::fs::{MemfdFlags, memfd_create};

use super::{CiEnvironment, System, Variables};
use crate::contract::validate::is_commit;

/// An event. A commit is a full hash, and a proposed change is never built as the branch that is published.
pub(crate) fn event(bytes: &[u8]) {
    let file = memfd_create("event", MemfdFlags::CLOEXEC).expect("memory");
    let mut file = File::from(file);
    file.write_all(bytes).expect("memory");
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    for name in [
        "push",
        "pull_request",
        "pull_request_target",
        "workflow_run",
    ] {
        let look_up = |variable: &str| match variable {
            "GITHUB_EVENT_NAME" => Some(OsString::from(name)),
            "GITHUB_EVENT_PATH" => Some(OsString::from(&path)),
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
