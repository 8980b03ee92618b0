//! A deployment: decide, do, record, decide again.
//!
//! The policy decides what is done next; this module does it and records the outcome. By itself it only
//! adds facts: which deployment holds an environment, which version its nodes serve, which of two commits
//! is newer.
//!
//! Where to look:
//! - [`begin`] starts a deployment, once for each idempotency key (`claim_number`), unless the release is live
//!   already (`live_release`); [`resume`] continues one after a crash;
//!   [`cancel`] ends one in the name of a person: by itself, or by a [`Message`] to the process that drives it;
//!   [`intervene`] sends it a person's intervention as a message.
//! - `driver` is the loop, and the only place that knows the whole state of a running deployment. `commands`,
//!   `nodes`, `load_test`, `notify` and `survey` do one thing each and take what they need.
//! - `recovery` says what is done about an effect that was running when its process died.
//! - [`Lock`](journal::Lock) names what a deployment locks, [`HeldLeases`] holds and renews the locks, [`Drivers`] says
//!   which deployments are being driven.
//! - `calendar` has the windows and freezes as the policy receives them; [`opening`] says whether an environment is open.
//! - [`served`] says what each environment serves, as the journal shows it; [`live`] asks its nodes; `last_look` asks
//!   them again after a failure; [`last_change`] says which deployment began to change an environment last.
//! - `notify` stores messages to people in the outbox; [`outbox`] sends them.
//! - [`log`] writes and reads the journal of one deployment, [`history`] merges events that repeat earlier ones, and
//!   [`timeline`] projects the journal for reports.

mod baseline;
mod begin;
pub mod calendar;
mod cancel;
mod claim_number;
mod commands;
pub mod damaged;
mod driver;
mod drivers;
pub mod entry;
mod error;
mod excuse;
#[cfg(test)]
mod fixture;
pub mod held;
mod held_leases;
pub mod history;
mod imported;
mod intervene;
mod intervention;
mod intervention_document;
mod keeper;
pub mod last_change;
mod last_look;
mod left_over;
pub mod live;
mod live_release;
mod load_test;
pub mod log;
mod mailbox;
mod message;
mod nodes;
mod notify;
mod occupant;
pub mod opening;
pub mod outbox;
mod passing_time;
mod record;
mod recovery;
pub mod release_facts;
pub mod release_history;
pub mod releases;
mod repetition;
mod request;
pub mod rollback_advice;
pub mod sentence;
pub mod served;
mod step;
mod stopped_commits;
pub mod stored;
mod survey;
pub mod timeline;
mod unreleased;
pub mod verify;
mod waiting;
mod watch;
pub mod what_now;

use std::path::Path;
use std::time::Duration;

pub use begin::begin;
pub use cancel::{Cancellation, cancel};
pub use drivers::Drivers;
pub use error::Error;
pub use excuse::Excuses;
pub use held_leases::HeldLeases;
pub use intervene::{Delivery, Sent, intervene};
pub use intervention::{NewIntervention, needs_reason};
pub use intervention_document::{DeliveryState, InterventionDocument};
pub use keeper::{Connection, Keeper};
pub use live_release::LiveAlready;
pub use message::Message;
pub use recovery::resume;
pub use request::{Request, Waiver, already_begun, begun};
#[cfg(test)]
pub(crate) use step::answer;

use crate::config::Config;
use crate::contract::promotion::{Action, Conclusion, Decision, Permission, Release};
use crate::contract::types::Reason;
use crate::effects::shutdown::Shutdown;
use crate::journal::{self, Header, Store};
use crate::sandbox::Policy;
use entry::Began;
use held::Held;
use timeline::Round;

/// How many of the newest deployments are listed, by their headers alone, to find those that have not
/// ended. More deployments than this are never unfinished at the same time.
pub const LISTED: usize = 1000;

/// How many of the newest deployments are read, entry by entry, to find the latest one that changed an
/// environment. Reading entries is slower than listing headers, so the bound is lower than [`LISTED`].
pub const READ: usize = 100;

/// How much shorter or longer a wait is than asked for, so that deployments do not ask all at once.
const JITTER: (f64, f64) = (0.9, 1.1);

/// What a deployment is driven with.
pub struct Context<'a> {
    /// How the team deploys.
    pub config: &'a Config,
    /// The policy that decides.
    pub policy: &'a Policy,
    /// The digest of the policy: `sha256:` and 64 hexadecimal digits.
    pub policy_digest: &'a str,
    /// The repository with the release's commit; the one around the current folder if absent.
    pub repo: Option<&'a Path>,
    /// The request to shut down.
    pub shutdown: Shutdown,
    /// The display of progress.
    pub screen: &'a mut dyn Screen,
}

impl Context<'_> {
    /// Returns [`Error::Interrupted`] if a shutdown was requested.
    pub(crate) fn check_shutdown(&self) -> Result<(), Error> {
        if self.shutdown.is_requested() {
            return Err(Error::Interrupted);
        }
        Ok(())
    }
}

/// The display of a deployment's progress. The driver knows only this trait.
pub trait Screen {
    /// A deployment begins, or is resumed.
    fn began(&mut self, number: u64, began: &Began, resumed: bool);
    /// The policy decided, and a window may hold the release.
    fn decided(&mut self, decision: &Decision, held: Option<&Held>);
    /// An effect starts.
    fn started(&mut self, effect: &Action);
    /// The nodes of an environment were asked.
    fn answered(&mut self, round: Round);
    /// A command printed a line.
    fn line(&mut self, line: &str);
    /// An effect ended: whether it succeeded, its outcome in words, and its duration.
    fn ended(&mut self, effect: &Action, well: bool, outcome: &str, took: Duration);
    /// A note for people.
    fn note(&mut self, text: &str);
    /// The deployment ended.
    fn concluded(&mut self, conclusion: Conclusion);
    /// How to answer a question about an environment.
    fn how_to_answer(&self, deployment: u64, environment: &str) -> String {
        timeline::how_to_answer(deployment, environment)
    }
}

/// The result of [`begin`] or [`resume`].
#[expect(clippy::large_enum_variant, reason = "a command has one of them")]
#[derive(Debug)]
pub enum Outcome {
    /// The deployment was driven until it ended, or until an error stopped it.
    Driven {
        /// Its number.
        number: u64,
        /// How it ended.
        end: Result<End, Error>,
    },
    /// A deployment was already begun for the same idempotency key.
    AlreadyBegun(u64),
    /// The release is live already, so no deployment was begun.
    LiveAlready(LiveAlready),
    /// The deployment had ended, and only its header did not say so.
    AlreadyEnded {
        /// Its number.
        number: u64,
        /// Its conclusion, as recorded.
        conclusion: Conclusion,
        /// The permission of its last decision.
        permission: Permission,
    },
    /// The policy refuses the tag or the commit message.
    Refused(Vec<Reason>),
}

/// How a deployment ended.
#[derive(Debug)]
pub struct End {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// The release.
    pub release: Release,
    /// The decision that ended it.
    pub decision: Decision,
}

/// Lists the deployments that have not ended, the newest first.
///
/// # Errors
///
/// Those of the store.
pub fn unfinished(store: &mut dyn Store) -> journal::Result<Vec<Header>> {
    let mut headers = store.deployments(LISTED)?;
    headers.retain(|it| it.conclusion.is_none());
    Ok(headers)
}

/// Whether a deployment has begun: it has a record. Before its first record, a deployment runs no effect.
///
/// # Errors
///
/// Those of the store.
pub fn is_begun(store: &mut dyn Store, number: u64) -> journal::Result<bool> {
    Ok(!store.records(number)?.is_empty())
}

/// Whether a deployment may be of the image with this digest. Where one digest is unknown, it may.
fn is_same_image(header: &Header, digest: Option<&str>) -> bool {
    match (header.digest.as_deref(), digest) {
        (Some(theirs), Some(ours)) => theirs == ours,
        _ => true,
    }
}
