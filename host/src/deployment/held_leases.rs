//! Holding locks: one deployment at a time in each environment, and for each tag.
//!
//! A lease is renewed in the background, and confirmed right before each effect: a deployment that lost it
//! may not act any more, whatever the reason.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Connection, Error, Keeper};
use crate::error;
use crate::journal::{self, Claim, ClaimRequest, Holder, Lease, Location, Lock, Occupant, Store};

/// The locks that a deployment holds.
pub struct HeldLeases {
    holder: Holder,
    time_to_live: Duration,
    held: Arc<Table>,
    /// Renews them in the background.
    _keeper: Keeper,
}

#[derive(Default)]
struct Table(Mutex<Vec<Held>>);

struct Held {
    lock: Lock,
    lease: Lease,
    /// Until then it is certainly ours, by the monotonic clock.
    until: Instant,
    lost: bool,
}

impl HeldLeases {
    /// Starts to keep leases of this process alive.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn keep(location: Location, time_to_live: Duration) -> Result<Self, Error> {
        let holder = Holder::this_process();
        let held = Arc::new(Table::default());
        let keeper = {
            let (held, holder) = (Arc::clone(&held), holder.clone());
            let mut store = Connection::new(move || journal::open(&location));
            let renew = move || held.renew(&mut store, &holder, time_to_live);
            Keeper::start("leases", time_to_live, renew)
        };
        let keeper = keeper.map_err(error::Error::no_thread)?;
        Ok(Self {
            holder,
            time_to_live,
            held,
            _keeper: keeper,
        })
    }

    /// Takes a lock, unless another process holds it; returns its holder then.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn claim(
        &self,
        store: &mut dyn Store,
        lock: &Lock,
        deployment: u64,
        commit: &str,
    ) -> journal::Result<Option<Occupant>> {
        let asked = Instant::now();
        let claim = store.claim(&ClaimRequest {
            lock,
            deployment,
            commit,
            holder: &self.holder,
            time_to_live: self.time_to_live,
        })?;
        let lease = match claim {
            Claim::Busy(occupant) => return Ok(Some(occupant)),
            Claim::Held(lease) => lease,
        };
        let mut held = self.held.lock();
        held.retain(|it| it.lock != *lock);
        held.push(Held {
            lock: lock.clone(),
            lease,
            until: asked + self.time_to_live,
            lost: false,
        });
        Ok(None)
    }

    /// Takes the right to drive a deployment of a tag.
    ///
    /// # Errors
    ///
    /// If another process drives one, and those of the store.
    pub fn claim_tag(
        &self,
        store: &mut dyn Store,
        number: u64,
        tag: &str,
        commit: &str,
    ) -> Result<(), Error> {
        match self.claim(store, &Lock::tag(tag), number, commit)? {
            None => Ok(()),
            Some(other) => Err(is_running(&other)),
        }
    }

    /// Does what must succeed before a deployment is driven. If it fails, every lock is released: nothing holds it any
    /// more, and the next process must not wait for the leases to expire.
    ///
    /// # Errors
    ///
    /// Those of `attempt`.
    pub fn or_release<T>(
        &self,
        store: &mut dyn Store,
        attempt: impl FnOnce(&mut dyn Store) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let result = attempt(store);
        if result.is_err() {
            // A lease that can't be released expires by itself. The first failure says more.
            let _ = self.release_all_but(store, &[]);
        }
        result
    }

    /// Whether a lock is held, to the best of this process's knowledge.
    pub fn holds(&self, lock: &Lock) -> bool {
        let held = self.held.lock();
        let mut held = held.iter();
        held.any(|it| it.lock == *lock && !it.lost && Instant::now() < it.until)
    }

    /// Whether a lock was held, and another process has taken it.
    pub fn has_lost(&self, lock: &Lock) -> bool {
        let held = self.held.lock();
        let mut held = held.iter();
        held.any(|it| it.lock == *lock && it.lost)
    }

    /// Confirms with the store that every lock is still held, right before an effect.
    ///
    /// # Errors
    ///
    /// [`Error::LostLease`] with the first lock that is not; those of the store: without its answer nothing
    /// is certain.
    pub fn confirm(&self, store: &mut dyn Store) -> Result<(), Error> {
        for (lock, lease) in self.held.leases() {
            let asked = Instant::now();
            let ours = store.renew(&lease, &self.holder, self.time_to_live)?;
            self.held
                .renewed(&lease, ours.then_some(asked + self.time_to_live));
            if !ours {
                return Err(Error::LostLease(lock));
            }
        }
        Ok(())
    }

    /// Releases every lock except these. Returns whether there was one to release.
    ///
    /// # Errors
    ///
    /// Those of the store. The leases expire by themselves then.
    pub fn release_all_but(&self, store: &mut dyn Store, kept: &[Lock]) -> journal::Result<bool> {
        let given: Vec<Held> = {
            let mut held = self.held.lock();
            let all = std::mem::take(&mut *held);
            let (keep, give) = all.into_iter().partition(|it| kept.contains(&it.lock));
            *held = keep;
            give
        };
        let is_any = !given.is_empty();
        for held in given {
            // One failed write must not make the next deployment wait until the lease expires.
            store
                .release(&held.lease, &self.holder)
                .or_else(|_| store.release(&held.lease, &self.holder))?;
        }
        Ok(is_any)
    }
}

/// The error for a tag whose deployment another process drives.
pub(super) fn is_running(other: &Occupant) -> Error {
    Error::host(
        format!(
            "deployment {} of this tag is running, driven by {}",
            other.deployment,
            Holder::describe(&other.holder)
        ),
        "wait until it ends, or stop that process; see `greenlight status`",
    )
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Vec<Held>> {
        // Nothing panics while it holds the mutex.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leases(&self) -> Vec<(Lock, Lease)> {
        let held = self.lock();
        let held = held.iter();
        held.map(|it| (it.lock.clone(), it.lease.clone())).collect()
    }

    fn renewed(&self, lease: &Lease, until: Option<Instant>) {
        for held in self.lock().iter_mut().filter(|it| it.lease == *lease) {
            match until {
                Some(until) => held.until = held.until.max(until),
                None => held.lost = true,
            }
        }
    }

    /// Renews every lease. One that can't be renewed expires, and the driver notices.
    fn renew(
        &self,
        store: &mut Connection<Box<dyn Store>>,
        holder: &Holder,
        time_to_live: Duration,
    ) {
        for (_, lease) in self.leases() {
            let asked = Instant::now();
            if let Ok(ours) = store.with(|it| it.renew(&lease, holder, time_to_live)) {
                self.renewed(&lease, ours.then_some(asked + time_to_live));
            }
        }
    }
}
