//! The process that holds a lease, and whether it is dead, as Linux shows it in `/proc` (see proc(5)).

use std::fmt;
use std::fs;
use std::sync::OnceLock;

use rustix::process::{Pid, test_kill_process};

/// The name of a process, from which another process can tell whether it is dead.
///
/// Its text form is `BOOT/PID_NAMESPACE/TIME_NAMESPACE/PID/START@HOST`. The boot is the kernel's
/// `/proc/sys/kernel/random/boot_id`; the namespaces are the links below `/proc/self/ns`, since process numbers
/// and start times are valid only within their namespaces; the start is field 22 of `/proc/self/stat`. The host's
/// name is for people.
///
/// Machines that were cloned while they ran have the same values. Such a machine can take a process of the other one
/// for dead; the fence of the lease still keeps them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(String);

impl Holder {
    /// Names this process. If `/proc` can't be read, the name is still unique, but never known to be dead.
    pub fn this_process() -> Self {
        static OWN: OnceLock<Holder> = OnceLock::new();
        OWN.get_or_init(|| {
            let name = boot_and_namespaces().zip(own_start()).map_or_else(
                unverifiable,
                |(boot_and_namespaces, start)| {
                    format!("{boot_and_namespaces}/{}/{start}", std::process::id())
                },
            );
            let host = read("/proc/sys/kernel/hostname").unwrap_or_else(|| "?".to_owned());
            Self(format!("{name}@{host}"))
        })
        .clone()
    }

    /// Names another process of this machine, such as a child. Nothing if `/proc` can't be read, or the process has
    /// ended.
    pub fn of_process(pid: u32) -> Option<Self> {
        own_start()?;
        let start = Stat::of(pid)?.start;
        let host = read("/proc/sys/kernel/hostname").unwrap_or_else(|| "?".to_owned());
        let name = boot_and_namespaces()?;
        Some(Self(format!("{name}/{pid}/{start}@{host}")))
    }

    /// The number and the start of a process, if it ran since the same boot and in the same namespaces as this one: then
    /// they mean the same here.
    pub fn seen_from_here(other: &str) -> Option<(u32, u64)> {
        let (name, _) = other.split_once('@').unwrap_or((other, ""));
        let mut parts = name.rsplitn(3, '/');
        let start = parts.next()?.parse().ok()?;
        let pid = parts.next()?.parse().ok()?;
        own_start()?;
        (boot_and_namespaces().as_deref() == parts.next()).then_some((pid, start))
    }

    /// Identifies the boot of this machine and the namespaces of this process; `None` if they are unknown.
    pub fn boot() -> Option<&'static str> {
        static BOOT: OnceLock<Option<String>> = OnceLock::new();
        BOOT.get_or_init(boot_and_namespaces).as_deref()
    }

    /// The start of the process that has this number now, in the kernel's ticks since boot.
    pub fn start_of(pid: u32) -> Option<u64> {
        Stat::of(pid).map(|stat| stat.start)
    }

    /// The holder with a stored name.
    pub fn from_name(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Whether a process is certainly dead: it ran since the same boot and in the same namespaces as this one, and
    /// no process has its number and start.
    pub fn is_known_dead(other: &str) -> bool {
        // `/proc` must belong to the pid namespace of this process, or its numbers are those of other processes.
        Self::seen_from_here(other).is_some_and(|(pid, start)| is_gone(pid, start))
    }

    /// Describes a process for people.
    pub fn describe(other: &str) -> String {
        let (name, host) = other.split_once('@').unwrap_or((other, "?"));
        let pid = name.rsplit('/').nth(1).unwrap_or("?");
        format!("process {pid} on {host}")
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

/// The boot and the namespaces, if they are known.
fn boot_and_namespaces() -> Option<String> {
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let namespace = |name: &str| {
        let link = fs::read_link(format!("/proc/self/ns/{name}")).ok()?;
        let inode = link.to_str()?.split_once('[')?.1.strip_suffix(']')?;
        Some(inode.to_owned())
    };
    let pid = namespace("pid")?;
    // Kernels before 5.6 have one time for all.
    let time = namespace("time").unwrap_or_else(|| "-".to_owned());
    Some(format!("{boot}/{pid}/{time}"))
}

fn unverifiable() -> String {
    format!("{:016x}/{}/?", fastrand::u64(..), std::process::id())
}

fn read(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The start of this process, in the kernel's ticks since boot, or `None` if `/proc` does not belong to
/// this process's own pid namespace.
fn own_start() -> Option<u64> {
    let own = std::process::id();
    let seen = fs::read_link("/proc/self").ok()?;
    (seen.to_str() == Some(own.to_string().as_str()))
        .then(|| Stat::of(own))
        .flatten()
        .map(|stat| stat.start)
}

/// Whether the process with this number and start has certainly ended.
fn is_gone(pid: u32, start: u64) -> bool {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return false;
    };
    // Asked with a signal first: a mount option of `/proc` can hide processes of other users.
    if test_kill_process(number) == Err(rustix::io::Errno::SRCH) {
        return true;
    }
    // If this can't be read, the process may be alive.
    Stat::of(pid).is_some_and(|stat| stat.start != start || stat.is_dead())
}

/// The used fields of `/proc/PID/stat`.
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
        // The second field is the program's name in parentheses, and may contain any character.
        let (_, rest) = stat.rsplit_once(") ")?;
        let field = |number: usize| rest.split(' ').nth(number - 3);
        Some(Self {
            state: *field(3)?.as_bytes().first()?,
            threads: field(20)?.parse().ok()?,
            start: field(22)?.parse().ok()?,
        })
    }

    /// Whether it has ended and its parent has not waited for it yet. Other threads can outlive the first one.
    fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(part: usize, value: &str) -> String {
        let own = Holder::this_process();
        let (name, host) = own.as_str().split_once('@').expect("a host");
        let mut parts: Vec<_> = name.split('/').collect();
        assert_eq!(parts.len(), 5, "{name}");
        parts[part] = value;
        format!("{}@{host}", parts.join("/"))
    }

    #[test]
    fn this_process_is_not_dead() {
        let own = Holder::this_process();
        assert!(!Holder::is_known_dead(own.as_str()));
        assert_eq!(own, Holder::this_process());
    }

    #[test]
    fn a_child_is_named_until_it_has_ended() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("`cat` runs");
        let named = Holder::of_process(child.id()).expect("it runs");
        let start = Holder::start_of(child.id()).expect("it runs");
        let seen = Holder::seen_from_here(named.as_str());
        assert_eq!(seen, Some((child.id(), start)));
        assert!(!Holder::is_known_dead(named.as_str()));
        drop(child.stdin.take());
        child.wait().expect("it ended");
        assert_eq!(Holder::of_process(child.id()), None);
        assert!(Holder::is_known_dead(named.as_str()));
    }

    #[test]
    fn the_number_of_a_later_process_does_not_keep_one_alive() {
        assert!(Holder::is_known_dead(&with(4, "1")));
    }

    #[test]
    fn processes_of_other_machines_are_not_known_to_be_dead() {
        for part in [0, 1, 2] {
            let (name, host) = with(part, "elsewhere")
                .split_once('@')
                .map(|(name, host)| {
                    let (name, _) = name.rsplit_once('/').expect("a start");
                    (name.to_owned(), host.to_owned())
                })
                .expect("a host");
            assert!(!Holder::is_known_dead(&format!("{name}/1@{host}")));
        }
        for name in [
            "",
            "@",
            "a/b",
            "a/b/c/d/e@f",
            "-1/-1/-1",
            &unverifiable(),
            &with(3, "0"),
        ] {
            assert!(!Holder::is_known_dead(name), "{name}");
        }
    }

    #[test]
    fn people_read_its_number_and_host() {
        assert_eq!(
            Holder::describe("b/1/2/42/77@runner@3"),
            "process 42 on runner@3"
        );
        assert_eq!(Holder::describe(""), "process ? on ?");
    }

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
    fn a_zombie_is_dead() {
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
