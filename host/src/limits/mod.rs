//! The limits of size and time for all input from outside the program, one limit for each reader. All readers use the
//! constants of this module.
//!
//! The limits of the sandbox, in which a policy runs, are in `sandbox::profile`.

#[cfg(test)]
mod feeds;
pub mod file;
#[cfg(test)]
mod tests;

use std::time::Duration;

/// The limit of one reader.
#[derive(Debug)]
pub struct Limit {
    /// The name of the input, for the documentation.
    pub of: &'static str,
    /// The most bytes that are kept in memory.
    pub bytes: u64,
    /// How long reading may take in total; `None` if the input can't be slow, or may take any time.
    time: Option<Duration>,
    /// Other limits and remarks, for the documentation.
    pub note: &'static str,
}

impl Limit {
    pub(crate) const fn new(
        of: &'static str,
        bytes: u64,
        time: Option<Duration>,
        note: &'static str,
    ) -> Self {
        Self {
            of,
            bytes,
            time,
            note,
        }
    }

    /// The same limit with another time.
    pub(crate) const fn within(&self, time: Duration) -> Self {
        Self::new(self.of, self.bytes, Some(time), self.note)
    }

    /// How long reading may take; `None` without a time limit.
    pub fn time_limit(&self) -> Option<Duration> {
        #[cfg(test)]
        if let Some(shorter) = tests::shorter_time_limit() {
            return self.time.map(|it| it.min(shorter));
        }
        self.time
    }

    /// How long reading may take; a year without a time limit.
    pub fn time(&self) -> Duration {
        const YEAR: Duration = Duration::from_hours(365 * 24);
        self.time_limit().unwrap_or(YEAR)
    }

    /// The largest number of bytes, as a length in memory.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "all limits are below 4 GiB"
    )]
    pub const fn length(&self) -> usize {
        self.bytes as usize
    }

    /// The size as text, such as `4 MiB`.
    pub fn size(&self) -> String {
        match self.bytes {
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
            bytes => format!("{bytes} bytes"),
        }
    }
}

/// The note for input that must be a regular file.
const REGULAR: &str = "a regular file";

/// The configuration.
pub const CONFIGURATION: Limit = Limit::new("`greenlight.toml`", 1 << 20, None, REGULAR);
/// The component of a policy.
pub const COMPONENT: Limit = Limit::new(
    "a policy",
    32 << 20,
    None,
    "a regular file; its functions, variables and modules are counted first; compilation has 2 min and 2 GiB",
);
/// A commit message.
pub const MESSAGE: Limit = Limit::new(
    "a commit message, from a file, a variable, an argument or git",
    4 << 20,
    None,
    REGULAR,
);
/// A commit message from standard input. A terminal has no time limit.
pub const INPUT: Limit = Limit::new(
    "a commit message from standard input",
    MESSAGE.bytes,
    Some(Duration::from_mins(1)),
    "a file, a pipe or a device; a terminal has no time limit",
);
/// A history for `decide`.
pub const HISTORY: Limit = Limit::new("a history (`--history`)", 4 << 20, None, REGULAR);
/// One piece of the results of a load test: a row of CSV or a text of JSON. Only single pieces and sums are in memory.
pub const RESULT: Limit = Limit::new(
    "a row of CSV or a text of JSON in a results file of a load test",
    1 << 20,
    None,
    "a regular file of at most 1 GiB, which is read as a stream; at most 10,000 metrics of k6, 1,000 levels of JSON, \
     and 600 points of a curve",
);
/// The size limit of a results file of a load test, in bytes. A history with a row per second for each of 100 names
/// reaches it in a day.
pub const RESULTS_FILE: u64 = 1 << 30;
/// The answer of a step.
pub const ANSWER: Limit = Limit::new("the answer of a step", 64 << 10, None, REGULAR);
/// The output of the command of `[facts]`. `[facts] time-limit` replaces the time.
pub const FACTS: Limit = Limit::new(
    "the output of the command of `[facts]`",
    1 << 20,
    Some(Duration::from_mins(1)),
    "`[facts] time-limit` replaces the time",
);
/// The event file of GitHub Actions.
pub const EVENT: Limit = Limit::new("the event of GitHub Actions", 32 << 20, None, REGULAR);
/// An export file, which may have the values of earlier steps.
pub const EXPORTED: Limit = Limit::new(
    "an existing export file (`dotenv`, `circleci-parameters`)",
    1 << 20,
    None,
    REGULAR,
);
/// A file that holds a secret.
pub const SECRET: Limit = Limit::new("a file with a secret", 8 << 10, None, REGULAR);
/// A file with certificates, or with a key.
pub const CERTIFICATES: Limit = Limit::new(
    "a file with certificates, or with a key",
    1 << 20,
    None,
    REGULAR,
);
/// The end of a log.
pub const LOG: Limit = Limit::new(
    "the end of a log, for a page of `serve`",
    1 << 20,
    None,
    REGULAR,
);
/// The end of the output of a child process `greenlight run`.
pub const CHILD_OUTPUT: Limit = Limit::new(
    "the end of the output of `greenlight run`, for the log of `serve`",
    2 << 10,
    None,
    REGULAR,
);
/// An environment variable or an argument.
pub const VARIABLE: Limit = Limit::new(
    "an environment variable or an argument",
    128 << 10,
    None,
    "Linux does not start a program with a longer one; it limits all of them together to a quarter of the stack limit, \
     usually 2 MiB",
);
/// A commit, with its headers and signatures.
pub const COMMIT: Limit = Limit::new(
    "a git commit, with its headers",
    5 << 20,
    Some(Duration::from_mins(10)),
    "the size is checked before the commit is read; git may use 64 MiB of memory for one object",
);
/// Other output of git.
pub const GIT: Limit = Limit::new(
    "other output of git: a list of commits, a patch",
    32 << 20,
    Some(Duration::from_mins(10)),
    "git may use 256 MiB of memory for one object",
);
/// The standard error of a child process: git, or the compilation of a policy.
pub const CHILD_ERRORS: Limit = Limit::new(
    "the standard error of a child process",
    64 << 10,
    None,
    "the rest is read and discarded",
);
/// A line of the output of a command.
pub const LINE: Limit = Limit::new(
    "a line of output of a deploy command or of the load test",
    4 << 10,
    None,
    "the command has its own time limit; its log has at most 64 MiB",
);
/// An answer of a node.
pub const NODE: Limit = Limit::new(
    "the answer of a node",
    64 << 10,
    Some(Duration::from_secs(5)),
    "`node-time-limit` changes the time limit",
);
/// A list of nodes. `time-limit` of `[environment.discover]` replaces the time.
pub const LIST: Limit = Limit::new(
    "a page of a list of nodes: the answer of a server, or the output of a command",
    4 << 20,
    Some(Duration::from_secs(10)),
    "at most 100 pages and 500 nodes; `time-limit` replaces the time, which is that of all pages",
);
/// An answer of a registry.
pub const REGISTRY: Limit = Limit::new(
    "one answer of a registry: a manifest, a page of tags",
    4 << 20,
    Some(Duration::from_secs(20)),
    "at most 20,000 tags on 200 pages; the tags are counted while they are read",
);
/// An answer of a token server.
pub const TOKEN: Limit = Limit::new(
    "the answer of a registry's token server",
    64 << 10,
    Some(Duration::from_secs(20)),
    "",
);
/// An answer of a metrics server.
pub const METRICS: Limit = Limit::new(
    "the answer of a metrics server to a query",
    1 << 20,
    Some(Duration::from_secs(10)),
    "at most 50 series; `[metrics] time-limit` changes the time limit",
);
/// An answer of a CI system.
pub const CI: Limit = Limit::new(
    "one answer of a CI system",
    8 << 20,
    Some(Duration::from_secs(20)),
    "",
);
/// An answer of Slack to an incoming webhook: one word.
pub const SLACK: Limit = Limit::new(
    "the answer of Slack to a webhook",
    1 << 10,
    Some(Duration::from_secs(3)),
    "",
);
/// An answer of the API of Slack, which repeats the message.
pub const SLACK_API: Limit = Limit::new(
    "one answer of the API of Slack",
    1 << 20,
    Some(Duration::from_secs(3)),
    "",
);
/// A webhook.
pub const WEBHOOK: Limit = Limit::new(
    "a webhook",
    1 << 20,
    Some(Duration::from_secs(10)),
    "512 connections, each for at most 60 s",
);
/// A request of a person: the fields of a form, or JSON.
pub const FORM: Limit = Limit::new(
    "a request of a person to `serve`",
    16 << 10,
    Some(Duration::from_secs(10)),
    "",
);
/// An answer of `PostgreSQL`.
pub const DATABASE: Limit = Limit::new(
    "one answer of PostgreSQL",
    64 << 20,
    Some(Duration::from_secs(30)),
    "`connect_timeout` limits the login; the server has 10 s for a statement and 5 s for a lock",
);
/// All limits, in the order of the documentation.
pub const ALL: [&Limit; 30] = [
    &CONFIGURATION,
    &COMPONENT,
    &MESSAGE,
    &INPUT,
    &HISTORY,
    &ANSWER,
    &FACTS,
    &EVENT,
    &RESULT,
    &EXPORTED,
    &SECRET,
    &CERTIFICATES,
    &LOG,
    &CHILD_OUTPUT,
    &VARIABLE,
    &COMMIT,
    &GIT,
    &CHILD_ERRORS,
    &LINE,
    &NODE,
    &LIST,
    &REGISTRY,
    &TOKEN,
    &METRICS,
    &CI,
    &SLACK,
    &SLACK_API,
    &WEBHOOK,
    &FORM,
    &DATABASE,
];
