//! `greenlight run`: drives a deployment to its end.

mod begin;
mod console;
mod live;
mod local;
mod request;
mod resume;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::args::{Format, FormatArguments, compiler};
use super::journal::{failed, open};
use super::output::Output;
use super::reports::ReportArguments;
use super::{Error, Exit, WarnExitCode};
use crate::config::{self, Config};
use crate::contract::documents::DecisionDocument;
use crate::contract::names::Named as _;
use crate::contract::types::Settings;
use crate::deployment::{self, End, Leases, Means};
use crate::effects::interrupt::Interrupt;
use crate::error::Kind;
use crate::journal::{Holder, Location};
use crate::report::decision;
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use, digest_of, read};
use crate::text::json;
use console::Console;

/// Drive a deployment to its end: decide, do, record, decide again.
///
/// Takes a release from its tag through the environments of `greenlight.toml`. Everything that happens is
/// in a journal before the next thing starts, so that a deployment whose process ended goes on with
/// `--resume` where it was.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["tag", "resume", "local"]))]
pub struct Arguments {
    /// The tag that asks for the deployment.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Go on with a deployment that has not ended [default: the latest one].
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a number"
    )]
    #[arg(long, value_name = "NUMBER", num_args = 0..=1)]
    resume: Option<Option<u64>>,
    /// Try the whole pipeline on this machine, for the commit you stand on: built-in nodes, a small
    /// built-in load, nothing to configure.
    #[arg(long)]
    local: bool,
    /// The digest of the image behind the tag: `sha256:` and 64 hexadecimal digits.
    #[arg(long, value_name = "DIGEST", value_parser = super::args::digest, conflicts_with_all = ["resume", "local"])]
    digest: Option<String>,
    /// What asks for the deployment, in any words: of the same request no second one is begun.
    #[arg(long, value_name = "KEY", value_parser = super::args::request, conflicts_with_all = ["resume", "local"])]
    request: Option<String>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = config::FILE, env = "GREENLIGHT_CONFIG", hide_env_values = true)]
    config: PathBuf,
    /// The repository with the release's commit [default: the one around this folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Who lets the release go where its ancestry with what is live is not known.
    #[arg(long, value_name = "NAME", value_parser = super::args::person, conflicts_with = "resume")]
    approved_by: Option<String>,
    /// The status of a promotion with a warning.
    #[arg(long, value_name = "STATUS", value_enum, default_value_t)]
    warn_exit_code: WarnExitCode,
    #[command(flatten)]
    reports: ReportArguments,
    #[command(flatten)]
    format: FormatArguments,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let interrupt = Interrupt::on_signals().map_err(|error| {
        Error::new(
            format!("failed to listen for signals: {error}"),
            "this machine gives no thread or pipe; try again when it has room",
        )
    })?;
    if arguments.local {
        return local::run(arguments, &interrupt, output);
    }
    let config = Config::read(&arguments.config)?;
    let (policy, digest) = policy(&config)?;
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

/// The policy of the configuration, which must be the very one that it names.
pub fn policy(config: &Config) -> Result<(Policy, String), Error> {
    let Some(table) = &config.policy else {
        return Ok((Policy::bundled(Use::Often)?, digest_of(BUNDLED_COMPONENT)));
    };
    let file = config.folder.join(&table.file);
    let bytes = read(&file)?;
    let digest = digest_of(&bytes);
    if digest != table.digest {
        return Err(Error::new(
            format!(
                "the policy `{}` is another one than configured: its digest is {digest}",
                file.display()
            ),
            "check where the file comes from; if it is meant, write its digest into the configuration",
        ));
    }
    Ok((Policy::from_bytes(&bytes, &compiler()?)?, digest))
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
                "this machine gives none; try again when it has room",
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
            output.note(&error.text());
            output.note(&format!(
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
            format!("the tag asks for `{environment}`, which the settings do not have"),
            "name it in the configuration as an `[[environment]]`",
        )
    })
}
