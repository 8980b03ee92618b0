//! Ends what is left of a command whose greenlight was killed: its process group.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::GRACE;
use super::watch::Group;
use crate::clock;
use crate::journal::Holder;

/// The kernel's ticks in a second.
///
/// Source: `proc_pid_stat(5)`; `USER_HZ` is 100 on all architectures that Rust supports with Linux.
const TICKS: u64 = 100;

/// How often to look whether the group has ended.
const POLL: Duration = Duration::from_millis(50);

/// The variable with the folder that one run of a command has for itself.
pub const MARK: &str = "GREENLIGHT_FOLDER";

/// What became of the process group of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing of it runs.
    Nothing,
    /// It ran, and was ended.
    Ended,
    /// It ran on another machine or before another boot, or what has its number now can't be proven to be it.
    Unknown,
}

/// Ends the process group that a command led: with SIGTERM and, [`GRACE`] later, with SIGKILL.
///
/// `leader` is the first process of the group, as a [`Holder`] writes itself. `folder` is what the command got as
/// [`MARK`]: where the leader is gone, it proves that the rest of a group belongs to the command. A number that another
/// process has now is left alone.
pub fn end(leader: &str, folder: &Path) -> Left {
    let group = match find(leader, folder) {
        Ok(group) => group,
        Err(left) => return left,
    };
    for signal in [Signal::TERM, Signal::KILL] {
        group.signal(signal);
        let until = Instant::now() + GRACE;
        while Instant::now() < until {
            if group.living() == 0 {
                return Left::Ended;
            }
            thread::sleep(POLL);
        }
    }
    Left::Unknown
}

/// Whether the process group that a command led still runs on this machine. It is false if that is unknown.
pub fn is_running(leader: &str, folder: &Path) -> bool {
    find(leader, folder).is_ok()
}

/// The time since a process started; `None` if it ran elsewhere or before another boot.
pub fn age(leader: &str) -> Option<Duration> {
    let (_, start) = Holder::seen_from_here(leader)?;
    let started =
        Duration::from_secs(start / TICKS) + Duration::from_millis(start % TICKS * 1000 / TICKS);
    Some(clock::since_boot()?.saturating_sub(started))
}

/// Finds the running process group that a command led.
fn find(leader: &str, folder: &Path) -> Result<Group, Left> {
    let (pid, start) = Holder::seen_from_here(leader).ok_or(Left::Unknown)?;
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let group = number.map(Group::of).ok_or(Left::Unknown)?;
    let members = group.members();
    if members.is_empty() {
        return Err(Left::Nothing);
    }
    let is_ours = match Holder::start_of(pid) {
        Some(now) => now == start,
        None => members.iter().any(|it| is_marked(*it, folder)),
    };
    if is_ours {
        Ok(group)
    } else {
        Err(Left::Unknown)
    }
}

/// Whether a process got this folder in its environment.
///
/// Source: `proc_pid_environ(5)`: `NAME=VALUE` with a NUL behind each.
fn is_marked(pid: i32, folder: &Path) -> bool {
    let wanted = [MARK.as_bytes(), b"=", folder.as_os_str().as_bytes()].concat();
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|it| it == wanted)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A shell with a child, both in a group of their own. The shell is ready when it has printed a line.
    fn group(script: &str, folder: &Path) -> (Child, String) {
        let mut child = Command::new("sh")
            .args(["-c", script])
            .env(MARK, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let name = Holder::of_process(child.id()).expect("it runs");
        (child, name.as_str().to_owned())
    }

    #[test]
    fn a_group_is_ended_and_a_stubborn_one_is_killed() {
        for script in [
            "sleep 600 & echo; wait",
            "trap '' TERM; sleep 600 & echo; while :; do wait; done",
        ] {
            let folder = Path::new("/one");
            let (mut child, name) = group(script, folder);
            let ended = thread::spawn(move || child.wait());
            assert_eq!(end(&name, folder), Left::Ended, "{script}");
            ended.join().expect("it waited").expect("a child");
            assert_eq!(end(&name, folder), Left::Nothing);
        }
    }

    #[test]
    fn a_running_group_and_its_age_are_known() {
        let folder = Path::new("/running");
        let (mut child, name) = group("sleep 600 & echo; wait", folder);
        assert!(is_running(&name, folder));
        assert!(age(&name).expect("it started here") < Duration::from_mins(5));
        assert_eq!(age("elsewhere/1/2@host"), None);
        assert!(!is_running("elsewhere/1/2@host", folder));
        let ended = thread::spawn(move || child.wait());
        assert_eq!(end(&name, folder), Left::Ended);
        ended.join().expect("it waited").expect("a child");
        assert!(!is_running(&name, folder));
    }

    #[test]
    fn a_group_without_its_leader_is_known_by_its_folder() {
        let (mut child, name) = group("sleep 600 & echo; read -r line", Path::new("/two"));
        drop(child.stdin.take());
        child.wait().expect("the leader ended");
        assert_eq!(end(&name, Path::new("/other")), Left::Unknown);
        assert_eq!(end(&name, Path::new("/two")), Left::Ended);
        assert_eq!(end(&name, Path::new("/two")), Left::Nothing);
    }

    #[test]
    fn another_process_with_the_number_is_left_alone() {
        let folder = Path::new("/three");
        let (mut child, name) = group("echo; read -r line", folder);
        let (before, host) = name.split_once('@').expect("a host");
        let (before, start) = before.rsplit_once('/').expect("a start");
        let earlier = start.parse::<u64>().expect("a number") - 1;
        assert_eq!(
            end(&format!("{before}/{earlier}@{host}"), folder),
            Left::Unknown
        );
        let (_, rest) = before.split_once('/').expect("a boot");
        assert_eq!(
            end(&format!("boot/{rest}/{start}@{host}"), folder),
            Left::Unknown
        );
        assert_eq!(end("", folder), Left::Unknown);
        assert!(child.try_wait().expect("a child").is_none(), "it lives");
        drop(child.stdin.take());
        child.wait().expect("it ended");
    }
}
