//! Arguments that commands share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::Error;
use super::output::Output;
use crate::contract::labels::Labels;
use crate::contract::names::Named;
use crate::contract::types::{Diagnostic, Severity};
use crate::contract::validate::{is_commit, is_digest};
use crate::facts::checkout::{self, Checkout};
use crate::facts::ci::CiEnvironment;
use crate::facts::git;
use crate::facts::message::{self, Reading};
use crate::report::terminal;
use crate::sandbox::{Compiler, Failure};

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one document, described by `greenlight schema`.
    Json,
}

/// How an answer is written.
#[derive(Debug, Args)]
pub struct FormatArguments {
    /// Write the answer for people or for programs.
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "GREENLIGHT_FORMAT",
        hide_env_values = true
    )]
    pub format: Format,
}

/// Parses the number of a deployment.
///
/// # Errors
///
/// If it is not a whole number from 1.
pub fn deployment(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            Err("expected the number of a deployment, as `greenlight status` prints it".to_owned())
        }
    }
}

/// Parses a count.
///
/// # Errors
///
/// If it is not a whole number from 0.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| "expected a whole number from 0".to_owned())
}

/// Parses an address to listen on.
///
/// # Errors
///
/// If it is not an IP address with a port.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address with a port, like `127.0.0.1:8930`".to_owned())
}

/// Parses the name of a person. An empty variable of a pipeline is an error.
///
/// # Errors
///
/// If the text is blank.
pub fn person(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected a name that is not blank".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// Parses a duration.
///
/// # Errors
///
/// If it is not a duration, or negative.
pub fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok();
    parsed
        .and_then(|it| Duration::try_from(it).ok())
        .ok_or_else(|| "expected a duration, like `90s` or `10m`".to_owned())
}

/// Parses the reason that a person gives.
///
/// # Errors
///
/// If it is blank, or can't be printed on a line.
pub fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected a reason that is not blank".to_owned()),
        text if text.chars().any(char::is_control) => {
            Err("expected a reason on one line".to_owned())
        }
        text => Ok(text.to_owned()),
    }
}

/// Parses an idempotency key. An empty variable of a pipeline is an error.
///
/// # Errors
///
/// If it is empty, longer than 200 bytes, or can't be printed on a line.
pub fn request(text: &str) -> Result<String, String> {
    if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        return Err("expected one line of 1 to 200 bytes".to_owned());
    }
    Ok(text.to_owned())
}

/// The program that compiles foreign components: this one.
pub fn compiler() -> Result<Compiler, Failure> {
    Compiler::this_program()
        .map_err(|error| Failure::Host(format!("failed to find this program: {error}")))
}

/// Where a commit message comes from.
#[derive(Debug, Args)]
#[group(multiple = false, id = "message source")]
pub struct MessageArguments {
    /// Read this text. Several texts are paragraphs, as those of `git commit`: the title and the body of a pull request
    /// are the message of its squash.
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "Message"
    )]
    pub message: Vec<String>,

    /// Read the message from a file.
    #[arg(long, value_name = "FILE", help_heading = "Message")]
    pub message_file: Option<PathBuf>,

    /// Read the message of a commit, in any form that git understands.
    #[arg(long, value_name = "REV", help_heading = "Message")]
    pub rev: Option<String>,

    /// Read the message from standard input.
    #[arg(value_name = "-", value_parser = ["-"], help_heading = "Message")]
    pub stdin: Option<String>,
}

/// Where the repository is, and whether the message is complete.
#[derive(Debug, Args)]
pub struct ReadingArguments {
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR", help_heading = "Message")]
    pub repo: Option<PathBuf>,

    /// Treat the end of the message as missing, because the CI system cut it off.
    #[arg(long, conflicts_with = "rev", help_heading = "Message")]
    pub truncated: bool,
}

/// A message that was read, and the commit it was read from.
pub struct Source<'a> {
    /// The message.
    pub reading: Reading,
    /// The commit, if the message is that of a commit.
    pub commit: Option<String>,
    /// The CI system that named the commit, and the repository that was examined.
    pub system: Option<(CiEnvironment, Checkout<'a>)>,
}

impl MessageArguments {
    /// The message of a commit.
    pub fn of_commit(commit: &str) -> Self {
        Self {
            message: Vec::new(),
            message_file: None,
            rev: Some(commit.to_owned()),
            stdin: None,
        }
    }

    /// Whether a source is given.
    pub fn is_given(&self) -> bool {
        !self.message.is_empty()
            || self.message_file.is_some()
            || self.rev.is_some()
            || self.stdin.is_some()
    }

    /// Starts to read the message from the given source; without one, detects the CI system and reads from it.
    pub fn begin<'a>(
        &self,
        reading: &'a ReadingArguments,
        ci: impl FnOnce() -> Result<Option<CiEnvironment>, Error>,
    ) -> Result<Pending<'a>, Error> {
        let from = if let Some(rev) = &self.rev {
            Origin::Commit(git::ask(reading.repo.as_deref(), rev)?)
        } else if !self.message.is_empty() {
            Origin::Text(message::from_paragraphs(&self.message)?)
        } else if let Some(file) = &self.message_file {
            Origin::Text(message::from_file(file)?)
        } else if self.stdin.is_some() {
            Origin::Text(message::from_stdin()?)
        } else if let Some(ci) = ci()? {
            Origin::System {
                asked: checkout::ask(reading.repo.as_deref(), &ci),
                ci: Box::new(ci),
            }
        } else {
            Origin::Nowhere
        };
        Ok(Pending { from, reading })
    }
}

/// A message that is being read: git looks up its commit while the policy is loaded.
pub struct Pending<'a> {
    from: Origin,
    reading: &'a ReadingArguments,
}

/// Where a message comes from.
enum Origin {
    Commit(git::Pending),
    Text(Reading),
    System {
        ci: Box<CiEnvironment>,
        asked: Result<git::PendingPair, Error>,
    },
    Nowhere,
}

impl<'a> Pending<'a> {
    /// Waits until the message has been read.
    pub fn finish(self) -> Result<Source<'a>, Error> {
        let mut system = None;
        let (mut reading, commit) = match self.from {
            Origin::Commit(pending) => {
                let commit = pending.finish()?;
                (message::from_commit(&commit)?, Some(commit.id))
            }
            Origin::Text(reading) => (not_empty(reading)?, None),
            Origin::System { ci, asked } => {
                let looked = Checkout {
                    repo: self.reading.repo.as_deref(),
                    looked: asked.and_then(git::PendingPair::finish),
                };
                let found = looked.message(&ci)?;
                system = Some((*ci, looked));
                (found.reading, Some(found.commit))
            }
            Origin::Nowhere => {
                return Err(Error::new(
                    "no commit message",
                    "give one with `--rev REV`, `--message-file FILE` or `--message TEXT`, or pipe it in \
                     with `-`",
                ));
            }
        };
        reading.message.truncated |= self.reading.truncated;
        Ok(Source {
            reading,
            commit,
            system,
        })
    }
}

/// Refuses an empty text. A commit may have an empty message, but an empty variable or pipe is a mistake that
/// would read as a message without a label.
fn not_empty(reading: Reading) -> Result<Reading, Error> {
    if reading.message.text.trim().is_empty() {
        return Err(Error::new(
            "the commit message is empty",
            "check the variable or the file that it comes from, or read it from git with `--rev REV`",
        ));
    }
    Ok(reading)
}

/// Parses the name of an enum case.
pub fn named<T: Named>(text: &str) -> Result<T, String> {
    T::from_name(text).ok_or_else(|| {
        let known: Vec<_> = T::ALL.iter().map(|(_, word)| *word).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// Parses a full commit hash.
pub fn commit(text: &str) -> Result<String, String> {
    if is_commit(text) {
        Ok(text.to_owned())
    } else {
        Err("expected a full commit hash: 40 (or 64) lowercase hexadecimal digits, as `git rev-parse` prints them".to_owned())
    }
}

/// Parses the digest of an image.
pub fn digest(text: &str) -> Result<String, String> {
    if is_digest(text) {
        Ok(text.to_owned())
    } else {
        Err("expected `sha256:` and 64 lowercase hexadecimal digits".to_owned())
    }
}

/// Adds a note if the message was not UTF-8.
pub fn with_reading(mut labels: Labels, reading: &Reading) -> Labels {
    if reading.replaced {
        labels.diagnostics.push(Diagnostic {
            severity: Severity::Note,
            code: "message-not-utf8".to_owned(),
            message: "the message is not UTF-8; invalid bytes were replaced".to_owned(),
            span: None,
            help: None,
        });
    }
    labels
}

/// Prints diagnostics on standard error, beside an answer on standard output that is for programs.
pub fn tell(output: &Output, text: &str, labels: &Labels) {
    for diagnostic in &labels.diagnostics {
        output.note(&terminal::diagnostic(
            text,
            diagnostic,
            output.note_colour(),
        ));
    }
}
