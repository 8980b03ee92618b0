//! The inbox: what registries say was pushed, and the deployments that are requested because of it.
//!
//! A delivery is stored as it came in, together with its push events; a push event is looked into later, and
//! either ignored or turned into a deployment request; a deployment request is carried out later still. Each of
//! these steps is durable before the next begins, and each is claimed by one server at a time, so that
//! several share the work.

mod claims;
mod deployment_request;
mod push_event;
mod queries;
mod request_state;

use std::time::Duration;

pub(super) use claims::{FreeRequest, HOLDERS, dead};
pub use deployment_request::{ClaimedDeploymentRequest, DeploymentRequest, NewDeploymentRequest};
pub use push_event::{
    ClaimedPushEvent, Delivery, PushEvent, PushEventRow, PushEventState, Settled,
};
pub use request_state::DeploymentRequestState;

use self::request_state::unreadable;
use super::{Holder, Result};

/// How much an inbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries that are kept.
    pub deliveries: u64,
    /// Push events that are pending.
    pub pending: u64,
    /// Deployment requests for which nothing has been done yet.
    pub wanted: u64,
    /// Deployment requests that wait for something.
    pub waiting: u64,
    /// Deployment requests that are being started.
    pub starting: u64,
    /// Deployment requests that are tried again.
    pub retrying: u64,
    /// Deployment requests that were started.
    pub started: u64,
    /// Deployment requests that were given up.
    pub stopped: u64,
    /// Deployment requests of which it is not known whether they were started.
    pub unknown: u64,
}

impl Counts {
    /// Stores how many deployment requests have a state.
    fn set(&mut self, word: &str, count: u64) -> Result<()> {
        let place = match word {
            "wanted" => &mut self.wanted,
            "waiting" => &mut self.waiting,
            "starting" => &mut self.starting,
            "retrying" => &mut self.retrying,
            "started" => &mut self.started,
            "stopped" => &mut self.stopped,
            "unknown" => &mut self.unknown,
            _ => return Err(unreadable(word)),
        };
        *place = count;
        Ok(())
    }
}

/// A place that keeps push events, and the deployment requests that they lead to.
///
/// What a call has stored is durable when it returns, and each call is one transaction. Each can fail with
/// [`Unavailable`](super::Error::Unavailable), [`Full`](super::Error::Full) or
/// [`Wrong`](super::Error::Wrong), and may then be repeated. Whether the failed call was stored is not known
/// then; where repeating it does something twice, the call says so.
///
/// A claim has a fence, which grows with each claim of the same thing. It ends by the clock of the store, as
/// [a lease does](super::Store), and it is lost only when another server has claimed the thing since: one
/// that expired unnoticed, or was given back, may still be written with. A claim whose answer was lost on the
/// way is handed out again when it expires, at the latest. Texts must not contain NUL characters: those
/// are [`Wrong`](super::Error::Wrong), and nothing of the call is stored.
pub trait Inbox: Send {
    /// Stores deliveries with their push events, all or none. A push event that is known already is counted,
    /// and becomes pending again: a tag can be pushed again. Repeated after a failure, it may store and count a
    /// delivery twice.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn accept(&mut self, deliveries: &[Delivery]) -> Result<()>;

    /// Claims push events that have not been settled since they last came in and that are not postponed, the
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
    ) -> Result<Vec<ClaimedPushEvent>>;

    /// Stores what a push event leads to, gives it back, and says whether the claim still was the caller's; if
    /// not, nothing is stored. A deployment request that exists already is left as it is. A delivery that came
    /// in since the claim leaves the push event pending.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn settle(&mut self, claimed: &ClaimedPushEvent, settled: &Settled) -> Result<bool>;

    /// Stores what several push events lead to, as [`settle`](Inbox::settle) does for each, in one
    /// transaction or in several.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn settle_all(&mut self, settled: &[(ClaimedPushEvent, Settled)]) -> Result<()>;

    /// Gives a push event back that could not be settled, to be claimed again from then on (in milliseconds
    /// since 1970), or earlier where it comes in again after this. Says whether the claim still was the
    /// caller's; if not, nothing is stored.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn postpone(&mut self, claimed: &ClaimedPushEvent, again_at: u64, why: &str) -> Result<bool>;

    /// Claims deployment requests that are not over and whose time has come, the oldest first. Claims of a
    /// process that is known to be dead end at once, except where it was
    /// [`Starting`](DeploymentRequestState::Starting): what it had sent may still be on its way.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn due(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedDeploymentRequest>>;

    /// Stores how far a claimed deployment request is, gives it back unless it is to be kept, and says whether
    /// the claim still was the caller's; if not, nothing is stored.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn write(
        &mut self,
        claimed: &ClaimedDeploymentRequest,
        state: &DeploymentRequestState,
        keep: bool,
    ) -> Result<bool>;

    /// Lets the claim of a deployment request last for this long from now, and says whether it still was the
    /// caller's.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn renew_deployment_request(
        &mut self,
        claimed: &ClaimedDeploymentRequest,
        time_to_live: Duration,
    ) -> Result<bool>;

    /// Picks those of a registry's tags that the inbox does not know. One that is listed without a digest is
    /// known if any push event names its tag; one with a digest, if a push event or a deployment request names
    /// the tag with it.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn unknown(&mut self, listed: &[PushEvent]) -> Result<Vec<PushEvent>>;

    /// Says when a repository's tags were first looked at, in milliseconds since 1970; nothing if they
    /// have never been.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn baseline(&mut self, repository: &str) -> Result<Option<u64>>;

    /// Remembers that a repository's tags have been looked at for the first time: those that the inbox does
    /// not know become push events that are ignored, for this reason. Says whether it was the first time; if
    /// not, nothing is stored. Repeated after a failure, it may find its own first time.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn set_baseline(
        &mut self,
        repository: &str,
        at: u64,
        listed: &[PushEvent],
        why: &str,
    ) -> Result<bool>;

    /// Lists deployment requests, the newest first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn deployment_requests(&mut self, limit: usize) -> Result<Vec<DeploymentRequest>>;

    /// Looks up a deployment request by its number.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn deployment_request(&mut self, id: u64) -> Result<Option<DeploymentRequest>>;

    /// Lists push events, the one that came in last first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn push_events(&mut self, limit: usize) -> Result<Vec<PushEventRow>>;

    /// Counts what the inbox holds.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn counts(&mut self) -> Result<Counts>;

    /// Removes deliveries that came in before this moment (in milliseconds since 1970) and whose push events
    /// are all settled, and says how many: at most a thousand, so that other calls do not wait for long. Push
    /// events and deployment requests stay: by them, nothing is done twice.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn prune(&mut self, before: u64) -> Result<u64>;
}
