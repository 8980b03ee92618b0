//! Arguments that commands share.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::Error;
use super::output::Output;
use crate::contract::labels::Labels;
use crate::contract::names::Named;
use crate::contract::settings;
use crate::contract::types::{Diagnostic, LoadTestAction, Settings, Severity};
use crate::contract::validate::{is_commit, is_digest};
use crate::facts::checkout::{self, Checkout};
use crate::facts::ci::Surroundings;
use crate::facts::git;
use crate::facts::message::{self, Reading};
use crate::report::snippet;
use crate::sandbox::{Compiler, Failure, Policy, Use};

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
    /// How the answer is written.
    #[arg(
        long,
        value_enum,
        default_value_t,
        env = "GREENLIGHT_FORMAT",
        hide_env_values = true
    )]
    pub format: Format,
}

/// Reads the name of a person: an empty variable of a pipeline is nobody.
///
/// # Errors
///
/// If there is no name.
pub fn person(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a name is needed".to_owned()),
        name => Ok(name.to_owned()),
    }
}

/// Reads what a deployment is requested by: an empty variable of a pipeline requests nothing.
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

/// Which policy, and what it is told about the team.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    /// Ask this component instead of the bundled policy.
    #[arg(
        long = "policy",
        value_name = "FILE",
        env = "GREENLIGHT_POLICY",
        hide_env_values = true,
        help_heading = "Policy"
    )]
    file: Option<PathBuf>,

    /// The branch whose builds are published [default: main].
    #[arg(
        long,
        value_name = "BRANCH",
        value_parser = NonEmptyStringValueParser::new(),
        env = "GREENLIGHT_PUBLISH_BRANCH",
        hide_env_values = true,
        help_heading = "Policy"
    )]
    publish_branch: Option<String>,

    /// The environments of a release, in order; the last one is production [default: stage,prod].
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_parser = environment,
        env = "GREENLIGHT_ENVIRONMENTS",
        hide_env_values = true,
        help_heading = "Policy"
    )]
    environments: Vec<String>,

    /// What a failed load test means when the message has no label [default: warn].
    #[arg(long, value_name = "ACTION", value_parser = named::<LoadTestAction>, env = "GREENLIGHT_DEFAULT_ACTION", hide_env_values = true, help_heading = "Policy")]
    default_action: Option<LoadTestAction>,
}

impl PolicyArguments {
    /// Loads the policy.
    pub fn policy(&self, how_often: Use) -> Result<Policy, Error> {
        Ok(match &self.file {
            None => Policy::bundled(how_often)?,
            Some(file) => Policy::from_file(file, &compiler()?)?,
        })
    }

    /// Whether it is the policy that this program carries.
    pub fn is_bundled(&self) -> bool {
        self.file.is_none()
    }

    /// What the team sets.
    pub fn settings(&self) -> Settings {
        let mut settings = settings::defaults();
        if let Some(branch) = &self.publish_branch {
            settings.publish_branch.clone_from(branch);
        }
        if !self.environments.is_empty() {
            let names = self.environments.iter();
            settings.environments = names.map(|name| settings::environment(name)).collect();
        }
        if let Some(action) = self.default_action {
            settings.default_action = action;
        }
        settings
    }
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
    /// The message itself.
    #[arg(
        long,
        value_name = "TEXT",
        allow_hyphen_values = true,
        help_heading = "Message"
    )]
    pub message: Option<String>,

    /// A file that holds the message.
    #[arg(long, value_name = "FILE", help_heading = "Message")]
    pub message_file: Option<PathBuf>,

    /// The commit that has the message, in any form that git understands.
    #[arg(long, value_name = "REV", help_heading = "Message")]
    pub rev: Option<String>,

    /// `-` reads the message from standard input.
    #[arg(value_name = "-", value_parser = ["-"], help_heading = "Message")]
    pub stdin: Option<String>,
}

/// Where the repository is, and whether the message is whole.
#[derive(Debug, Args)]
pub struct ReadingArguments {
    /// The repository [default: the one around the current folder].
    #[arg(long, value_name = "DIR", help_heading = "Message")]
    pub repo: Option<PathBuf>,

    /// Say that the end of the message is missing: the CI system cut it off.
    #[arg(long, help_heading = "Message")]
    pub truncated: bool,
}

/// A message that was read, and the commit it was read from.
pub struct Source<'a> {
    /// The message.
    pub reading: Reading,
    /// The commit, where there was one.
    pub commit: Option<String>,
    /// The CI system that named the commit, and the repository that was looked into.
    pub system: Option<(Surroundings, Checkout<'a>)>,
}

impl MessageArguments {
    /// The message of a commit.
    pub fn of_commit(commit: &str) -> Self {
        Self {
            message: None,
            message_file: None,
            rev: Some(commit.to_owned()),
            stdin: None,
        }
    }

    /// Whether any source was named.
    pub fn is_given(&self) -> bool {
        self.message.is_some()
            || self.message_file.is_some()
            || self.rev.is_some()
            || self.stdin.is_some()
    }

    /// Begins to read the message from where it was said to be; where nothing was said, from the CI
    /// system, of which is only asked then.
    pub fn begin<'a>(
        &self,
        reading: &'a ReadingArguments,
        ci: impl FnOnce() -> Result<Option<Surroundings>, Error>,
    ) -> Result<Pending<'a>, Error> {
        let from = if let Some(rev) = &self.rev {
            Origin::Commit(git::ask(reading.repo.as_deref(), rev)?)
        } else if let Some(given) = &self.message {
            Origin::Text(message::from_text(given)?)
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

/// A message that is being read: git looks its commit up while the policy is loaded.
pub struct Pending<'a> {
    from: Origin,
    reading: &'a ReadingArguments,
}

/// Where a message comes from.
enum Origin {
    Commit(git::Pending),
    Text(Reading),
    System {
        ci: Box<Surroundings>,
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
                    "name one with `--rev REV`, `--message-file FILE` or `--message TEXT`, or pipe it in \
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

/// A commit may have an empty message. A variable or a pipe that has none is somebody's mistake, and would
/// read as a message without a label.
fn not_empty(reading: Reading) -> Result<Reading, Error> {
    if reading.message.text.trim().is_empty() {
        return Err(Error::new(
            "the commit message is empty",
            "look where it was to come from, or take it from git with `--rev REV`",
        ));
    }
    Ok(reading)
}

/// Reads a member of a closed set by its name.
pub fn named<T: Named>(text: &str) -> Result<T, String> {
    T::from_name(text).ok_or_else(|| {
        let known: Vec<_> = T::ALL.iter().map(|(_, word)| *word).collect();
        format!("expected one of {}", known.join(", "))
    })
}

/// Reads the name of an environment.
fn environment(text: &str) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !text.is_empty() && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected names of lowercase letters and digits, with commas between them".to_owned())
    }
}

/// Reads a full commit hash.
pub fn commit(text: &str) -> Result<String, String> {
    if is_commit(text) {
        Ok(text.to_owned())
    } else {
        Err("expected a full commit hash: 40 (or 64) lowercase hexadecimal digits, as `git rev-parse` prints them".to_owned())
    }
}

/// Reads the digest of an image.
pub fn digest(text: &str) -> Result<String, String> {
    if is_digest(text) {
        Ok(text.to_owned())
    } else {
        Err("expected `sha256:` and 64 lowercase hexadecimal digits".to_owned())
    }
}

/// Adds what only the reading of the message showed.
pub fn with_reading(mut labels: Labels, reading: &Reading) -> Labels {
    if reading.replaced {
        labels.diagnostics.push(Diagnostic {
            severity: Severity::Note,
            code: "message-not-utf8".to_owned(),
            message: "the message is not UTF-8; what could not be read was replaced".to_owned(),
            span: None,
            help: None,
        });
    }
    labels
}

/// Shows diagnostics to people who read the log, beside an answer that is for programs.
pub fn tell(output: &Output, text: &str, labels: &Labels) {
    for diagnostic in &labels.diagnostics {
        output.note(&snippet::diagnostic(text, diagnostic, output.note_colour()));
    }
}
