//! A running command: its output, and its end.

use std::io::{self, PipeReader, Read as _};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::command_output::{Lines, Log};

/// How often to check for a shutdown request and for other processes of the group, which send no event.
const TICK: Duration = Duration::from_millis(20);
/// How long to wait for the end of a process after SIGKILL. A process that waits for a device ends late.
const STUCK: Duration = Duration::from_secs(10);

enum Event {
    Output(Vec<u8>),
    /// Every writer has closed the pipe.
    Closed,
    /// The command has ended.
    Ended,
}

/// A running command.
pub struct Watch<'a> {
    child: Child,
    group: Group,
    events: Receiver<Event>,
    /// When the command ended. It is not reaped yet, so the id of its group is not used again.
    ended: Arc<OnceLock<Instant>>,
    open: bool,
    log: Log,
    failure: Option<io::Error>,
    lines: Lines,
    line: &'a mut dyn FnMut(&str),
    /// This sender keeps the channel connected after both threads have ended.
    _sender: SyncSender<Event>,
}

impl<'a> Watch<'a> {
    /// Starts to watch a command. If that fails, the command is killed.
    pub fn new(
        mut child: Child,
        pipe: PipeReader,
        log: Log,
        line: &'a mut dyn FnMut(&str),
    ) -> io::Result<Self> {
        let leader = Pid::from_child(&child);
        let group = Group::of(leader);
        // A full channel leaves further output in the pipe, and the command waits: memory is bounded.
        let (sender, events) = sync_channel(16);
        let ended = Arc::new(OnceLock::new());
        if let Err(error) = listen(leader, pipe, &sender, &ended) {
            group.signal(Signal::KILL);
            child.wait()?;
            return Err(error);
        }
        Ok(Self {
            child,
            group,
            events,
            ended,
            open: true,
            log,
            failure: None,
            lines: Lines::default(),
            line,
            _sender: sender,
        })
    }

    /// When the command ended.
    pub fn ended(&self) -> Option<Instant> {
        self.ended.get().copied()
    }

    /// Whether the log failed.
    pub fn failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Takes output until the next event, tick or deadline. Returns whether it took any.
    pub fn go_on(&mut self, deadline: Option<Instant>) -> bool {
        let tick = Instant::now() + TICK;
        let until = deadline.map_or(tick, |deadline| deadline.min(tick));
        let mut heard = false;
        loop {
            match self.events.recv_timeout(until - Instant::now()) {
                Ok(Event::Output(bytes)) => {
                    heard = true;
                    self.take(&bytes);
                    if self.failed() || until <= Instant::now() {
                        return heard;
                    }
                }
                Ok(Event::Closed) => {
                    self.open = false;
                    return heard;
                }
                Ok(Event::Ended)
                | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    return heard;
                }
            }
        }
    }

    /// Sends SIGTERM to the group, and gives it time to shut down.
    pub fn terminate(&mut self, grace: Duration) {
        self.group.signal(Signal::TERM);
        let until = Instant::now() + grace;
        while Instant::now() < until && (self.ended().is_none() || self.group.living() > 0) {
            self.go_on(Some(until));
        }
    }

    /// Waits for processes that an ended command has left behind. Returns how many did not end.
    pub fn drain(&mut self, patience: Duration) -> usize {
        let until = Instant::now() + patience;
        while Instant::now() < until && (self.open || self.group.living() > 0) {
            self.go_on(Some(until));
        }
        self.group.living()
    }

    /// Kills the rest of the group, takes the last output, and reaps the command. A process outside the group that
    /// holds the pipe is waited for until it writes nothing for `patience`.
    pub fn kill(mut self, patience: Duration) -> io::Result<ExitStatus> {
        self.group.signal(Signal::KILL);
        let stuck = Instant::now() + STUCK;
        let mut silent = Instant::now() + patience;
        while Instant::now() < stuck {
            if self.ended().is_some() && (!self.open || silent <= Instant::now()) {
                break;
            }
            if self.go_on(Some(stuck)) {
                silent = Instant::now() + patience;
            }
        }
        self.lines.finish(self.line);
        if self.ended().is_none() {
            return Err(io::Error::other(format!(
                "process {} is still running after SIGKILL",
                self.child.id()
            )));
        }
        let status = self.child.wait()?;
        self.failure.map_or(Ok(status), Err)
    }

    fn take(&mut self, bytes: &[u8]) {
        if self.failure.is_none() {
            self.failure = self.log.append(bytes).err();
        }
        self.lines.take(bytes, self.line);
    }
}

/// Starts two threads: one reads the pipe, the other waits for the end of the command.
fn listen(
    leader: Pid,
    mut pipe: PipeReader,
    sender: &SyncSender<Event>,
    ended: &Arc<OnceLock<Instant>>,
) -> io::Result<()> {
    let output = sender.clone();
    thread::Builder::new()
        .name("output".to_owned())
        .spawn(move || {
            let mut chunk = [0; 16 << 10];
            loop {
                // A broken pipe has no more output; without a receiver the thread ends.
                let event = match pipe.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => Event::Closed,
                    Ok(length) => Event::Output(chunk[..length].to_vec()),
                };
                let last = matches!(event, Event::Closed);
                if output.send(event).is_err() || last {
                    break;
                }
            }
        })?;
    let (end, ended) = (sender.clone(), Arc::clone(ended));
    thread::Builder::new()
        .name("end".to_owned())
        .spawn(move || {
            let how = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(leader), how), Err(Errno::INTR)) {}
            let _ = ended.set(Instant::now());
            let _ = end.send(Event::Ended);
        })?;
    Ok(())
}

/// A process group. Its id is the one of its first process, and is not used again before that process is reaped.
#[derive(Clone, Copy, Debug)]
pub struct Group(Pid);

impl Group {
    /// The group that a process leads.
    pub fn of(leader: Pid) -> Self {
        Self(leader)
    }

    /// Sends a signal to the whole group.
    pub fn signal(self, signal: Signal) {
        // The group may have ended. A process of another user can't be signaled.
        let _ = kill_process_group(self.0, signal);
    }

    /// The number of running processes in the group, without zombies. 0 on a system without `/proc`.
    pub fn living(self) -> usize {
        self.members().len()
    }

    /// The running processes in the group, without zombies. None on a system without `/proc`.
    pub fn members(self) -> Vec<i32> {
        let Ok(processes) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        processes
            .flatten()
            .filter_map(|entry| {
                let number = entry.file_name().to_str()?.parse().ok()?;
                let stat = fs::read(entry.path().join("stat")).ok()?;
                (living_group(&stat) == Some(self.0.as_raw_pid())).then_some(number)
            })
            .collect()
    }
}

/// The group of a running process.
///
/// Source: `proc_pid_stat(5)`: `PID (NAME) STATE PPID PGRP …`, where NAME can contain any character.
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
