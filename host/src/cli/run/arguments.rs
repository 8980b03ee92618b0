//! The flags of `greenlight run`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::messages::MessageArguments;
use crate::cli::args::{self, FormatArguments};
use crate::cli::configuration::PolicyArguments;
use crate::cli::exports::ExportArguments;
use crate::cli::fact_arguments::FactArguments;
use crate::cli::reports::ReportArguments;
use crate::cli::{Error, WarnExitCode, person};
use crate::deployment::entry::Person;
use crate::deployment::{Excuses, Waiver};

/// Deploy a release: decide, act and record, until the deployment has ended.
///
/// The release goes through the environments of `greenlight.toml`. Every event is written to the journal before
/// the next step starts, so `--resume` continues a deployment whose process has ended.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["tag", "resume", "local"]))]
#[command(group = ArgGroup::new("word").multiple(true).args(["allow_stopped", "urgent", "despite"]))]
pub struct Arguments {
    /// Deploy the release of this tag.
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Option<String>,
    /// Resume an unfinished deployment [default: the latest unfinished deployment].
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a number"
    )]
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, value_parser = args::deployment)]
    pub(super) resume: Option<Option<u64>>,
    /// Try the whole pipeline on this machine, for the checked-out commit, with built-in nodes and people and a small
    /// built-in load test. Labels, policy, environments and thresholds come from the configuration file, if it exists.
    #[arg(long)]
    pub(super) local: bool,
    /// Set the digest of the tag's image: `sha256:` and 64 hexadecimal digits [default: the digest that the registry of
    /// `[serve.registry]` has for the tag]. Without `--request`, the registry must have the same digest for the tag.
    #[arg(long, value_name = "DIGEST", value_parser = args::digest, conflicts_with_all = ["resume", "local"])]
    pub(super) digest: Option<String>,
    /// Set an idempotency key. A second run with the same key reports the existing deployment, exits with status 0 and
    /// starts no deployment.
    #[arg(long, value_name = "KEY", value_parser = args::request, conflicts_with_all = ["resume", "local"])]
    pub(super) request: Option<String>,
    /// Deploy the release again if it is live already. Without this flag, the command reports that the release is live
    /// and exits with status 0.
    #[arg(long, conflicts_with_all = ["resume", "local"])]
    pub(super) again: bool,
    /// Use the repository in this folder [default: the repository of the current folder].
    #[arg(long, value_name = "DIR")]
    pub(super) repo: Option<PathBuf>,
    /// Approve the release as NAME when it begins, also one whose order relative to the live commit is unknown. Like
    /// `greenlight approve`, this is about the image with the release's digest.
    #[arg(long, value_name = "NAME", value_parser = args::person, conflicts_with_all = ["resume", "local"])]
    pub(super) approved_by: Option<String>,
    /// Allow a release that contains this stopped commit to reach production without a passing load test. Can be given
    /// more than once.
    #[arg(long, value_name = "COMMIT", value_parser = args::commit, requires_all = ["by", "reason"], conflicts_with_all = ["resume", "local"])]
    pub(super) allow_stopped: Vec<String>,
    /// Immediately supersede older releases that have not reached production, and end their load tests.
    #[arg(long, requires_all = ["by", "reason"], conflicts_with_all = ["resume", "local"])]
    pub(super) urgent: bool,
    /// Let the release ignore this window or freeze, such as `freeze-1`. Can be given more than once.
    #[arg(long, value_name = "WINDOW", requires = "reason")]
    pub(super) despite: Vec<String>,
    /// Record NAME as the person who allows the stopped commits, declares the release urgent or lets it ignore a window
    /// [default for `--despite`: the person for whom the CI system runs the build].
    #[arg(long, value_name = "NAME", value_parser = args::person, requires_all = ["reason", "word"])]
    pub(super) by: Option<String>,
    /// Record TEXT as the reason for `--allow-stopped`, `--urgent` or `--despite`.
    #[arg(long, value_name = "TEXT", value_parser = args::reason, requires = "word")]
    pub(super) reason: Option<String>,
    /// Set the exit status of a promotion with a warning.
    #[arg(long, value_name = "STATUS", value_enum, default_value_t)]
    pub(super) warn_exit_code: WarnExitCode,
    #[command(flatten)]
    pub(super) facts: FactArguments,
    #[command(flatten)]
    pub(super) messages: MessageArguments,
    #[command(flatten)]
    pub(super) policy: PolicyArguments,
    #[command(flatten)]
    pub(super) reports: ReportArguments,
    #[command(flatten)]
    pub(super) exports: ExportArguments,
    #[command(flatten)]
    pub(super) format: FormatArguments,
}

impl Arguments {
    /// The person who declared the release urgent, if any.
    ///
    /// # Errors
    ///
    /// If the variables of the CI system can't be read.
    pub(super) fn urgent(&self) -> Result<Option<Person>, Error> {
        self.urgent.then(|| self.person()).transpose()
    }

    /// The windows that a person lets the release ignore, if any.
    ///
    /// # Errors
    ///
    /// If neither `--by` nor the CI system names the person.
    pub(super) fn excuses(&self) -> Result<Option<Excuses>, Error> {
        if self.despite.is_empty() {
            return Ok(None);
        }
        Ok(Some(Excuses {
            windows: self.despite.clone(),
            person: self.person()?,
        }))
    }

    /// The stopped commits that a person allowed, if any.
    ///
    /// # Errors
    ///
    /// If the variables of the CI system can't be read.
    pub(super) fn waiver(&self) -> Result<Option<Waiver>, Error> {
        if self.allow_stopped.is_empty() {
            return Ok(None);
        }
        Ok(Some(Waiver {
            commits: self.allow_stopped.clone(),
            person: self.person()?,
        }))
    }

    /// The person of `--by` or of the CI system, with the reason.
    fn person(&self) -> Result<Person, Error> {
        let mut person = person::named(self.by.as_deref())?;
        person.reason.clone_from(&self.reason);
        Ok(person)
    }
}
