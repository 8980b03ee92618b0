//! How much is read of what comes from outside, and for how long: every reader in one list. The readers take their
//! limits from here.
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
    /// What is read, for the documentation.
    pub of: &'static str,
    /// The most bytes that are kept in memory.
    pub bytes: u64,
    /// How long reading may take in total; `None` for what has no end of its own or can't be slow.
    time: Option<Duration>,
    /// What else is limited, for the documentation.
    pub note: &'static str,
}

impl Limit {
    const fn new(of: &'static str, bytes: u64, time: Option<Duration>, note: &'static str) -> Self {
        Self {
            of,
            bytes,
            time,
            note,
        }
    }

    /// How long reading may take; `None` without a limit of its own.
    pub fn time_limit(&self) -> Option<Duration> {
        #[cfg(test)]
        if let Some(shorter) = tests::shorter_time_limit() {
            return self.time.map(|it| it.min(shorter));
        }
        self.time
    }

    /// How long reading may take; a year without a limit of its own.
    pub fn time(&self) -> Duration {
        const YEAR: Duration = Duration::from_hours(365 * 24);
        self.time_limit().unwrap_or(YEAR)
    }

    /// The most bytes, as the length of something in memory.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a limit of what is kept in memory fits into it"
    )]
    pub const fn length(&self) -> usize {
        self.bytes as usize
    }

    /// The size in words: `4 MiB`.
    pub fn size(&self) -> String {
        match self.bytes {
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
            bytes => format!("{bytes} bytes"),
        }
    }
}

/// What is said of files.
const REGULAR: &str = "a regular file";

/// The configuration.
pub const CONFIGURATION: Limit = Limit::new("`greenlight.toml`", 1 << 20, None, REGULAR);
/// A component.
pub const COMPONENT: Limit = Limit::new(
    "a policy",
    32 << 20,
    None,
    "a regular file; its structure is counted before it is compiled, for which it has 60 s and 2 GiB",
);
/// A commit message.
pub const MESSAGE: Limit = Limit::new(
    "a commit message, from a file, standard input, a variable, an argument or git",
    4 << 20,
    None,
    "a regular file, or standard input to its end",
);
/// A history for `decide`.
pub const HISTORY: Limit = Limit::new("a history (`--history`)", 4 << 20, None, REGULAR);
/// The event file of GitHub Actions.
pub const EVENT: Limit = Limit::new("the event of GitHub Actions", 32 << 20, None, REGULAR);
/// A file with exported values of earlier steps.
pub const EXPORTED: Limit = Limit::new(
    "a file that values are exported into (`dotenv`, `circleci-parameters`)",
    1 << 20,
    None,
    REGULAR,
);
/// A file with a secret.
pub const SECRET: Limit = Limit::new("a file with a secret", 8 << 10, None, REGULAR);
/// The end of a log.
pub const LOG: Limit = Limit::new(
    "the end of a log, for a page of `serve`",
    1 << 20,
    None,
    REGULAR,
);
/// The end of what a deployment printed.
pub const CHILD_OUTPUT: Limit = Limit::new(
    "the end of what `greenlight run` printed, for the log of `serve`",
    2 << 10,
    None,
    REGULAR,
);
/// A variable of the environment.
pub const VARIABLE: Limit = Limit::new(
    "a variable of the environment",
    128 << 10,
    None,
    "the system starts no program with a longer one",
);
/// A commit, with its headers and signatures.
pub const COMMIT: Limit = Limit::new(
    "a commit of git, with its headers",
    5 << 20,
    Some(Duration::from_mins(10)),
    "asked for its size first; git itself gets at most 64 MiB for one object",
);
/// What git lists or compares.
pub const GIT: Limit = Limit::new(
    "another answer of git: a list of commits, a patch",
    32 << 20,
    Some(Duration::from_mins(10)),
    "git itself gets at most 256 MiB for one object",
);
/// What git, or a compiler, says on standard error.
pub const CHILD_ERRORS: Limit = Limit::new(
    "what a child process prints on standard error",
    64 << 10,
    None,
    "the rest is read and dropped",
);
/// A line that a command prints.
pub const LINE: Limit = Limit::new(
    "a line of a deploy or load test command",
    4 << 10,
    None,
    "the time limit is the command's; its log has at most 64 MiB",
);
/// An answer of a node.
pub const NODE: Limit = Limit::new(
    "the answer of a node",
    64 << 10,
    Some(Duration::from_secs(5)),
    "`node-time-limit` sets another time",
);
/// An answer of a registry.
pub const REGISTRY: Limit = Limit::new(
    "one answer of a registry: a manifest, a page of tags",
    4 << 20,
    Some(Duration::from_secs(20)),
    "at most 20,000 tags, counted while they are read, on 200 pages",
);
/// An answer of a token server.
pub const TOKEN: Limit = Limit::new(
    "the answer of a registry's token server",
    64 << 10,
    Some(Duration::from_secs(20)),
    "",
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
/// A form.
pub const FORM: Limit = Limit::new(
    "the form that cancels a deployment",
    16 << 10,
    Some(Duration::from_secs(10)),
    "",
);
/// All of them, in the order of the documentation.
pub const ALL: [&Limit; 22] = [
    &CONFIGURATION,
    &COMPONENT,
    &MESSAGE,
    &HISTORY,
    &EVENT,
    &EXPORTED,
    &SECRET,
    &LOG,
    &CHILD_OUTPUT,
    &VARIABLE,
    &COMMIT,
    &GIT,
    &CHILD_ERRORS,
    &LINE,
    &NODE,
    &REGISTRY,
    &TOKEN,
    &CI,
    &SLACK,
    &SLACK_API,
    &WEBHOOK,
    &FORM,
];
