//! The processes of one service, as `/proc` shows them.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `greenlight serve`.
    Server,
    /// `greenlight run`.
    Run,
    /// The first process of a deploy command or a load test.
    Command,
    /// Any other process, such as the gate of a command.
    Other,
}

/// The processes whose `HOME` is this folder.
pub fn of(folder: &Path) -> Vec<(Pid, Role)> {
    let mark = format!("HOME={}\0", folder.display());
    let all = fs::read_dir("/proc").expect("processes").flatten();
    let found = all.filter_map(|it| {
        let number = it.file_name().to_str()?.parse().ok()?;
        let text = |file| {
            Some(String::from_utf8_lossy(&fs::read(it.path().join(file)).ok()?).into_owned())
        };
        if !text("environ")?.contains(&mark) {
            return None;
        }
        let line = text("cmdline")?;
        let role = match line.split('\0').nth(1) {
            Some("serve") => Role::Server,
            Some("run") => Role::Run,
            Some(script) if script.ends_with("checker/command.sh") => Role::Command,
            _ => Role::Other,
        };
        Some((Pid::from_raw(number)?, role))
    });
    found.collect()
}

/// The processes with a role.
pub fn with(folder: &Path, role: Role) -> Vec<Pid> {
    let all = of(folder).into_iter();
    all.filter(|it| it.1 == role).map(|it| it.0).collect()
}

/// Limits the size of the files that the processes of a folder write; without a size, lifts the limit.
pub fn limit_files(folder: &Path, size: Option<u64>) {
    for (pid, role) in of(folder) {
        if matches!(role, Role::Server | Role::Run) {
            let maximum = getrlimit(Resource::Fsize).maximum;
            let limit = Rlimit {
                current: size.or(maximum),
                maximum,
            };
            // The process may have ended.
            let _ = prlimit(Some(pid), Resource::Fsize, limit);
        }
    }
}

/// Kills every process of a folder when it is dropped.
pub struct Cleaner<'a>(pub &'a Path);

impl Drop for Cleaner<'_> {
    fn drop(&mut self) {
        for (pid, _) in of(self.0) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
