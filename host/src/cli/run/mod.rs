//! `greenlight run`: deploys a release, also with the whole pipeline on this machine.

mod arguments;
mod built_in;
mod built_in_people;
mod console;
mod image;
mod messages;

pub use arguments::Arguments;
use console::Console;

use super::args::Format;
use super::configuration;
use super::output::{Output, refuse};
use super::person;
use super::reports;
use super::table::publishable;
use super::{Error, Exit};
use crate::config::Config;
use crate::config::resolved::Resolved;
use crate::contract::documents::DecisionDocument;
use crate::contract::fields::digest_of;
use crate::contract::names::Named as _;
use crate::deployment::timeline::Timeline;
use crate::deployment::what_now::what_now;
use crate::deployment::{self, Context, End, Outcome, Request, log};
use crate::effects::shutdown::Shutdown;
use crate::error::{Explain as _, Kind};
use crate::facts::{git, message};
use crate::journal;
use crate::local;
use crate::report::export::{Findings, Name};
use crate::report::terminal;
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use};
use crate::text::escape::escape;
use crate::text::json;

/// The exported variables.
const NAMES: [Name; 4] = [
    Name::Commit,
    Name::Conclusion,
    Name::Permission,
    Name::Reason,
];

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = &arguments.exports;
    exports.around("run", &NAMES, output, |found, output| {
        deploy(arguments, found, output)
    })
}

fn deploy(arguments: &Arguments, found: &mut Findings, output: &mut Output) -> Result<Exit, Error> {
    let shutdown = Shutdown::on_signals()?;
    let flags = arguments.policy.flags(arguments.repo.as_deref());
    let is_used = |name: &str| !arguments.local || local::uses(name);
    let resolved = configuration::resolve_used(&flags, output, is_used)?;
    if arguments.local {
        return run_local(arguments, &resolved, &shutdown, (found, output));
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
        (Some(tag), _) => deployment.begin(tag, found, output),
        (None, number) => {
            let number = number.flatten();
            let excuses = arguments.excuses()?;
            deployment.drive(found, output, |context| {
                deployment::resume(context, number, excuses.as_ref())
            })
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
    fn begin(&self, tag: &str, found: &mut Findings, output: &mut Output) -> Result<Exit, Error> {
        if let Some(key) = &self.arguments.request
            && let Some(number) = deployment::already_begun(self.config, tag, key)?
        {
            return Ok(already_begun(number, output));
        }
        let waiver = self.arguments.waiver()?;
        let excuses = self.arguments.excuses()?;
        let digest = self.digest(tag, output)?;
        let urgent = self.arguments.urgent()?;
        let approved_by = self.arguments.approved_by.as_deref();
        let approved_by = approved_by.map(|it| person::named(Some(it))).transpose()?;
        let request = Request {
            tag,
            digest: digest.as_deref(),
            key: self.arguments.request.as_deref(),
            again: self.arguments.again,
            approved_by: approved_by.as_ref(),
            urgent: urgent.as_ref(),
            facts: &self.arguments.facts.facts,
            waiver: waiver.as_ref(),
            excuses: excuses.as_ref(),
        };
        self.drive(found, output, |context| {
            deployment::begin(context, &request)
        })
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
        found: &mut Findings,
        output: &mut Output,
        drive: impl FnOnce(Context<'_>) -> Result<Outcome, deployment::Error>,
    ) -> Result<Exit, Error> {
        let mut console = Console::new(output, self.arguments.format.format, self.arguments.local);
        let outcome = drive(Context {
            config: self.config,
            policy: self.policy,
            policy_digest: &self.digest,
            repo: self.arguments.repo.as_deref(),
            shutdown: self.shutdown.clone(),
            screen: &mut console,
        });
        console.finish();
        let exit = self.exit(outcome?, found, output);
        let messages = &self.arguments.messages;
        messages.send(self.config, self.shutdown, output);
        exit
    }

    /// Reports the result of a deployment.
    fn exit(
        &self,
        outcome: Outcome,
        found: &mut Findings,
        output: &mut Output,
    ) -> Result<Exit, Error> {
        match outcome {
            Outcome::Driven { number, end } => self.finish(number, end, found, output),
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
                found.set(Name::Conclusion, conclusion.name());
                found.set(Name::Permission, permission.name());
                let conclusion = conclusion.name();
                output.text(&format!("deployment {number} has ended: {conclusion}\n"));
                Ok(Exit::of(permission, self.arguments.warn_exit_code))
            }
            Outcome::Refused(reasons) => {
                found.refused(&reasons);
                refuse(self.arguments.format.format, reasons, output)
            }
        }
    }

    fn finish(
        &self,
        number: u64,
        end: Result<End, deployment::Error>,
        found: &mut Findings,
        output: &mut Output,
    ) -> Result<Exit, Error> {
        let timeline = self.timeline(number);
        let now = timeline.as_ref().map_or_else(|_| Vec::new(), what_now);
        if let Ok(timeline) = &timeline {
            found.set(Name::Commit, &timeline.commit);
        }
        let written = match timeline {
            Ok(timeline) => self.arguments.reports.write_timeline(&timeline),
            Err(_) if self.arguments.reports.is_empty() => Ok(()),
            Err(error) => Err(error),
        };
        let end = end.map_err(|error| self.stopped(number, error))?;
        found.ended(end.conclusion, &end.decision);
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

/// Reports the deployment that was already begun with the idempotency key.
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
    (found, output): (&mut Findings, &mut Output),
) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let commit = git::commit(repo, "HEAD")?;
    let (policy, digest) = load(resolved)?;
    let settings = local::settings(resolved);
    let reading = message::from_commit(&commit)?;
    let format = arguments.format.format;
    let labels = match policy.parse(&reading.message, settings.default_action)? {
        Ok(labels) => labels,
        Err(reasons) => {
            found.refused(&reasons);
            return refuse(format, reasons, output);
        }
    };
    let build = publishable(&commit.id, labels.action, &settings);
    let tags = match policy.tags(&build, &settings)? {
        Ok(tags) => tags,
        Err(reasons) => {
            found.refused(&reasons);
            return refuse(format, reasons, output);
        }
    };
    if let (Some(path), Some(config)) = (resolved.path(), resolved.config()) {
        output.note(&format!(
            "note: settings are from `{}`; `run --local` replaces {}\n",
            escape(&path.display().to_string()),
            built_in::replaced(config)
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
    let (nodes, folder, program) = built_in::start(&names, before.as_deref()).explain(
        "failed to start the built-in nodes",
        "the system is out of ports, threads or disk space; try again later",
    )?;
    let windows = resolved.config().map(|it| it.windows.clone());
    let agreed = (settings, windows.unwrap_or_default());
    let config = local::config(&program, folder.path(), &nodes, agreed);
    let _people = built_in_people::start(&config).map_err(Error::no_thread)?;
    let deployment = Deployment {
        config: &config,
        policy: &policy,
        digest,
        shutdown,
        arguments,
    };
    deployment.begin(tags.first().map_or("", String::as_str), found, output)
}
