//! What a store of deployments promises, and how it fails.

use std::fmt;
use std::time::Duration;

use super::{
    Baseline, Claim, ClaimRequest, Freeze, Holder, Lease, Lock, Message, NewFreeze, Occupant,
    Outbox, Thaw,
};
use crate::contract::promotion::Conclusion;
use crate::error;

/// A deployment that is about to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeployment {
    /// The tag that asked for it.
    pub tag: String,
    /// The digest of its image, where known.
    pub digest: Option<String>,
    /// The commit that is deployed, in hexadecimal digits.
    pub commit: String,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// Its idempotency key: no second deployment has the same one.
    pub request: Option<String>,
}

/// A deployment in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its number: unique, and larger than those of earlier ones. Numbers may be left out.
    pub number: u64,
    /// The tag that asked for it.
    pub tag: String,
    /// The digest of its image, where known.
    pub digest: Option<String>,
    /// The commit that is deployed, in hexadecimal digits.
    pub commit: String,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// How it ended; `None` if it has not.
    pub conclusion: Option<Conclusion>,
    /// Its idempotency key, if it has one.
    pub request: Option<String>,
}

impl Header {
    /// Whether the deployment ended with a promotion, also with a warning.
    pub fn is_promoted(&self) -> bool {
        matches!(
            self.conclusion,
            Some(Conclusion::Promoted | Conclusion::PromotedWithWarning)
        )
    }
}

/// A record of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place in the deployment, from 1 without gaps.
    pub position: u64,
    /// When it was made, in milliseconds since 1970. Not necessarily ascending: clocks jump.
    pub at: u64,
    /// Its contents: one JSON object, which a store does not parse.
    pub body: String,
}

/// How thoroughly a journal is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A check that is fast enough to run before each resume.
    Quick,
    /// The most thorough check that the database offers, including its indexes.
    Full,
}

/// Keeps deployments, their records, and the leases on locks.
///
/// What a call has stored is durable when it returns. Besides the errors that are named, each call can fail
/// with [`Unavailable`](super::Error::Unavailable), [`Full`](super::Error::Full) or
/// [`Wrong`](super::Error::Wrong), and may then be repeated.
///
/// In `PostgreSQL`, the clock of the server decides when a lease expires. In a file, the boot clock of the machine
/// decides; changes of the system clock don't affect it. After a restart of the machine, and for a process in another
/// namespace, the system clock decides. If the deciding clock jumps forward, a lease expires early, possibly while its
/// holder works. Another holder can then take the lock, with another fence. Therefore a holder must call
/// [`renew`](Store::renew) before each effect. If the deciding clock jumps back, the lease of a crashed holder lasts
/// longer.
pub trait Store: Outbox + Send {
    /// Creates a deployment without records, and returns its number. A deployment that ended without any record
    /// frees its idempotency key, because it did nothing. A call with a key that failed with
    /// [`Unavailable`](super::Error::Unavailable) and is repeated may report its own deployment as the existing one.
    ///
    /// # Errors
    ///
    /// [`Requested`](super::Error::Requested) if another deployment has the same key.
    fn begin(&mut self, new: &NewDeployment) -> Result<u64>;

    /// Appends a record. A record that this store has already written is left unchanged, which makes appends
    /// idempotent: a call whose reply was lost can be repeated.
    ///
    /// # Errors
    ///
    /// [`Taken`](super::Error::Taken) if the position has a record of another store, or if the deployment ended without a
    /// record;
    /// [`Damaged`](super::Error::Damaged) if the record before it is missing or damaged;
    /// [`Unknown`](super::Error::Unknown) if the deployment does not exist.
    fn append(&mut self, deployment: u64, row: &Row) -> Result<()>;

    /// Reads all records. For a deployment that does not exist, the list is empty.
    ///
    /// # Errors
    ///
    /// [`Damaged`](super::Error::Damaged) if a record is missing or damaged.
    fn records(&mut self, deployment: u64) -> Result<Vec<Row>>;

    /// Checks the database, and checks that no deployment, message, lease, baseline or freeze is missing, and that no
    /// message, lease, baseline or freeze is damaged. [`records`](Store::records) checks the records of a deployment, and
    /// [`Inbox::check`](super::inbox::Inbox::check) checks the inbox.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::Error::Corrupt) if something is damaged or missing.
    fn check(&mut self, depth: Depth) -> Result<()>;

    /// Stores how a deployment ended. Repeating the same conclusion changes nothing.
    ///
    /// # Errors
    ///
    /// [`Taken`](super::Error::Taken) if it has another conclusion; [`Unknown`](super::Error::Unknown)
    /// if the deployment does not exist.
    fn conclude(&mut self, deployment: u64, conclusion: Conclusion) -> Result<()>;

    /// Looks up a deployment by its number.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn deployment(&mut self, number: u64) -> Result<Option<Header>>;

    /// Lists deployments, the newest first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn deployments(&mut self, limit: usize) -> Result<Vec<Header>>;

    /// Lists the deployments of a commit, the newest first.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn of_commit(&mut self, commit: &str) -> Result<Vec<Header>>;

    /// Looks up a deployment by its idempotency key.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn of_request(&mut self, request: &str) -> Result<Option<Header>>;

    /// Sends a message to the process that drives a deployment. The body is one JSON object, which a store does not
    /// parse.
    ///
    /// # Errors
    ///
    /// [`Unknown`](super::Error::Unknown) if the deployment does not exist.
    fn send(&mut self, deployment: u64, at: u64, body: &str) -> Result<()>;

    /// Lists the messages to the driver of a deployment behind the one with this id (0 for all), the oldest first.
    /// A message stays in the store.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn messages(&mut self, deployment: u64, behind: u64) -> Result<Vec<Message>>;

    /// Claims a lock for a deployment, with a new fence, if it is free, if its lease has expired, or if it
    /// is held for the same deployment by the same process or by a process that is known to be dead.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn claim(&mut self, request: &ClaimRequest<'_>) -> Result<Claim>;

    /// Renews a lease for this long from now, and returns whether it is still the caller's. A lease that expired
    /// can be renewed as long as no other holder has claimed the lock.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn renew(&mut self, lease: &Lease, holder: &Holder, time_to_live: Duration) -> Result<bool>;

    /// Releases a lock. A lease that is no longer the caller's is left unchanged.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn release(&mut self, lease: &Lease, holder: &Holder) -> Result<()>;

    /// Stores what an environment serves without a deployment of this journal. A baseline that is stored already is
    /// left unchanged.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn add_baseline(&mut self, baseline: &Baseline) -> Result<()>;

    /// The latest baseline of an environment.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn baseline(&mut self, environment: &str) -> Result<Option<Baseline>>;

    /// Stores a freeze, and returns its number.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn add_freeze(&mut self, new: &NewFreeze) -> Result<u64>;

    /// Ends a freeze. One that was ended already, or does not exist, is left unchanged.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::Error::Corrupt) if the freeze is damaged.
    fn thaw(&mut self, number: u64, thaw: &Thaw) -> Result<()>;

    /// Lists all freezes, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::Error::Corrupt) if one is missing or damaged.
    fn freezes(&mut self) -> Result<Vec<Freeze>>;

    /// Lists the held locks in the order of their stored names, including those whose lease has expired.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn leases(&mut self) -> Result<Vec<(Lock, Occupant)>>;
}

/// The result of a call of a store.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call of a store failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Another process was faster: the position already has a record, or the deployment has another conclusion.
    Taken,
    /// This deployment was already begun with the same idempotency key.
    Requested(u64),
    /// No deployment has this number.
    Unknown(u64),
    /// A record is missing or damaged.
    Damaged {
        /// The deployment that it belongs to.
        deployment: u64,
        /// Its position, or the position that should be there.
        position: u64,
    },
    /// Data other than a record is missing or damaged; the text names it.
    Corrupt(String),
    /// The database can't be reached or is busy; the same call may work later. An append or a conclusion may have
    /// been stored; repeating the call on the same store is safe.
    Unavailable(String),
    /// The database's disk is full; nothing was stored.
    Full(String),
    /// The file or database is not a journal, or is not usable.
    Wrong(String),
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => to.write_str("another process wrote to the journal first"),
            Self::Requested(number) => {
                write!(
                    to,
                    "deployment {number} was already begun with this idempotency key"
                )
            }
            Self::Unknown(number) => write!(to, "the journal has no deployment {number}"),
            Self::Damaged {
                deployment,
                position,
            } => write!(
                to,
                "record {position} of deployment {deployment} is damaged or missing"
            ),
            Self::Corrupt(what) => write!(to, "the journal is damaged: {what}"),
            Self::Unavailable(why) => write!(to, "the journal is not available: {why}"),
            Self::Full(why) => write!(to, "the disk of the journal is full: {why}"),
            Self::Wrong(why) => write!(to, "this is not a usable journal: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let help = match &error {
            Error::Taken => {
                "another process drives this deployment; see `greenlight status`".to_owned()
            }
            Error::Damaged { deployment, .. } => format!(
                "nothing was done. Read the logs of deployment {deployment} to see what it did, and ask the nodes what \
                 they serve; then restore the journal from a backup, or set another `[journal] location` \
                 (`greenlight cancel {deployment} --by NAME` ends the deployment)"
            ),
            Error::Corrupt(_) => "nothing was done. Run `greenlight journal verify` to see the damage, check which \
                                  commands run and what the nodes serve, then restore the journal from a backup, or \
                                  start a new journal with another `[journal] location`"
                .to_owned(),
            Error::Full(_) => "free disk space".to_owned(),
            Error::Unavailable(_) => {
                "check that the database answers, or that the disk of the file can be written".to_owned()
            }
            Error::Requested(_) | Error::Unknown(_) | Error::Wrong(_) => {
                "check `[journal] location` in the configuration".to_owned()
            }
        };
        Self::of(
            error::Kind::Journal,
            format!("the journal failed: {error}"),
            help,
        )
        .because(error)
    }
}
