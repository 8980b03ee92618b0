//! The number of a new deployment. An idempotency key has at most one deployment, and a tag has at most one unfinished
//! deployment, even if several processes start at the same time.

use std::thread;
use std::time::Duration;

use super::held_leases::is_running;
use super::request::{Request, is_of};
use super::{Error, HeldLeases, is_begun, unfinished};
use crate::clock;
use crate::contract::promotion::Conclusion;
use crate::journal::{self, Header, Lock, NewDeployment, Store};
use crate::retry::Backoff;

/// The maximum number of attempts while other processes are about to begin a deployment of the tag.
const ATTEMPTS: u32 = 40;

/// The delays between attempts: a process needs some milliseconds between its number and its first record.
const DELAYS: Backoff = Backoff {
    first: Duration::from_millis(5),
    factor: 1.2,
    longest: Duration::from_millis(60),
    spread: (0.2, 1.8),
};

/// The result of claiming a number.
pub(super) enum Claimed {
    /// The deployment may begin: this process holds the lock of its tag.
    New(u64),
    /// Another process has begun, or is about to begin, the deployment of the same idempotency key.
    AlreadyBegun(u64),
}

/// The result of one attempt.
enum Attempt {
    Claimed(Claimed),
    /// Another process interfered, so the attempt is repeated. The value is the result if this was the last attempt.
    Again(Result<Claimed, Error>),
}

/// Creates a deployment with a new number, and locks its tag.
///
/// # Errors
///
/// If another deployment of the tag has not ended, or the journal can't be written.
pub(super) fn claim_number(
    store: &mut dyn Store,
    leases: &HeldLeases,
    request: &Request<'_>,
    commit: &str,
) -> Result<Claimed, Error> {
    let claim = Claim {
        leases,
        request,
        commit,
    };
    let mut failed = 0;
    loop {
        let last = match claim.attempt(store)? {
            Attempt::Claimed(claimed) => return Ok(claimed),
            Attempt::Again(last) => last,
        };
        failed += 1;
        if failed == ATTEMPTS {
            return last;
        }
        thread::sleep(DELAYS.delay(failed, fastrand::f64()));
    }
}

struct Claim<'a> {
    leases: &'a HeldLeases,
    request: &'a Request<'a>,
    commit: &'a str,
}

impl Claim<'_> {
    fn attempt(&self, store: &mut dyn Store) -> Result<Attempt, Error> {
        if let Some(key) = self.request.key
            && let Some(header) = store.of_request(key)?
            && let Some(attempt) = self.of_same_key(store, &header)?
        {
            return Ok(attempt);
        }
        let empty = match self.empty_siblings(store, None)? {
            Siblings::Empty(empty) => empty,
            Siblings::Begun(other) => return self.unfinished(&other),
        };
        let new = NewDeployment {
            tag: self.request.tag.to_owned(),
            digest: self.request.digest.map(str::to_owned),
            commit: self.commit.to_owned(),
            began: clock::milliseconds(),
            request: self.request.key.map(str::to_owned),
        };
        let number = match store.begin(&new) {
            Err(journal::Error::Requested(number)) => {
                return Ok(Attempt::Again(Ok(Claimed::AlreadyBegun(number))));
            }
            number => number?,
        };
        // A process that died before its first record has left the lock of the tag, but no running command.
        let lock = Lock::tag(self.request.tag);
        for other in empty {
            let claimed = self.leases.claim(store, &lock, other, self.commit)?;
            if claimed.is_none() {
                self.leases.release_all_but(store, &[])?;
            }
        }
        let attempt = self.hold(store, number);
        if matches!(attempt, Ok(Attempt::Claimed(_))) {
            return attempt;
        }
        let released = self.leases.release_all_but(store, &[]);
        // A claim that failed may be stored nevertheless. Then the lock yields only to the unfinished deployment, so the
        // deployment is left like that of a process that died before its first record.
        if matches!(attempt, Err(Error::Journal(_))) {
            return attempt;
        }
        released?;
        store.conclude(number, Conclusion::Canceled)?;
        attempt
    }

    /// Checks the deployment with the same idempotency key. If its process died before the first record, this function
    /// ends the deployment and returns `None`.
    fn of_same_key(
        &self,
        store: &mut dyn Store,
        header: &Header,
    ) -> Result<Option<Attempt>, Error> {
        let number = header.number;
        if is_begun(store, number)? {
            is_of(header, self.request.tag)?;
            return Ok(Some(Attempt::Claimed(Claimed::AlreadyBegun(number))));
        }
        if header.conclusion.is_some() {
            return Ok(None);
        }
        is_of(header, self.request.tag)?;
        let lock = Lock::tag(&header.tag);
        let busy = self.leases.claim(store, &lock, number, &header.commit)?;
        if busy.is_some() {
            return Ok(Some(Attempt::Again(Ok(Claimed::AlreadyBegun(number)))));
        }
        let ended = self.leases.or_release(store, |store| {
            // The deployment may have begun before this process got the lock.
            let begun = is_begun(store, number)?;
            if !begun {
                store.conclude(number, Conclusion::Canceled)?;
            }
            Ok(!begun)
        })?;
        self.leases.release_all_but(store, &[])?;
        Ok((!ended).then_some(Attempt::Claimed(Claimed::AlreadyBegun(number))))
    }

    /// Locks the tag for a deployment that this process has just created.
    fn hold(&self, store: &mut dyn Store, number: u64) -> Result<Attempt, Error> {
        let lock = Lock::tag(self.request.tag);
        if let Some(other) = self.leases.claim(store, &lock, number, self.commit)? {
            // The other process is about to begin its deployment, or checks whether this process is alive.
            return Ok(Attempt::Again(Err(is_running(&other))));
        }
        // Meanwhile, another process may have begun a deployment of the tag, or ended this deployment.
        let empty = match self.empty_siblings(store, Some(number))? {
            Siblings::Empty(empty) => empty,
            Siblings::Begun(other) => return self.unfinished(&other),
        };
        let header = store.deployment(number)?;
        if header.is_none_or(|header| header.conclusion.is_some()) {
            return Ok(Attempt::Again(Err(was_ended(number))));
        }
        for number in empty {
            store.conclude(number, Conclusion::Canceled)?;
        }
        Ok(Attempt::Claimed(Claimed::New(number)))
    }

    /// Finds the other unfinished deployments of the tag. Two of them would run every effect twice.
    fn empty_siblings(&self, store: &mut dyn Store, own: Option<u64>) -> Result<Siblings, Error> {
        let mut empty = Vec::new();
        for other in unfinished(store)? {
            if other.tag != self.request.tag || Some(other.number) == own {
                continue;
            }
            if is_begun(store, other.number)? {
                return Ok(Siblings::Begun(other));
            }
            empty.push(other.number);
        }
        Ok(Siblings::Empty(empty))
    }

    fn unfinished(&self, other: &Header) -> Result<Attempt, Error> {
        if self.request.key.is_some() && other.request.as_deref() == self.request.key {
            return Ok(Attempt::Claimed(Claimed::AlreadyBegun(other.number)));
        }
        Err(Error::host(
            format!("deployment {} of this tag has not ended", other.number),
            format!(
                "continue it with `greenlight run --resume {0}`, or end it with `greenlight cancel {0} \
                 --by NAME`",
                other.number
            ),
        ))
    }
}

/// The other unfinished deployments of a tag.
enum Siblings {
    /// No such deployment has a record: its process died before the first record, or is about to write it.
    Empty(Vec<u64>),
    /// A deployment that has begun.
    Begun(Header),
}

/// The error for a deployment that another process ended. A process ends a deployment that has no records and no living
/// process.
fn was_ended(number: u64) -> Error {
    Error::host(
        format!("another process ended deployment {number} before it began"),
        "see `greenlight status`, and start a new one with `greenlight run --tag TAG`",
    )
}
