//! The effects log: one JSON object per line, in the order in which the effects happened.
//!
//! Every stand-in opens the file to append, and writes each line with one system call. So the order of the lines is the
//! order of the effects, and does not depend on a clock.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// A command begins to change or to test an environment.
    Begin(Command),
    /// The command has done its work.
    End(Command),
    /// Slack accepted a message.
    Told {
        /// Its text.
        text: String,
    },
    /// The registry resolved a tag.
    Resolved {
        /// The tag.
        tag: String,
        /// Its digest, if the tag exists.
        digest: Option<String>,
    },
    /// A registry sent a webhook.
    Webhook {
        /// The tag that it names.
        tag: String,
        /// The digest that it names, if any.
        digest: Option<String>,
        /// The status of the answer; `None` without an answer.
        status: Option<u16>,
        /// Whether a fault explains that there is no answer.
        excused: bool,
    },
    /// A command of a person or a CI job has ended.
    Answered(Answer),
    /// A fault was injected.
    Fault {
        /// Its kind and its target.
        what: String,
    },
}

/// A deploy command or a load test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// `deploy` or `load-test`.
    pub kind: Kind,
    /// The environment.
    pub environment: String,
    /// The tag of the release.
    pub tag: String,
    /// The commit of the release.
    pub commit: String,
    /// The digest of the image; empty if it is unknown.
    pub digest: String,
    /// The number of the deployment.
    pub deployment: u64,
    /// The folder of this run, which is the attempt.
    pub run: String,
    /// Whether no other command ran in the environment: it got the lock of the kernel.
    pub alone: bool,
    /// Seconds since the machine started.
    pub at: f64,
}

/// The kind of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Changes the environment.
    Deploy,
    /// Tests the environment.
    LoadTest,
}

/// How a command of greenlight ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The arguments.
    pub arguments: Vec<String>,
    /// The exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// What it printed.
    pub said: String,
    /// Whether the test killed it.
    pub killed: bool,
    /// Whether it did not end in time.
    pub silent: bool,
}

/// The log of one service.
#[derive(Clone, Debug)]
pub struct EffectsLog(PathBuf);

impl EffectsLog {
    /// The log in a folder.
    pub fn of(folder: &Path) -> Self {
        Self(folder.join("effects.log"))
    }

    /// Its file.
    pub fn file(&self) -> &Path {
        &self.0
    }

    /// Appends a line.
    pub fn write(&self, effect: &Effect) {
        let mut line = serde_json::to_string(effect).expect("JSON");
        line.push('\n');
        let file = File::options().create(true).append(true).open(&self.0);
        let written = file.and_then(|mut it| it.write_all(line.as_bytes()));
        written.expect("the effects log can be written");
    }

    /// Notes a fault.
    pub fn fault(&self, what: impl Into<String>) {
        self.write(&Effect::Fault { what: what.into() });
    }

    /// All lines.
    pub fn read(&self) -> Vec<Effect> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{line}: {why}")))
            .collect()
    }
}

impl Command {
    /// Whether another command has the same commit and, where both are known, the same digest.
    pub fn is_same_release(&self, other: &Self) -> bool {
        let is_unknown = self.digest.is_empty() || other.digest.is_empty();
        self.commit == other.commit && (is_unknown || self.digest == other.digest)
    }
}

impl Effect {
    /// The command that begins here.
    pub fn begun(&self) -> Option<&Command> {
        match self {
            Self::Begin(command) => Some(command),
            _ => None,
        }
    }

    /// The deploy command that begins here.
    pub fn deploy(&self) -> Option<&Command> {
        self.begun().filter(|it| it.kind == Kind::Deploy)
    }
}
