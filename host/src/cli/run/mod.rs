//! `greenlight run`: deploys a release.

mod begin;
mod console;
mod live;
mod local;
mod request;
mod resume;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::args::{Format, FormatArguments};
use super::configuration::{self, PolicyArguments};
use super::journal::{failed, open};
use super::output::Output;
use super::reports::ReportArguments;
use super::{Error, Exit, WarnExitCode};
use crate::config::{Config, PolicyFile};
use crate::contract::documents::DecisionDocument;
use crate::contract::names::Named as _;
use crate::contract::types::Settings;
use crate::deployment::{self, End, Leases, Means};
use crate::effects::interrupt::Interrupt;
use crate::error::Kind;
use crate::journal::{Holder, Location};
use crate::report::decision;
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use, digest_of};
use crate::text::json;
use console::Console;

/// Deploy a release: decide, act, record, and decide again until it has ended.
///
/// The release goes through the environments of `greenlight.toml`. Every event is written to the journal before
/// the next step starts, so `--resume` continues a deployment whose process has ended.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["tag", "resume", "local"]))]
pub struct Arguments {
    /// Deploy the release of this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Resume an unfinished deployment [default: the latest one].
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a number"
    )]
    #[arg(long, value_name = "NUMBER", num_args = 0..=1)]
    resume: Option<Option<u64>>,
    /// Try the whole pipeline on this machine, for the checked-out commit, with built-in nodes and a small built-in
    /// load test. Labels, policy, environments and thresholds come from the configuration, if there is one.
    #[arg(long)]
    local: bool,
    /// Set the digest of the tag's image: `sha256:` and 64 hexadecimal digits.
    #[arg(long, value_name = "DIGEST", value_parser = super::args::digest, conflicts_with_all = ["resume", "local"])]
    digest: Option<String>,
    /// Set an idempotency key: a second run with the same key exits with 0 and starts nothing.
    #[arg(long, value_name = "KEY", value_parser = super::args::request, conflicts_with_all = ["resume", "local"])]
    request: Option<String>,
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Approve, as NAME, a release whose order relative to the live commit is unknown.
    #[arg(long, value_name = "NAME", value_parser = super::args::person, conflicts_with = "resume")]
    approved_by: Option<String>,
    /// Set the exit status of a promotion with a warning.
    #[arg(long, value_name = "STATUS", value_enum, default_value_t)]
    warn_exit_code: WarnExitCode,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    reports: ReportArguments,
    #[command(flatten)]
    format: FormatArguments,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let interrupt = Interrupt::on_signals().map_err(|error| {
        Error::new(
            format!("failed to listen for signals: {error}"),
            "free resources of this machine (threads, pipes), and run the command again",
        )
    })?;
    let flags = arguments.policy.flags(arguments.repo.as_deref());
    let resolved = configuration::resolve(&flags, output)?;
    if arguments.local {
        return local::run(arguments, &resolved, &interrupt, output);
    }
    resolved.check_deployable()?;
    let config = resolved.required()?;
    let (policy, digest) = load(config.policy.as_ref())?;
    let deployment = Deployment {
        config: &config,
        policy: &policy,
        digest,
        interrupt: &interrupt,
        arguments,
    };
    match (&arguments.tag, &arguments.resume) {
        (Some(tag), _) => deployment.begin(tag, output),
        (None, number) => deployment.resume(number.flatten(), output),
    }
}

/// Loads the policy that decides about a deployment, and says which one it is, for the journal.
fn load(file: Option<&PolicyFile>) -> Result<(Policy, String), Error> {
    let (policy, digest) = configuration::load(file, Use::Often)?;
    Ok((
        policy,
        digest.unwrap_or_else(|| digest_of(BUNDLED_COMPONENT)),
    ))
}

/// Everything that a deployment is started with.
struct Deployment<'a> {
    config: &'a Config,
    policy: &'a Policy,
    digest: String,
    interrupt: &'a Interrupt,
    arguments: &'a Arguments,
}

impl Deployment<'_> {
    fn means<'b>(&'b self, console: &'b mut Console) -> Means<'b> {
        Means {
            config: self.config,
            policy: self.policy,
            repo: self.arguments.repo.as_deref(),
            interrupt: self.interrupt,
            screen: console,
        }
    }

    fn keep(&self, location: Location) -> Result<Leases, Error> {
        Leases::keep(location, Holder::this_process(), self.config.lease).map_err(|error| {
            Error::new(
                format!("failed to start a thread: {error}"),
                "free resources of this machine (threads), and run the command again",
            )
        })
    }

    fn finish(
        &self,
        end: Result<End, deployment::Error>,
        number: u64,
        console: Console,
        output: &mut Output,
    ) -> Result<Exit, Error> {
        console.finish();
        let written = self.report(number);
        let end = match end {
            Ok(end) => end,
            Err(error) => return Err(self.unfinished_because(error, number)),
        };
        let exit = Exit::of(end.decision.permission, self.arguments.warn_exit_code);
        match self.arguments.format.format {
            Format::Human => output.text(&decision::text(&end.decision)),
            Format::Json => output.text(&json::pretty(&DecisionDocument::new(
                &end.release,
                end.decision,
            ))?),
        }
        if let Err(error) = written {
            // The deployment has ended, and what it ended with is said all the same.
            output.error(&error.text());
            output.error(&format!(
                "  help: deployment {number} ended as {}; write the report with `greenlight status \
                 {number} --report FORMAT=FILE`\n",
                end.conclusion.name()
            ));
            return Ok(Exit::Output);
        }
        Ok(exit)
    }

    fn unfinished_because(&self, error: deployment::Error, number: u64) -> Error {
        let go_on = if self.arguments.local {
            "start again with `greenlight run --local`".to_owned()
        } else {
            format!("go on with `greenlight run --resume {number}`")
        };
        match error {
            deployment::Error::Policy(failure) => failure.into(),
            deployment::Error::Journal(error) => failed(error),
            deployment::Error::Host(error) => error,
            deployment::Error::Interrupted => Error::of(
                Kind::Interrupted,
                format!("deployment {number} was interrupted"),
                go_on,
            ),
            deployment::Error::LostLease(environment) => Error::of(
                Kind::Interrupted,
                format!(
                    "the lease of `{environment}` was lost to another deployment: nothing more is done"
                ),
                go_on,
            ),
        }
    }

    fn report(&self, number: u64) -> Result<(), Error> {
        if self.arguments.reports.is_empty() {
            return Ok(());
        }
        let (_, mut store) = open(self.config)?;
        self.arguments.reports.write(store.as_mut(), number)
    }
}

/// The place of the environment that a tag names, in the order of the settings.
fn place(settings: &Settings, environment: &str) -> Result<usize, Error> {
    let mut known = settings.environments.iter();
    known.position(|it| it.name == environment).ok_or_else(|| {
        Error::new(
            format!("the tag asks for the environment `{environment}`, which is not configured"),
            "add it to the configuration as an `[[environment]]`",
        )
    })
}
