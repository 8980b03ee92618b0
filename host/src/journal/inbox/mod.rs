//! The inbox: push events from registries, and the deployments that they request.
//!
//! A delivery is stored unchanged, together with its push events. Later, each push event is either ignored or turned
//! into a deployment request, and each deployment request is carried out. Each step is durable before the next one
//! starts, and is claimed by one server at a time, so that several servers can share the work.

mod deployment_request;
mod push_event;
mod queries;
mod request_checksum;
mod request_state;

use std::time::Duration;

pub use deployment_request::{ClaimedDeploymentRequest, DeploymentRequest, NewDeploymentRequest};
pub use push_event::{
    ClaimedPushEvent, Delivery, PushEvent, PushEventRow, PushEventState, Settled,
};
pub use request_state::DeploymentRequestState;

pub(super) use deployment_request::add_checksums;
pub(super) use queries::{CLAIM, FreeRequest, HOLDERS, dead};

use self::request_state::unreadable;
use super::{Holder, Result};

/// How much an inbox holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries that are kept.
    pub deliveries: u64,
    /// Push events that are pending.
    pub pending: u64,
    /// Deployment requests that are not processed yet.
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
    /// Deployment requests that may have been started.
    pub unknown: u64,
}

impl Counts {
    /// All deployment requests.
    pub fn requests(&self) -> u64 {
        let unfinished = self.wanted + self.waiting + self.starting + self.retrying;
        unfinished + self.started + self.stopped + self.unknown
    }

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

/// Keeps push events, and the deployment requests that they lead to.
///
/// What a call has stored is durable when it returns, and each call is one transaction. Each can fail with
/// [`Unavailable`](super::Error::Unavailable), [`Full`](super::Error::Full) or
/// [`Wrong`](super::Error::Wrong), and may then be repeated. The failed call may have been stored; if repeating it
/// has a second effect, its documentation says so.
///
/// A claim has a fence, which grows with each claim of the same row. It ends by the clock of the store, as
/// [a lease does](super::Store). It is lost only when another server claims the row: a claim that expired or was
/// released can still be used to write. A row whose claim got lost with its reply is free again when the claim
/// expires, at the latest. A text with a NUL character is [`Wrong`](super::Error::Wrong), and nothing is stored.
pub trait Inbox: Send {
    /// Stores deliveries with their push events, all or none. A known push event is counted and becomes pending again,
    /// because a tag can be pushed again. If the call is repeated after a failure, a delivery may be stored and
    /// counted twice.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn accept(&mut self, deliveries: &[Delivery]) -> Result<()>;

    /// Claims push events that are pending and not postponed: first those that were never postponed, each group oldest
    /// first. Claims of a process that is known to be dead end at once.
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

    /// Settles a push event and releases it. Returns whether the claim was still the caller's; if not, nothing is
    /// stored. An existing deployment request is left unchanged. If a delivery arrived since the claim, the push event
    /// stays pending.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn settle(&mut self, claimed: &ClaimedPushEvent, settled: &Settled) -> Result<bool>;

    /// Settles several push events, each like [`settle`](Inbox::settle), in one transaction or in several.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn settle_all(&mut self, settled: &[(ClaimedPushEvent, Settled)]) -> Result<()>;

    /// Releases a push event that could not be settled, until a time (in milliseconds since 1970) or until the next
    /// delivery of it. Returns whether the claim was still the caller's; if not, nothing is stored.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn postpone(&mut self, claimed: &ClaimedPushEvent, again_at: u64, why: &str) -> Result<bool>;

    /// Claims unfinished deployment requests that are due, oldest first. Claims of a process that is known to be dead
    /// end at once, except in the state [`Starting`](DeploymentRequestState::Starting): a request that the process
    /// sent may still be on its way.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::Error::Corrupt) if one of them is damaged, or if any deployment request is missing. Then the
    /// call claims no request.
    fn due(
        &mut self,
        holder: &Holder,
        time_to_live: Duration,
        limit: usize,
    ) -> Result<Vec<ClaimedDeploymentRequest>>;

    /// Stores the state of a claimed deployment request, and releases it unless `keep` is set. Returns whether the
    /// claim was still the caller's; if not, nothing is stored.
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

    /// Renews the claim of a deployment request for this long from now, and returns whether it was still the
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

    /// Returns the listed tags that the inbox does not know. A tag without a digest is known if any push event names
    /// it; a tag with a digest, if a push event or a deployment request has both.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn unknown(&mut self, listed: &[PushEvent]) -> Result<Vec<PushEvent>>;

    /// Returns when a repository's tags were first listed, in milliseconds since 1970; `None` if never.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn baseline(&mut self, repository: &str) -> Result<Option<u64>>;

    /// Stores that a repository's tags were listed for the first time: unknown tags become push events that are
    /// ignored for this reason. Returns whether it was the first time; if not, nothing is stored. If the call is
    /// repeated after a failure, it may return false although it was the first one.
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

    /// Checks that no push event and no deployment request is missing or damaged. [`Store::check`](super::Store::check)
    /// checks the database itself.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::Error::Corrupt) if something is damaged or missing.
    fn check(&mut self) -> Result<()>;

    /// Lists push events, the last received one first.
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

    /// Removes deliveries from before this time (in milliseconds since 1970) whose push events are all settled, and
    /// returns how many: at most a thousand, so that other calls do not wait for long. Push events and deployment
    /// requests are kept, so that no deployment is started twice.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn prune(&mut self, before: u64) -> Result<u64>;
}
