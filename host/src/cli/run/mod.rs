//! `greenlight run`: deploys a release, also with the whole pipeline on this machine.

mod console;
mod image;

use std::io;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use console::Console;
use tempfile::TempDir;

use super::args::{Format, FormatArguments};
use super::configuration::{self, PolicyArguments};
use super::output::{Output, refuse};
use super::reports::{self, ReportArguments};
use super::table::publishable;
use super::{Error, Exit, WarnExitCode};
use crate::config::Config;
use crate::config::resolved::Resolved;
use crate::contract::documents::DecisionDocument;
use crate::contract::fields::digest_of;
use crate::contract::names::Named as _;
use crate::deployment::entry::Person;
use crate::deployment::timeline::Timeline;
use crate::deployment::what_now::what_now;
use crate::deployment::{self, Context, End, Outcome, Request, Waiver, log};
use crate::effects::shutdown::Shutdown;
use crate::error::{Explain as _, Kind};
use crate::facts::{git, message};
use crate::journal;
use crate::local::{self, Nodes};
use crate::report::terminal;
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use};
use crate::text::escape::escape;
use crate::text::json;

/// Deploy a release: decide, act, record, and decide again until it has ended.
///
/// The release goes through the environments of `greenlight.toml`. Every event is written to the journal before
/// the next step starts, so `--resume` continues a deployment whose process has ended.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["tag", "resume", "local"]))]
#[command(group = ArgGroup::new("word").multiple(true).args(["allow_stopped", "urgent"]))]
pub struct Arguments {
    /// Deploy the release of this tag.
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Resume an unfinished deployment [default: the latest one].
    #[expect(
        clippy::option_option,
        reason = "not given, given alone, and given with a number"
    )]
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, value_parser = super::args::deployment)]
    resume: Option<Option<u64>>,
    /// Try the whole pipeline on this machine, for the checked-out commit, with built-in nodes and a small built-in
    /// load test. Labels, policy, environments and thresholds come from the configuration, if there is one.
    #[arg(long)]
    local: bool,
    /// Set the digest of the tag's image: `sha256:` and 64 hexadecimal digits [default: the one that the registry of
    /// `[serve.registry]` names]. The registry must agree, unless `--request` is given too.
    #[arg(long, value_name = "DIGEST", value_parser = super::args::digest, conflicts_with_all = ["resume", "local"])]
    digest: Option<String>,
    /// Set an idempotency key: a second run with the same key names the deployment, exits with 0 and starts nothing.
    #[arg(long, value_name = "KEY", value_parser = super::args::request, conflicts_with_all = ["resume", "local"])]
    request: Option<String>,
    /// Deploy the release again if it is live already. Without it, such a release is reported, with exit status 0.
    #[arg(long, conflicts_with_all = ["resume", "local"])]
    again: bool,
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Approve, as NAME, a release whose order relative to the live commit is unknown.
    #[arg(long, value_name = "NAME", value_parser = super::args::person, conflicts_with_all = ["resume", "local"])]
    approved_by: Option<String>,
    /// Let the release carry this stopped commit to production without a load test that passes. Can be given more than
    /// once.
    #[arg(long, value_name = "COMMIT", value_parser = super::args::commit, requires_all = ["by", "reason"], conflicts_with_all = ["resume", "local"])]
    allow_stopped: Vec<String>,
    /// Supersede older releases at once while they are before production, and end their load tests.
    #[arg(long, requires_all = ["by", "reason"], conflicts_with_all = ["resume", "local"])]
    urgent: bool,
    /// Record this name as the person who decides it.
    #[arg(long, value_name = "NAME", value_parser = super::args::person, requires_all = ["reason", "word"])]
    by: Option<String>,
    /// Record this reason.
    #[arg(long, value_name = "TEXT", value_parser = super::args::reason, requires_all = ["by", "word"])]
    reason: Option<String>,
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

impl Arguments {
    /// The person who says that the release is urgent.
    fn urgent(&self) -> Option<Person> {
        let name = self.by.clone().filter(|_| self.urgent)?;
        let reason = self.reason.clone();
        Some(Person { name, reason })
    }

    /// The stopped commits that a person allows.
    fn waiver(&self) -> Option<Waiver> {
        let (by, reason) = (self.by.clone()?, self.reason.clone()?);
        let commits = self.allow_stopped.clone();
        (!commits.is_empty()).then_some(Waiver {
            commits,
            by,
            reason,
        })
    }
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let shutdown = Shutdown::on_signals()?;
    let flags = arguments.policy.flags(arguments.repo.as_deref());
    let is_used = |name: &str| !arguments.local || local::uses(name);
    let resolved = configuration::resolve_used(&flags, output, is_used)?;
    if arguments.local {
        return run_local(arguments, &resolved, &shutdown, output);
    }
    output.help_if_lost("the answer was lost; see `greenlight status` for the deployment");
    resolved.check_deployable()?;
    let (policy, digest) = load(&resolved)?;
    let config = resolved.required().map_err(|mut error| {
        error
            .help
            .push_str("; `greenlight run --local` tries the process without one");
        error
    })?;
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

/// Loads the policy that decides about a deployment, and its digest, for the journal.
fn load(resolved: &Resolved) -> Result<(Policy, String), Error> {
    let (policy, digest) = configuration::load(resolved, Use::Often)?;
    Ok((
        policy,
        digest.unwrap_or_else(|| digest_of(BUNDLED_COMPONENT)),
    ))
}

/// Everything that a deployment needs to start.
struct Deployment<'a> {
    config: &'a Config,
    policy: &'a Policy,
    digest: String,
    shutdown: &'a Shutdown,
    arguments: &'a Arguments,
}

impl Deployment<'_> {
    fn begin(&self, tag: &str, output: &mut Output) -> Result<Exit, Error> {
        if let Some(key) = &self.arguments.request
            && let Some(number) = deployment::already_begun(self.config, tag, key)?
        {
            return Ok(already_begun(number, output));
        }
        let waiver = self.arguments.waiver();
        let digest = self.digest(tag, output)?;
        let urgent = self.arguments.urgent();
        let request = Request {
            tag,
            digest: digest.as_deref(),
            key: self.arguments.request.as_deref(),
            again: self.arguments.again,
            approved_by: self.arguments.approved_by.as_deref(),
            urgent: urgent.as_ref(),
            waiver: waiver.as_ref(),
        };
        self.drive(output, |context| deployment::begin(context, &request))
    }

    /// The digest of the tag's image. `serve` has asked the registry before it passes a digest and a key.
    fn digest(&self, tag: &str, output: &mut Output) -> Result<Option<String>, Error> {
        let given = self.arguments.digest.as_deref();
        if given.is_some() && self.arguments.request.is_some() {
            return Ok(given.map(str::to_owned));
        }
        image::digest(self.config, tag, given, &mut |text| output.note(text))
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
            shutdown: self.shutdown.clone(),
            screen: &mut console,
        });
        console.finish();
        match outcome? {
            Outcome::Driven { number, end } => self.finish(number, end, output),
            Outcome::AlreadyBegun(number) => Ok(already_begun(number, output)),
            Outcome::LiveAlready(live) => {
                output.note(&format!(
                    "note: the release is live already: deployment {} promoted it, and all nodes of {} serve it; \
                     deploy it again with `--again`\n",
                    live.deployment,
                    live.environments.join(", ")
                ));
                Ok(Exit::Go)
            }
            Outcome::AlreadyEnded {
                number,
                conclusion,
                permission,
            } => {
                let conclusion = conclusion.name();
                output.text(&format!("deployment {number} has ended: {conclusion}\n"));
                Ok(Exit::of(permission, self.arguments.warn_exit_code))
            }
            Outcome::Refused(reasons) => refuse(self.arguments.format.format, reasons, output),
        }
    }

    fn finish(
        &self,
        number: u64,
        end: Result<End, deployment::Error>,
        output: &mut Output,
    ) -> Result<Exit, Error> {
        let timeline = self.timeline(number);
        let now = timeline.as_ref().map_or_else(|_| Vec::new(), what_now);
        let written = match timeline {
            Ok(timeline) => self.arguments.reports.write_timeline(&timeline),
            Err(_) if self.arguments.reports.is_empty() => Ok(()),
            Err(error) => Err(error),
        };
        let end = end.map_err(|error| self.stopped(number, error))?;
        let exit = Exit::of(end.decision.permission, self.arguments.warn_exit_code);
        match self.arguments.format.format {
            Format::Human => {
                output.text(&terminal::decision(&end.decision));
                output.text(&terminal::to_do(&now));
            }
            Format::Json => output.text(&json::pretty(&DecisionDocument::new(
                &end.release,
                end.decision,
            ))?),
        }
        if let Err(error) = written {
            // The deployment has ended, so its result is shown even if a report could not be written.
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

    /// An error that stopped the deployment, with how to continue it.
    fn stopped(&self, number: u64, error: deployment::Error) -> Error {
        let mut error = Error::from(error);
        let next = if self.arguments.local {
            "start again with `greenlight run --local`".to_owned()
        } else {
            format!("continue with `greenlight run --resume {number}`")
        };
        if error.kind == Kind::Interrupted {
            error.help = next;
        } else if let Some(journal::Error::Full(_) | journal::Error::Unavailable(_)) = error.cause()
        {
            error.help = format!("{}; then {next}", error.help);
        }
        error
    }

    /// The deployment as its journal has it.
    fn timeline(&self, number: u64) -> Result<Timeline, Error> {
        let (_, mut store) = log::open(self.config)?;
        reports::timeline(store.as_mut(), number)
    }
}

/// Says which deployment was begun for the idempotency key.
fn already_begun(number: u64, output: &mut Output) -> Exit {
    output.note(&format!(
        "note: deployment {number} was already begun with this idempotency key\n"
    ));
    Exit::Go
}

fn run_local(
    arguments: &Arguments,
    resolved: &Resolved,
    shutdown: &Shutdown,
    output: &mut Output,
) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let commit = git::commit(repo, "HEAD")?;
    let (policy, digest) = load(resolved)?;
    let settings = local::settings(resolved);
    let reading = message::from_commit(&commit)?;
    let format = arguments.format.format;
    let labels = match policy.parse(&reading.message, settings.default_action)? {
        Ok(labels) => labels,
        Err(reasons) => return refuse(format, reasons, output),
    };
    let build = publishable(&commit.id, labels.action, &settings);
    let tags = match policy.tags(&build, &settings)? {
        Ok(tags) => tags,
        Err(reasons) => return refuse(format, reasons, output),
    };
    if let (Some(path), Some(config)) = (resolved.path(), resolved.config()) {
        output.note(&format!(
            "note: settings are from `{}`; `run --local` replaces {}\n",
            escape(&path.display().to_string()),
            replaced(config)
        ));
    } else {
        output.note(&format!(
            "note: no configuration; `run --local` sets `min-requests` to {} and `convergence-deadline` to {}s\n",
            local::MIN_REQUESTS,
            local::CONVERGENCE_DEADLINE
        ));
    }
    let names: Vec<String> = settings
        .environments
        .iter()
        .map(|it| it.name.clone())
        .collect();
    // The nodes serve the previous commit first, if the commit has a parent.
    let before = git::commit(repo, "HEAD^").ok().map(|it| it.id);
    let (nodes, folder, program) = built_in(&names, before.as_deref()).explain(
        "failed to start the built-in nodes",
        "the system is out of ports, threads or disk space; try again later",
    )?;
    let config = local::config(&program, folder.path(), &nodes, settings);
    let deployment = Deployment {
        config: &config,
        policy: &policy,
        digest,
        shutdown,
        arguments,
    };
    deployment.begin(tags.first().map_or("", String::as_str), output)
}

/// Lists the parts of a configuration that built-in ones replace.
fn replaced(config: &Config) -> String {
    let parts = [
        (
            !config.environments.is_empty(),
            "nodes and deploy commands with their limits",
        ),
        (
            config.load_test.is_some(),
            "the load test's command, format and results",
        ),
        (config.slack.is_some(), "Slack"),
        (true, "the poll interval and the journal"),
    ];
    let parts = parts.iter().filter(|(is_set, _)| *is_set);
    parts.map(|(_, part)| *part).collect::<Vec<_>>().join(", ")
}

/// Starts the built-in nodes, and finds a folder and the program for their commands.
fn built_in(names: &[String], before: Option<&str>) -> io::Result<(Nodes, TempDir, PathBuf)> {
    let nodes = Nodes::start(names, before)?;
    let folder = tempfile::Builder::new().prefix("greenlight-").tempdir()?;
    Ok((nodes, folder, std::env::current_exe()?))
}
