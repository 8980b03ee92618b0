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
