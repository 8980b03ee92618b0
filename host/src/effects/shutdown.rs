//! The shutdown signal: Ctrl-C, or the SIGTERM that CI systems send.

use std::fmt;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use crate::error::{Error, Explain as _};

/// Tells whether a shutdown was requested. Clones share the state; a request is final.
#[derive(Clone)]
pub struct Shutdown(Arc<State>);

#[derive(Default)]
struct State {
    requested: Mutex<bool>,
    changed: Condvar,
}

impl Shutdown {
    /// Handles SIGINT and SIGTERM for the rest of the process. The first signal requests the shutdown; a second one of
    /// the same kind ends the process, as it does by default. Meant to be called once, in `main`.
    ///
    /// # Errors
    ///
    /// If the system refuses a handler, or the thread that listens.
    pub fn on_signals() -> Result<Self, Error> {
        let shutdown = Self::never();
        shutdown.listen().explain(
            "failed to listen for signals",
            "the system is out of threads or pipes; try again later",
        )?;
        Ok(shutdown)
    }

    fn listen(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        for signal in [SIGINT, SIGTERM] {
            let seen = Arc::new(AtomicBool::new(false));
            // Actions run in the order of their registration: the first signal finds nothing seen.
            flag::register_conditional_default(signal, Arc::clone(&seen))?;
            flag::register(signal, seen)?;
        }
        let requested = self.clone();
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || signals.forever().for_each(|_| requested.request()))?;
        Ok(())
    }

    /// A shutdown that no signal requests.
    pub fn never() -> Self {
        Self(Arc::default())
    }

    /// Requests the shutdown, and wakes every thread that waits for it.
    pub fn request(&self) {
        *self.lock() = true;
        self.0.changed.notify_all();
    }

    /// Whether it was requested.
    pub fn is_requested(&self) -> bool {
        *self.lock()
    }

    /// Waits until it is requested, or until the timeout. Returns whether it was requested.
    pub fn wait(&self, timeout: Duration) -> bool {
        let (requested, _) = self
            .0
            .changed
            .wait_timeout_while(self.lock(), timeout, |requested| !*requested)
            .unwrap_or_else(PoisonError::into_inner);
        *requested
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        // Nothing panics while it holds the lock; a flag can't be half written anyway.
        self.0
            .requested
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shutdown")
            .field(&self.is_requested())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::io::{BufRead as _, BufReader, Lines};
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{ChildStdout, Command, Stdio};
    use std::time::Instant;

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    const LONG: Duration = Duration::from_mins(1);
    const CHILD: &str = "GREENLIGHT_TEST_INTERRUPTED_CHILD";

    #[test]
    fn a_clone_requests_and_wakes() {
        let shutdown = Shutdown::never();
        assert!(!shutdown.is_requested());
        assert!(!shutdown.wait(Duration::from_millis(1)));
        let other = shutdown.clone();
        let requester = thread::spawn(move || other.request());
        let start = Instant::now();
        assert!(shutdown.wait(LONG));
        assert!(shutdown.wait(LONG), "it stays requested");
        assert!(start.elapsed() < LONG);
        requester.join().expect("it requested");
        assert_eq!(format!("{shutdown:?}"), "Shutdown(true)");
    }

    /// Runs this very test in a child, since signals belong to a whole process.
    #[test]
    fn the_first_signal_requests_and_the_second_one_of_its_kind_ends() {
        if env::var_os(CHILD).is_some() {
            return be_the_child();
        }
        for (first, between) in [
            (Signal::TERM, None),
            (Signal::INT, None),
            (Signal::INT, Some(Signal::TERM)),
        ] {
            let (_, path) = module_path!().split_once("::").expect("a crate");
            let name =
                format!("{path}::the_first_signal_requests_and_the_second_one_of_its_kind_ends");
            let mut child = Command::new(env::current_exe().expect("this test"))
                .args(["--exact", "--nocapture", &name])
                .env(CHILD, "1")
                .stdout(Stdio::piped())
                .spawn()
                .expect("this test starts");
            let pid = Pid::from_child(&child);
            let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
            until(&mut lines, "listening");
            kill_process(pid, first).expect("it runs");
            until(&mut lines, "requested");
            if let Some(other) = between {
                kill_process(pid, other).expect("it runs");
                assert_eq!(child.try_wait().expect("a child"), None);
            }
            kill_process(pid, first).expect("it runs");
            let status = child.wait().expect("a child");
            assert_eq!(status.signal(), Some(first.as_raw()), "{status:?}");
        }
    }

    fn be_the_child() {
        let shutdown = Shutdown::on_signals().expect("signals");
        println!("\nlistening");
        assert!(shutdown.wait(LONG));
        println!("\nrequested");
        // Until the second signal; the timeout applies if the parent died.
        Shutdown::never().wait(LONG);
    }

    fn until(lines: &mut Lines<BufReader<ChildStdout>>, wanted: &str) {
        let found = lines.any(|line| line.expect("text") == wanted);
        assert!(found, "`{wanted}` was not said");
    }
}
