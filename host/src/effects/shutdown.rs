//! The shutdown signal: Ctrl-C, or the SIGTERM that CI systems send.

use std::fmt;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
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
    request: Mutex<Request>,
    changed: Condvar,
}

#[derive(Default)]
struct Request {
    is_made: bool,
    /// Those that are requested together with this one.
    children: Vec<Weak<State>>,
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

    /// A shutdown that is requested together with this one, and that can be requested alone.
    #[must_use]
    pub fn child(&self) -> Self {
        let child = Self::never();
        let mut request = self.0.lock();
        if request.is_made {
            child.request();
        } else {
            request.children.retain(|it| it.strong_count() > 0);
            request.children.push(Arc::downgrade(&child.0));
        }
        drop(request);
        child
    }

    /// Requests the shutdown, and wakes every thread that waits for it.
    pub fn request(&self) {
        self.0.make();
    }

    /// Whether it was requested.
    pub fn is_requested(&self) -> bool {
        self.0.lock().is_made
    }

    /// Waits until it is requested, or until the timeout. Returns whether it was requested.
    pub fn wait(&self, timeout: Duration) -> bool {
        let (request, _) = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), timeout, |request| !request.is_made)
            .unwrap_or_else(PoisonError::into_inner);
        request.is_made
    }
}

impl State {
    fn make(&self) {
        let children = {
            let mut request = self.lock();
            request.is_made = true;
            std::mem::take(&mut request.children)
        };
        self.changed.notify_all();
        for child in children.iter().filter_map(Weak::upgrade) {
            child.make();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Request> {
        // Nothing panics while it holds the lock; a flag can't be half written anyway.
        self.request.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn a_child_is_requested_with_its_parent_and_not_the_other_way_round() {
        let parent = Shutdown::never();
        let (first, second) = (parent.child(), parent.child());
        first.request();
        assert!(first.is_requested());
        assert!(!parent.is_requested() && !second.is_requested());
        let waits = thread::spawn({
            let grandchild = second.child();
            move || grandchild.wait(LONG)
        });
        parent.request();
        assert!(waits.join().expect("it waited"));
        assert!(second.is_requested());
        assert!(parent.child().is_requested(), "also one that is made later");
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
