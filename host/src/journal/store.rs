//! What a store of deployments promises, and how it fails.

use std::fmt;
use std::time::Duration;

use super::{Claim, ClaimRequest, Holder, Lease, Occupant};
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
    /// What it was requested by: of the same request there is no second one.
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
    /// How it ended, if it has.
    pub conclusion: Option<String>,
    /// What it was requested by, if that was said.
    pub request: Option<String>,
}

/// A record of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place in the deployment, from 1 without gaps.
    pub position: u64,
    /// When it was made, in milliseconds since 1970. Not necessarily ascending: clocks jump.
    pub at: u64,
    /// What it says: one JSON object. A store does not look into it.
    pub body: String,
}

/// All records of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    /// Those that are what was written, in order.
    pub rows: Vec<Row>,
    /// Whether a last one was damaged and has been left out.
    pub torn: bool,
}

/// A place that keeps deployments, their records, and who may change which environment.
///
/// What a call has stored is durable when it returns. Besides the errors that are named, each call can fail
/// with [`Unavailable`](super::Error::Unavailable), [`Full`](super::Error::Full) or
/// [`Wrong`](super::Error::Wrong), and may then be repeated.
///
/// A lease ends by the clock of the store: the database's in `PostgreSQL`, the system's for a file. A clock
/// that jumps forward ends one early, at worst while its holder still works: the holder finds out by
/// [`renew`](Store::renew), since the next one has another fence, and has to ask before each effect. A clock
/// that jumps back keeps the lease of a crashed holder for longer.
pub trait Store: Send {
    /// Makes a new deployment without records, and returns its number. A deployment of the same request that
    /// has ended without any record gives the request up: nothing was done for it. One with a request that failed with
    /// [`Unavailable`](super::Error::Unavailable) and is repeated may find itself.
    ///
    /// # Errors
    ///
    /// [`Requested`](super::Error::Requested) if there is a deployment of the same request.
    fn begin(&mut self, new: &NewDeployment) -> Result<u64>;

    /// Adds a record behind the last one. A record that this very store has already written is left as it is:
    /// so is found out whether an append was stored whose answer was lost.
    ///
    /// # Errors
    ///
    /// [`Taken`](super::Error::Taken) if the position has a record of somebody else;
    /// [`Damaged`](super::Error::Damaged) if the record before it is missing or not what was written;
    /// [`Unknown`](super::Error::Unknown) without such a deployment.
    fn append(&mut self, deployment: u64, row: &Row) -> Result<()>;

    /// Reads all records. A deployment that doesn't exist has none.
    ///
    /// # Errors
    ///
    /// [`Damaged`](super::Error::Damaged) if one before the last is missing or not what was written.
    fn records(&mut self, deployment: u64) -> Result<Records>;

    /// Removes the last record if it is damaged, and nothing else.
    ///
    /// # Errors
    ///
    /// [`Damaged`](super::Error::Damaged) as for [`records`](Store::records); nothing is removed then.
    fn forget_torn(&mut self, deployment: u64) -> Result<()>;

    /// Stores how a deployment ended. Saying the same again changes nothing.
    ///
    /// # Errors
    ///
    /// [`Taken`](super::Error::Taken) if it ended otherwise before; [`Unknown`](super::Error::Unknown)
    /// without such a deployment.
    fn conclude(&mut self, deployment: u64, conclusion: &str) -> Result<()>;

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

    /// Looks up the deployment of a request.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn of_request(&mut self, request: &str) -> Result<Option<Header>>;

    /// Takes an environment for a deployment, with a new fence, if it is free, its lease has expired, or it
    /// is held for the same deployment by the same process or by one that is known to be dead.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn claim(&mut self, request: &ClaimRequest<'_>) -> Result<Claim>;

    /// Lets a lease last for this long from now, and says whether it is still the caller's. One that expired
    /// unnoticed is still: nobody else has had the environment in between.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn renew(&mut self, lease: &Lease, holder: &Holder, time_to_live: Duration) -> Result<bool>;

    /// Gives an environment back. A lease that is no longer the caller's changes nothing.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn release(&mut self, lease: &Lease, holder: &Holder) -> Result<()>;

    /// Lists the environments that are held, by name, with those whose lease has expired.
    ///
    /// # Errors
    ///
    /// Those of the trait.
    fn leases(&mut self) -> Result<Vec<(String, Occupant)>>;
}

/// What a store's question is answered with.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// Somebody else was faster: the position has a record already, or the deployment another conclusion.
    Taken,
    /// This deployment was already begun for the same request.
    Requested(u64),
    /// There is no deployment with this number.
    Unknown(u64),
    /// A record is missing, or is not what was written.
    Damaged {
        /// The deployment that it belongs to.
        deployment: u64,
        /// Its position, or the position that should be there.
        position: u64,
    },
    /// The database can't be reached or is busy; the same call may work later. Whether an append or a
    /// conclusion was stored is not known; the same call on the same store finds out.
    Unavailable(String),
    /// There is no room left on the database's disk; nothing was stored.
    Full(String),
    /// This is not a journal, or one that can't be used.
    Wrong(String),
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => to.write_str("somebody else wrote to the journal first"),
            Self::Requested(number) => {
                write!(to, "deployment {number} was already begun for this request")
            }
            Self::Unknown(number) => write!(to, "there is no deployment {number} in the journal"),
            Self::Damaged {
                deployment,
                position,
            } => write!(
                to,
                "record {position} of deployment {deployment} is damaged or missing"
            ),
            Self::Unavailable(why) => write!(to, "the journal is not available: {why}"),
            Self::Full(why) => write!(to, "there is no room for the journal: {why}"),
            Self::Wrong(why) => write!(to, "this is not a usable journal: {why}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for error::Error {
    fn from(error: Error) -> Self {
        let help = match error {
            Error::Taken => "another process drives this deployment; see `greenlight status`",
            Error::Damaged { .. } => {
                "the journal was changed from outside; restore it from a copy, or start anew with \
                 another `[journal] location`"
            }
            Error::Full(_) => "make room, then continue with `greenlight run --resume`",
            Error::Unavailable(_) => {
                "check that the database answers, or that the file's disk can be written; then continue \
                 with `greenlight run --resume`"
            }
            Error::Requested(_) | Error::Unknown(_) | Error::Wrong(_) => {
                "check `[journal] location` in the configuration"
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
