//! Which deployments are being driven.

use crate::journal::{self, Header, Holder, Lock, Occupant, Store};

/// The locks that live processes hold. An expired lease, or one whose process is dead, holds nothing.
pub struct Drivers(Vec<(Lock, Occupant)>);

impl Drivers {
    /// Reads them from the journal.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn read(store: &mut dyn Store) -> journal::Result<Self> {
        let leases = store.leases()?.into_iter();
        Ok(Self(
            leases
                .filter(|(_, it)| !it.has_expired && !Holder::is_known_dead(&it.holder))
                .collect(),
        ))
    }

    /// The holder of a lock.
    pub fn of(&self, lock: &Lock) -> Option<&Occupant> {
        let mut held = self.0.iter();
        held.find(|(held, _)| held == lock).map(|(_, it)| it)
    }

    /// Whether a live process drives a deployment.
    pub fn drive(&self, header: &Header) -> bool {
        self.of(&Lock::tag(&header.tag))
            .is_some_and(|it| it.deployment == header.number)
    }
}
