//! Keeping leases and claims, and looking for messages: a thread does it over a connection of its own.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::journal;

/// A thread that renews or looks for something until the keeper is dropped.
pub struct Keeper {
    end: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Calls `renew` three times in each `time_to_live`, so that one failure loses nothing.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        name: &str,
        time_to_live: Duration,
        renew: impl FnMut() + Send + 'static,
    ) -> io::Result<Self> {
        Self::every(time_to_live / 3, name, renew)
    }

    /// Does something again and again, this long after the last time.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn every(
        interval: Duration,
        name: &str,
        mut action: impl FnMut() + Send + 'static,
    ) -> io::Result<Self> {
        let (end, ended) = mpsc::channel();
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(interval) {
                    action();
                }
            })?;
        Ok(Self {
            end: Some(end),
            thread: Some(thread),
        })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has renewed nothing; what it kept expires.
            let _ = thread.join();
        }
    }
}

/// A connection that is opened when it is needed, and again after an error.
pub struct Connection<C> {
    open: Box<dyn Fn() -> journal::Result<C> + Send>,
    current: Option<C>,
}

impl<C> Connection<C> {
    /// Opens nothing yet.
    pub fn new(open: impl Fn() -> journal::Result<C> + Send + 'static) -> Self {
        Self {
            open: Box::new(open),
            current: None,
        }
    }

    /// Opens it now.
    ///
    /// # Errors
    ///
    /// Those of opening.
    pub fn open(open: impl Fn() -> journal::Result<C> + Send + 'static) -> journal::Result<Self> {
        let current = Some(open()?);
        Ok(Self {
            open: Box::new(open),
            current,
        })
    }

    /// Uses it.
    ///
    /// # Errors
    ///
    /// Those of opening and of `action`. The next use opens it again.
    pub fn with<T>(
        &mut self,
        action: impl FnOnce(&mut C) -> journal::Result<T>,
    ) -> journal::Result<T> {
        let mut connection = match self.current.take() {
            Some(connection) => connection,
            None => (self.open)()?,
        };
        let answer = action(&mut connection)?;
        self.current = Some(connection);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keeper_renews_until_it_is_dropped() {
        let (renewed, seen) = mpsc::channel();
        let keeper = Keeper::start("test", Duration::from_millis(3), move || {
            let _ = renewed.send(());
        });
        let keeper = keeper.expect("a thread");
        for _ in 0..3 {
            seen.recv().expect("it renews");
        }
        drop(keeper);
        // Blocks for as long as the thread lives.
        seen.iter().for_each(drop);
        assert_eq!(seen.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_connection_is_opened_again_after_an_error_only() {
        let (opened, count) = mpsc::channel();
        let mut connection = Connection::new(move || {
            let _ = opened.send(());
            Ok(1)
        });
        assert_eq!(count.try_iter().count(), 0);
        for _ in 0..2 {
            assert_eq!(connection.with(|it| Ok(*it)).expect("it works"), 1);
        }
        assert_eq!(count.try_iter().count(), 1);
        let failed = connection.with(|_| Err::<(), _>(journal::Error::Taken));
        assert!(failed.is_err());
        assert_eq!(connection.with(|it| Ok(*it)).expect("it works"), 1);
        assert_eq!(count.try_iter().count(), 1);
    }
}
