//! `greenlight run`: drives a deployment to its end.

mod console;
mod local;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::args::{Format, FormatArguments, compiler};
use super::output::Output;
use super::reports::ReportArguments;
use super::{Error, Exit, WarnExitCode, resolve};
use crate::config::{self, Config};
use crate::contract::documents::DecisionDocument;
use crate::contract::names::Named as _;
use crate::deployment::{self, Context, End, Outcome, Request, log};
use crate::effects::shutdown::Shutdown;
use crate::error::Kind;
use crate::report::decision;
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use, digest_of, read};
use crate::text::escape::escape;
use crate::text::json;
use console::Console;

/// Drive a deployment to its end.
///
/// Takes a release from its tag through the environments of `greenlight.toml`. Each step is recorded in a
/// journal before the next one starts, so that `--resume` continues a deployment whose process ended.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["tag", "resume", "local"]))]
pub struct Arguments {
    /// The tag of the release.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Continue an unfinished deployment [default: the latest one].
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a number"
    )]
    #[arg(long, value_name = "NUMBER", num_args = 0..=1)]
    resume: Option<Option<u64>>,
    /// Try the whole pipeline on this machine, for the commit that is checked out, with built-in nodes and a
    /// small built-in load test.
    #[arg(long)]
    local: bool,
    /// The digest of the image behind the tag: `sha256:` and 64 hexadecimal digits.
    #[arg(long, value_name = "DIGEST", value_parser = super::args::digest, conflicts_with_all = ["resume", "local"])]
    digest: Option<String>,
    /// Idempotency key: a second run with the same key starts nothing and exits with 0.
    #[arg(long, value_name = "KEY", value_parser = super::args::request, conflicts_with_all = ["resume", "local"])]
    request: Option<String>,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = config::FILE, env = "GREENLIGHT_CONFIG", hide_env_values = true)]
    config: PathBuf,
    /// The repository with the release's commit [default: the one around this folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Approve a release whose order relative to the live commit is unknown, as NAME.
    #[arg(long, value_name = "NAME", value_parser = super::args::person, conflicts_with = "resume")]
    approved_by: Option<String>,
    /// The exit status of a promotion with a warning.
    #[arg(long, value_name = "STATUS", value_enum, default_value_t)]
    warn_exit_code: WarnExitCode,
    #[command(flatten)]
    reports: ReportArguments,
    #[command(flatten)]
    format: FormatArguments,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let shutdown = Shutdown::on_signals().map_err(|error| {
        Error::new(
            format!("failed to listen for signals: {error}"),
            "the system is out of threads or pipes; try again later",
        )
    })?;
    if arguments.local {
        return local::run(arguments, &shutdown, output);
    }
    let config = Config::read(&arguments.config)?;
    let (policy, digest) = policy(&config)?;
    let deployment = Deployment {
        config: &config,
        policy: &policy,
        digest,
        shutdown: &shutdown,
        arguments,
    };
    match (&arguments.tag, &arguments.resume) {
        (Some(tag), _) => deployment.begin(tag, output),
        (None, number) => {
            let number = number.flatten();
            deployment.drive(output, |context| deployment::resume(context, number))
        }
    }
}

/// The policy of the configuration, with its digest, which must match the configured one.
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
                "the digest of the policy `{}` does not match the configuration: it is {digest}",
                file.display()
            ),
            "check where the file comes from; if it is the right one, write its digest into the configuration",
        ));
    }
    Ok((Policy::from_bytes(&bytes, &compiler()?)?, digest))
}

/// Everything that a deployment is started with.
struct Deployment<'a> {
    config: &'a Config,
    policy: &'a Policy,
    digest: String,
    shutdown: &'a Shutdown,
    arguments: &'a Arguments,
}

impl Deployment<'_> {
    fn begin(&self, tag: &str, output: &mut Output) -> Result<Exit, Error> {
        let request = Request {
            tag,
            digest: self.arguments.digest.as_deref(),
            key: self.arguments.request.as_deref(),
            approved_by: self.arguments.approved_by.as_deref(),
        };
        self.drive(output, |context| deployment::begin(context, &request))
    }

    /// Drives a deployment with its progress on the console, and reports its result.
    fn drive(
        &self,
        output: &mut Output,
        drive: impl FnOnce(Context<'_>) -> Result<Outcome, deployment::Error>,
    ) -> Result<Exit, Error> {
        let mut console = Console::new(output, self.arguments.format.format);
        let outcome = drive(Context {
            config: self.config,
            policy: self.policy,
            policy_digest: &self.digest,
            repo: self.arguments.repo.as_deref(),
            shutdown: self.shutdown,
            screen: &mut console,
        });
        console.finish();
        match outcome? {
            Outcome::Driven { number, end } => self.finish(number, end, output),
            Outcome::AlreadyBegun(number) => {
                output.note(&format!(
                    "note: deployment {number} was already begun for this request\n"
                ));
                Ok(Exit::Go)
            }
            Outcome::AlreadyEnded {
                number,
                conclusion,
                permission,
            } => {
                let conclusion = escape(&conclusion);
                output.text(&format!("deployment {number} has ended: {conclusion}\n"));
                Ok(Exit::of(permission, self.arguments.warn_exit_code))
            }
            Outcome::Refused(reasons) => {
                resolve::refuse(self.arguments.format.format, reasons, output)
            }
        }
    }

    fn finish(
        &self,
        number: u64,
        end: Result<End, deployment::Error>,
        output: &mut Output,
    ) -> Result<Exit, Error> {
        let written = self.report(number);
        let end = end.map_err(|error| self.stopped(number, error))?;
        let exit = Exit::of(end.decision.permission, self.arguments.warn_exit_code);
        match self.arguments.format.format {
            Format::Human => output.text(&decision::text(&end.decision)),
            Format::Json => output.text(&json::pretty(&DecisionDocument::new(
                &end.release,
                end.decision,
            ))?),
        }
        if let Err(error) = written {
            // The deployment has ended, and its result is shown all the same.
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

    /// An error that stopped the deployment, with how to continue it.
    fn stopped(&self, number: u64, error: deployment::Error) -> Error {
        let mut error = Error::from(error);
        if error.kind == Kind::Interrupted {
            error.help = if self.arguments.local {
                "start again with `greenlight run --local`".to_owned()
            } else {
                format!("continue with `greenlight run --resume {number}`")
            };
        }
        error
    }

    fn report(&self, number: u64) -> Result<(), Error> {
        if self.arguments.reports.is_empty() {
            return Ok(());
        }
        let (_, mut store) = log::open(self.config)?;
        self.arguments.reports.write(store.as_mut(), number)
    }
}
