//! A process group: a command, and what it started.

use std::fs;

use rustix::process::{Pid, Signal, kill_process_group};

/// A process group, named after its first process. The name stays theirs until that process is reaped.
#[derive(Clone, Copy, Debug)]
pub struct Group(Pid);

impl Group {
    /// The group that a process leads.
    pub fn of(leader: Pid) -> Self {
        Self(leader)
    }

    /// Sends a signal to all of it.
    pub fn signal(self, signal: Signal) {
        // It may be gone. A process that survives SIGKILL runs as another user, which this program can't signal.
        let _ = kill_process_group(self.0, signal);
    }

    /// How many processes of it live; one that is over and only not reaped does not. 0 where there is no
    /// `/proc`.
    pub fn living(self) -> usize {
        let Ok(processes) = fs::read_dir("/proc") else {
            return 0;
        };
        processes
            .flatten()
            .filter(|entry| {
                entry.file_name().as_encoded_bytes()[0].is_ascii_digit()
                    && fs::read(entry.path().join("stat"))
                        .is_ok_and(|stat| living_group(&stat) == Some(self.0.as_raw_pid()))
            })
            .count()
    }
}

/// The group of a process that lives.
///
/// Source: `proc_pid_stat(5)`: `PID (NAME) STATE PPID PGRP …`, where NAME may hold anything.
fn living_group(stat: &[u8]) -> Option<i32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(&stat[end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X" | "x")).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_read_behind_any_name() {
        assert_eq!(living_group(b"12 (sh) S 1 34 34 0"), Some(34));
        assert_eq!(living_group(b"12 (a) Z 1 2) R 1 34 34"), Some(34));
        assert_eq!(living_group(b"12 (\xff) D 1 34 34"), Some(34));
        assert_eq!(living_group(b"12 (sh) Z 1 34 34 0"), None);
        assert_eq!(living_group(b""), None);
        assert_eq!(living_group(b"12 (sh) S"), None);
    }
}
