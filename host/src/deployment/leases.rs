//! Holding environments: one deployment in each at a time.
//!
//! A lease is renewed in the background, and asked about right before each effect: who lost it may not
//! act any more, whatever the reason.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::journal::{self, Claim, ClaimRequest, Holder, Lease, Location, Occupant, Store};

/// The environments that a deployment holds.
pub struct Leases {
    holder: Holder,
    time_to_live: Duration,
    shared: Arc<Shared>,
    keeper: Option<JoinHandle<()>>,
}

struct Shared {
    held: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    held: Vec<Held>,
    over: bool,
}

struct Held {
    lease: Lease,
    /// Until then it is certainly ours, by a clock that nobody sets.
    until: Instant,
    lost: bool,
}

impl Leases {
    /// Starts to keep leases of this process alive.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn keep(
        location: Location,
        holder: Holder,
        time_to_live: Duration,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            held: Mutex::default(),
            ended: Condvar::new(),
        });
        let keeper = {
            let (shared, holder) = (Arc::clone(&shared), holder.clone());
            std::thread::Builder::new()
                .name("leases".to_owned())
                .spawn(move || shared.keep(&location, &holder, time_to_live))?
        };
        Ok(Self {
            holder,
            time_to_live,
            shared,
            keeper: Some(keeper),
        })
    }

    /// Takes an environment, unless somebody else has it.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn claim(
        &self,
        store: &mut dyn Store,
        environment: &str,
        deployment: u64,
        commit: &str,
    ) -> journal::Result<Option<Occupant>> {
        let asked = Instant::now();
        let claim = store.claim(&ClaimRequest {
            environment,
            deployment,
            commit,
            holder: &self.holder,
            time_to_live: self.time_to_live,
        })?;
        let lease = match claim {
            Claim::Busy(occupant) => return Ok(Some(occupant)),
            Claim::Held(lease) => lease,
        };
        let mut state = self.shared.lock();
        state.held.retain(|it| it.lease.environment != environment);
        state.held.push(Held {
            lease,
            until: asked + self.time_to_live,
            lost: false,
        });
        Ok(None)
    }

    /// Whether an environment is held, to the best of this process's knowledge.
    pub fn holds(&self, environment: &str) -> bool {
        let state = self.shared.lock();
        let mut held = state.held.iter();
        held.any(|it| it.lease.environment == environment && !it.lost && Instant::now() < it.until)
    }

    /// Whether an environment was held, and is not any more.
    pub fn has_lost(&self, environment: &str) -> bool {
        let state = self.shared.lock();
        let mut held = state.held.iter();
        held.any(|it| it.lease.environment == environment && it.lost)
    }

    /// Asks the store whether everything is still held, right before an effect. Names what was lost.
    ///
    /// # Errors
    ///
    /// Those of the store: what can't be asked can't be relied on.
    pub fn confirm(&self, store: &mut dyn Store) -> journal::Result<Option<String>> {
        let held: Vec<Lease> = self
            .shared
            .lock()
            .held
            .iter()
            .map(|it| it.lease.clone())
            .collect();
        for lease in held {
            let asked = Instant::now();
            let ours = store.renew(&lease, &self.holder, self.time_to_live)?;
            self.shared
                .renewed(&lease, ours.then_some(asked + self.time_to_live));
            if !ours {
                return Ok(Some(lease.environment));
            }
        }
        Ok(None)
    }

    /// Gives back every environment but one.
    ///
    /// # Errors
    ///
    /// Those of the store. The leases expire by themselves then.
    pub fn release_all_but(&self, store: &mut dyn Store, kept: &[&str]) -> journal::Result<()> {
        let given: Vec<Held> = {
            let mut state = self.shared.lock();
            let all = std::mem::take(&mut state.held);
            let (keep, give) = all
                .into_iter()
                .partition(|it| kept.contains(&it.lease.environment.as_str()));
            state.held = keep;
            give
        };
        for held in given {
            store.release(&held.lease, &self.holder)?;
        }
        Ok(())
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.shared.lock().over = true;
        self.shared.ended.notify_all();
        if let Some(keeper) = self.keeper.take() {
            // A keeper that panicked has kept nothing; the leases expire.
            let _ = keeper.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn renewed(&self, lease: &Lease, until: Option<Instant>) {
        let mut state = self.lock();
        for held in state.held.iter_mut().filter(|it| it.lease == *lease) {
            match until {
                Some(until) => held.until = held.until.max(until),
                None => held.lost = true,
            }
        }
    }

    /// Renews until the end, three times in each life.
    fn keep(&self, location: &Location, holder: &Holder, time_to_live: Duration) {
        let mut store: Option<Box<dyn Store>> = None;
        loop {
            let state = self.lock();
            let (state, _) = self
                .ended
                .wait_timeout_while(state, time_to_live / 3, |it| !it.over)
                .unwrap_or_else(PoisonError::into_inner);
            if state.over {
                return;
            }
            let held: Vec<Lease> = state.held.iter().map(|it| it.lease.clone()).collect();
            drop(state);
            if held.is_empty() {
                continue;
            }
            if store.is_none() {
                store = journal::open(location).ok();
            }
            let Some(open) = store.as_mut() else { continue };
            for lease in held {
                let asked = Instant::now();
                // What can't be renewed runs out, and the driver notices.
                if let Ok(ours) = open.renew(&lease, holder, time_to_live) {
                    self.renewed(&lease, ours.then_some(asked + time_to_live));
                }
            }
        }
    }
}
