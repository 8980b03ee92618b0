//! A process that a test started, and that ends with it.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::waiting;

/// A child in a process group of its own. Dropping it kills the group, also when a test panics.
pub struct Process {
    name: &'static str,
    child: Child,
    group: Pid,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts the command. Messages call it by the name.
    #[track_caller]
    pub fn start(name: &'static str, command: &mut Command) -> Self {
        let child = command.process_group(0).spawn();
        let child = child.unwrap_or_else(|error| panic!("`{name}` does not start: {error}"));
        Self {
            name,
            group: Pid::from_child(&child),
            child,
            status: None,
        }
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has. What it left behind in its group is killed then.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        // While the child has not been waited for, no other process gets its number, which is the group's.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let ended = || waitid(WaitId::Pid(self.group), look).expect("a child can be asked");
        if self.status.is_none() && ended().is_some() {
            self.kill();
        }
        self.status
    }

    /// Waits for its end. Panics when it takes longer, and it is killed then.
    #[track_caller]
    pub fn wait(mut self, limit: Duration) -> ExitStatus {
        let what = format!("end of `{}`", self.name);
        waiting::until(&what, limit, || self.ended())
    }

    fn kill(&mut self) {
        let _ = kill_process_group(self.group, Signal::KILL);
        self.status = self.child.wait().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() {
            self.kill();
        }
    }
}

/// A command with nothing from the environment but `PATH`, and with `home` for all that it leaves behind.
pub fn clean(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("TMPDIR", home);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// The same, for a [`Process`] that would outlive tests that are interrupted or killed: it ends when the
/// pipe breaks that is its shell's standard input. Its own is empty.
pub fn guarded(program: &Path, home: &Path) -> Command {
    // The shell's number is the program's as soon as it has become it.
    let guard = r#"exec 3<&0; (read -r _ <&3; kill -KILL "$$") & exec "$@" 3<&- </dev/null"#;
    let mut command = clean(Path::new("sh"), home);
    command.args(["-c", guard, "sh"]).arg(program);
    command.stdin(Stdio::piped());
    command
}
