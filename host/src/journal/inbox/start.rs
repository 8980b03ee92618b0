/// A deployment that is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStart {
    /// The repository, as the registry names it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest of the image, where known. An empty one is none. There is one start of each tag in a
    /// repository with each digest, and one without.
    pub digest: Option<String>,
    /// The environment that the tag asks for.
    pub environment: String,
    /// The commit that the tag names, in hexadecimal digits.
    pub commit: String,
}

/// A deployment that is to be started, or has been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its number: unique, and larger than those of earlier ones. Numbers may be left out.
    pub id: u64,
    /// What a pipeline that was started for it is recognised by: random, unique, and never another one.
    pub request: String,
    /// The repository, as the registry names it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest of the image, where known.
    pub digest: Option<String>,
    /// The environment that the tag asks for.
    pub environment: String,
    /// The commit that the tag names, in hexadecimal digits.
    pub commit: String,
    /// How far it is.
    pub state: StartState,
    /// The last attempt to start it, counted from 1; 0 before the first.
    pub attempts: u32,
    /// When it was first wanted, in milliseconds since 1970 by the clock of the store.
    pub created: u64,
    /// When its state was last written, in milliseconds since 1970 by the clock of the store.
    pub updated: u64,
}

/// A start that is the caller's to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedStart {
    /// What is to be started.
    pub start: Start,
    /// Which claim this is.
    pub fence: u64,
}

/// How far a start is.
///
/// Moments are in milliseconds since 1970, and are held against the clock of the store; 0 is at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartState {
    /// Nothing has been done yet.
    Wanted,
    /// Something else has to happen first.
    Waiting {
        /// What.
        why: String,
        /// When to look again.
        again_at: u64,
    },
    /// An attempt is being made. Found like this, nobody knows whether it started anything: that has to be
    /// found out before the next one.
    Starting {
        /// Which attempt it is, counted from 1.
        attempt: u32,
        /// Why it could not be found out yet, if it was tried.
        why: Option<String>,
        /// When to find out.
        again_at: u64,
    },
    /// The last attempt started nothing, for certain, and another one is to be made.
    Retrying {
        /// What went wrong.
        why: String,
        /// When to try again.
        again_at: u64,
    },
    /// It was started. There is nothing more to do.
    Started {
        /// What the pipeline is called where it runs.
        reference: String,
        /// How it ended, where that is known.
        finished: Option<String>,
    },
    /// It is not started, and won't be.
    Stopped {
        /// The reason.
        why: String,
    },
    /// Whether it was started can't be found out. It is not tried again: a person has to look.
    Unknown {
        /// What is known.
        why: String,
    },
}
