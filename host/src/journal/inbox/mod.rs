//! The inbox: what registries say was pushed, and the deployments that come of it.
//!
//! A delivery is stored as it came in, together with its hints; a hint is looked into later, and either
//! ignored or turned into a start; a start is carried out later still. Each of these steps is durable before
//! the next begins, and each is claimed by one receiver at a time, so that several share the work.

mod counts;
mod delivery;
mod hint;
pub(super) mod kind;
mod start;
pub(super) mod stored;

use std::time::Duration;

pub use counts::Counts;
pub use delivery::Delivery;
pub use hint::{ClaimedHint, Hint, HintRow, HintState, Settled};
pub use start::{ClaimedStart, NewStart, Start, StartState};

use super::{Holder, Result};

/// A place that keeps what registries say, and what is started because of it.
///
/// What a call has stored is durable when it returns, and each call is one transaction. Each can fail with
/// [`Unavailable`](super::Error::Unavailable), [`Full`](super::Error::Full) or
/// [`Wrong`](super::Error::Wrong), and may then be repeated. Whether the failed call was stored is not known
/// then; what repeating it does twice is said where it does anything.
///
/// A claim has a fence, which grows with each claim of the same thing. It ends by the clock of the store, as
/// [a lease does](super::Store), and it is lost only when somebody else has claimed the thing since: one that
/// expired unnoticed, or was given back, may still be written with. A claim whose answer was lost on the way
/// is handed out again when it expires, at the latest. Texts must not have NUL characters in them: those
/// are [`Wrong`](super::Error::Wrong), and nothing of the call is stored.
pub trait Inbox: Send {
    /// Stores deliveries with their hints, all or none. A hint that is known already is counted, and becomes
    /// pending again: a tag can be pushed again. Repeated after a failure, it may store and count a
    /// delivery twice.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn accept(&mut self, deliveries: &[Delivery]) -> Result<()>;

    /// Claims hints that have not been settled since they last came in and that are not postponed, the
    /// ones that were never postponed before the others, and the oldest of them first. Claims of a process
    /// that is known to be dead end at once.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn pending(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedHint>>;

    /// Stores what a hint comes to, gives it back, and says whether the claim still was the caller's; if not,
    /// nothing is stored. A start that exists already is left as it is. A delivery that came in since the
    /// claim leaves the hint pending.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn settle(&mut self, claimed: &ClaimedHint, settled: &Settled) -> Result<bool>;

    /// Stores what several hints come to, as [`settle`](Inbox::settle) does for each. A store may do it
    /// in one transaction or in several.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn settle_all(&mut self, settled: &[(ClaimedHint, Settled)]) -> Result<()> {
        for (claimed, settled) in settled {
            self.settle(claimed, settled)?;
        }
        Ok(())
    }

    /// Gives a hint back that could not be settled, to be claimed again from then on (in milliseconds since
    /// 1970), or earlier where it comes in again after this. Says whether the claim still was the caller's; if not,
    /// nothing is stored.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn postpone(&mut self, claimed: &ClaimedHint, again_at: u64, why: &str) -> Result<bool>;

    /// Claims starts that are not over and whose time has come, the oldest first. Claims of a process that
    /// is known to be dead end at once, except where it was [`Starting`](StartState::Starting): what it had
    /// sent may still be on its way.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn due(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedStart>>;

    /// Stores how far a claimed start is, gives it back unless it is to be kept, and says whether the claim
    /// still was the caller's; if not, nothing is stored.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn write(&mut self, claimed: &ClaimedStart, state: &StartState, keep: bool) -> Result<bool>;

    /// Lets the claim of a start last for this long from now, and says whether it still was the caller's.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn renew_start(&mut self, claimed: &ClaimedStart, time_to_live: Duration) -> Result<bool>;

    /// Picks those of a registry's tags that have never been heard of. One that is listed without a digest
    /// is known if any hint names its tag; one with a digest, if a hint or a start names the tag with it.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn unknown(&mut self, listed: &[Hint]) -> Result<Vec<Hint>>;

    /// Says when a repository's tags were first looked at, in milliseconds since 1970; nothing if they
    /// have never been.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn baseline(&mut self, repository: &str) -> Result<Option<u64>>;

    /// Remembers that a repository's tags have been looked at for the first time: those that have never
    /// been heard of become hints that are ignored, for this reason. Says whether it was the first time; if
    /// not, nothing is stored. Repeated after a failure, it may find its own first time.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn set_baseline(
        &mut self,
        repository: &str,
        at: u64,
        listed: &[Hint],
        why: &str,
    ) -> Result<bool>;

    /// Lists starts, the newest first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn starts(&mut self, limit: usize) -> Result<Vec<Start>>;

    /// Looks up a start by its number.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn start(&mut self, id: u64) -> Result<Option<Start>>;

    /// Lists hints, the one that came in last first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn hints(&mut self, limit: usize) -> Result<Vec<HintRow>>;

    /// Counts what there is.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn counts(&mut self) -> Result<Counts>;

    /// Removes deliveries that came in before this moment (in milliseconds since 1970) and whose hints are
    /// all settled, and says how many: a thousand at most, so that nobody waits for it for long. Hints and
    /// starts stay: they are what keeps things from being done twice.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn prune(&mut self, before: u64) -> Result<u64>;
}
