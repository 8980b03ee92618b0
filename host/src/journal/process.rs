//! What Linux says about processes, by proc(5).

use std::fs;

use rustix::process::{Pid, test_kill_process};

/// The start of this process, in the kernel's ticks since boot, or `None` where `/proc` is not of this
/// process's own pid namespace.
pub fn own_start() -> Option<u64> {
    let own = std::process::id();
    let seen = fs::read_link("/proc/self").ok()?;
    (seen.to_str() == Some(own.to_string().as_str()))
        .then(|| Stat::of(own))
        .flatten()
        .map(|stat| stat.start)
}

/// Whether there is certainly no process with this number and start any more.
pub fn is_gone(pid: u32, start: u64) -> bool {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    // Asked by signal first: `/proc` may be mounted such that it hides what other users run.
    if test_kill_process(number) == Err(rustix::io::Errno::SRCH) {
        return true;
    }
    // Without an answer it may be alive.
    Stat::of(pid).is_some_and(|stat| stat.start != start || stat.is_dead())
}

/// What is read of `/proc/PID/stat`.
struct Stat {
    state: u8,
    threads: u64,
    start: u64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name in parentheses, and may have anything in it.
        let (_, rest) = stat.rsplit_once(") ")?;
        let field = |number: usize| rest.split(' ').nth(number - 3);
        Some(Self {
            state: *field(3)?.as_bytes().first()?,
            threads: field(20)?.parse().ok()?,
            start: field(22)?.parse().ok()?,
        })
    }

    /// Whether it has ended and only waits to be noticed by its parent. Other threads can outlive the first.
    fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str =
        "42 (a) Z 1 ()) S 1 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 3 0 98765 1000 50 0";

    #[test]
    fn fields_are_counted_behind_the_name() {
        let stat = Stat::parse(STAT).expect("a process");
        assert_eq!((stat.state, stat.threads, stat.start), (b'S', 3, 98765));
        assert!(!stat.is_dead());
        assert!(Stat::parse("42 (cut").is_none());
    }

    #[test]
    fn this_process_lives() {
        let start = own_start().expect("`/proc` is mounted");
        assert!(!is_gone(std::process::id(), start));
        assert!(is_gone(std::process::id(), start + 1));
    }

    #[test]
    fn a_child_that_nobody_waited_for_is_gone() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("`cat` runs");
        let start = Stat::of(child.id()).expect("it lives").start;
        assert!(!is_gone(child.id(), start));
        drop(child.stdin.take());
        while !is_gone(child.id(), start) {
            std::thread::yield_now();
        }
        child.wait().expect("it ended");
        assert!(is_gone(child.id(), start));
    }
}
