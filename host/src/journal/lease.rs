use std::time::Duration;

use super::Holder;

/// What a claim is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The environment is the caller's until the lease expires.
    Held(Lease),
    /// It is somebody else's.
    Busy(Occupant),
}

/// The right to change an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The name of the environment.
    pub environment: String,
    /// Which tenure this is. It grows with every claim that succeeds, so no two of an environment are equal.
    pub fence: u64,
}

/// Who has an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// The deployment it is held for.
    pub deployment: u64,
    /// That deployment's commit, in hexadecimal digits.
    pub commit: String,
    /// The process that holds it, as a [`Holder`](super::Holder) writes itself.
    pub holder: String,
    /// When it ends unless it is renewed, in milliseconds since 1970 by the clock of the store.
    pub expires: u64,
}

impl Occupant {
    /// Whether its environment may be taken from it.
    ///
    /// The same deployment goes on at once after a holder that is dead. Another one waits until the lease
    /// has run out: what the dead holder had started may still be running.
    pub(super) fn yields(&self, deployment: u64, holder: &Holder, now: u64) -> bool {
        let gone = self.holder == holder.as_str() || Holder::is_known_dead(&self.holder);
        self.expires <= now || (self.deployment == deployment && gone)
    }
}

/// A duration in milliseconds, as far as a database can count.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .min(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_to_live_overflows() {
        assert!(i64::try_from(crate::clock::milliseconds() + milliseconds(Duration::MAX)).is_ok());
        assert_eq!(milliseconds(Duration::from_secs(2)), 2000);
    }
}
