//! A deployment as people look at it: the timeline that a journal is projected to, in the shapes that
//! reports need.
//!
//! Times are milliseconds since 1970. Texts are as recorded, not made harmless: each report escapes for
//! its own format.

mod events;
mod project;

use serde::Serialize;

use crate::facts::load_test::Point;
pub use project::project;

/// One deployment, from its first entry to the last one so far.
#[derive(Clone, Debug, Serialize)]
pub struct Timeline {
    /// Its number in the journal.
    pub number: u64,
    /// The tag that asked for it.
    pub tag: String,
    /// The commit.
    pub commit: String,
    /// The digest of the image, where known.
    pub digest: Option<String>,
    /// The digest of the policy that decided.
    pub policy: String,
    /// `abort`, `skip` or `warn`, where tag or message says.
    pub action: Option<String>,
    /// When it began.
    pub began: u64,
    /// When the last entry was written.
    pub last: u64,
    /// `promoted`, `promoted-with-warning`, `stopped`, `superseded` or `canceled`; absent while it runs
    /// or waits to be resumed.
    pub conclusion: Option<String>,
    /// The environments, in order, with how far the release has come.
    pub environments: Vec<Place>,
    /// What was done, in order.
    pub steps: Vec<Step>,
    /// Every answer of every node, in order.
    pub rounds: Vec<Round>,
    /// The load tests that ran.
    pub load_tests: Vec<LoadTest>,
    /// Every decision, in order; those that repeat the one before it are counted.
    pub decisions: Vec<Decision>,
    /// What people should know beside it.
    pub notes: Vec<Note>,
}

/// One environment.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// `pending`, `unknown`, `deployed`, `converged` or `failed`.
    pub progress: String,
    /// The verdict on its load test: `passed`, `failed`, `errored` or `inconclusive`.
    pub load_test: Option<String>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Under way, or cut off with its process.
    Running,
    /// As it should be.
    Done,
    /// It went on in spite of it.
    Warned,
    /// Not as it should be.
    Failed,
}

/// One step: a deployment, a convergence, a load test, a wait for somebody else, a notice.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// `deploy`, `converge`, `load-test`, `wait` or `notify`.
    pub what: String,
    /// The environment, for all but a notice.
    pub environment: Option<String>,
    /// When it began.
    pub began: u64,
    /// When it ended.
    pub ended: Option<u64>,
    /// How it stands.
    pub state: State,
    /// What came of it, one sentence.
    pub outcome: String,
    /// Its log, in the folder of the deployment.
    pub log: Option<String>,
}

/// All nodes of an environment, asked once.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// When.
    pub at: u64,
    /// Which environment.
    pub environment: String,
    /// What each node answered.
    pub nodes: Vec<Node>,
}

/// One answer of a node.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    /// Its base URL.
    pub name: String,
    /// The commit it serves.
    pub commit: Option<String>,
    /// Why it gave no usable answer.
    pub unreachable: Option<String>,
}

/// One load test.
#[derive(Clone, Debug, Serialize)]
pub struct LoadTest {
    /// The environment it ran against.
    pub environment: String,
    /// When it ended.
    pub at: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Exceptions in the test's own code.
    pub exceptions: u64,
    /// Milliseconds.
    pub duration: u64,
    /// 95th percentile of the response time, milliseconds.
    pub p95: Option<u64>,
    /// Every commit that answered meanwhile.
    pub versions: Vec<String>,
    /// What reading its results showed.
    pub notes: Vec<String>,
    /// Its curves.
    pub curve: Vec<Point>,
}

/// What the policy decided.
#[derive(Clone, Debug, Serialize)]
pub struct Decision {
    /// When it was asked first.
    pub at: u64,
    /// How often it answered the same in a row.
    pub times: u64,
    /// `promote`, `promote-with-warning`, `hold` or `stop`.
    pub verdict: String,
    /// What was to be done, in words.
    pub next: String,
    /// Why; the first one decided.
    pub reasons: Vec<Reason>,
}

/// Why.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Something that people should know.
#[derive(Clone, Debug, Serialize)]
pub struct Note {
    /// When.
    pub at: u64,
    /// What.
    pub text: String,
}
