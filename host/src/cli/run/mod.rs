//! `greenlight run`: drives a deployment to its end.

mod console;
mod local;

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::args::{Format, FormatArguments, compiler};
use super::output::Output;
use super::reports::ReportArguments;
use super::{Error, Exit, WarnExitCode};
use crate::config::{self, Config};
use crate::deployment::entry::{Began, Entry, InstructionDocument};
use crate::deployment::log::{self, Dated, Log, explained};
use crate::deployment::{self, Driver, End, Leases, Means};
use crate::effects::interrupt::Interrupt;
use crate::effects::slack::Source;
use crate::facts::{git, message};
use crate::journal::{self, Header, Holder, Location, NewDeployment, Store};
use crate::report::decision;
use crate::report::harmless::harmless;
use crate::report::json;
use crate::report::schema::DecisionDocument;
use crate::report::words::Word as _;
use crate::sandbox::contract::promotion::Instruction;
use crate::sandbox::contract::types::LoadTestAction;
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use, digest_of, read};
use crate::settings;
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
        Error::usage(
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
        return Err(Error::usage(
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
    fn begin(&self, tag: &str, output: &mut Output) -> Result<Exit, Error> {
        let settings = &self.config.settings;
        let target = match self.policy.resolve(tag, settings)? {
            Ok(target) => target,
            Err(reasons) => {
                return super::resolve::refuse(self.arguments.format.format, reasons, output);
            }
        };
        let entry = self.place(&target.environment)?;
        let mut console = Console::new(output, self.arguments.format.format);
        let instruction = match self.instruction(&target.commit, &mut console)? {
            Ok(instruction) => instruction,
            Err(reasons) => {
                return super::resolve::refuse(self.arguments.format.format, reasons, output);
            }
        };
        if let Some(Err(why)) = self.config.slack.as_ref().map(Source::read) {
            console.note(&format!("nobody will be told: {why}"));
        }
        let action = target.action.or(instruction.as_ref().map(|it| it.action));
        if entry == 0 && self.config.load_test.is_none() && action != Some(LoadTestAction::Skip) {
            return Err(Error::usage(
                "a load test is asked for, and none is configured",
                "write a `[load-test]` table into the configuration; see `greenlight schema config`",
            ));
        }
        let (location, mut store) = self.open()?;
        let empty = alone(store.as_mut(), tag, None)?;
        let number = store
            .begin(&NewDeployment {
                tag: tag.to_owned(),
                digest: self.arguments.digest.clone(),
                commit: target.commit.clone(),
                began: deployment::clock::milliseconds(),
            })
            .map_err(failed)?;
        let leases = self.keep(location)?;
        // Whoever died before its first record has left the tag behind, and nothing that could still run.
        for other in empty {
            let tenure = deployment::tenure(tag);
            let store = store.as_mut();
            let claimed = leases.claim(store, &tenure, other, &target.commit);
            if claimed.map_err(failed)?.is_none() {
                leases.release_all_but(store, &[]).map_err(failed)?;
            }
        }
        // Somebody else may have begun in between.
        let alone = claim(&leases, store.as_mut(), number, tag, &target.commit)
            .and_then(|()| alone(store.as_mut(), tag, Some(number)));
        let empty = match alone {
            Ok(empty) => empty,
            Err(error) => {
                store.conclude(number, "canceled").map_err(failed)?;
                return Err(error);
            }
        };
        for number in empty {
            store.conclude(number, "canceled").map_err(failed)?;
        }
        let began = Began {
            greenlight: env!("CARGO_PKG_VERSION").to_owned(),
            policy: self.digest.clone(),
            tag: tag.to_owned(),
            digest: self.arguments.digest.clone(),
            instruction: instruction.as_ref().map(InstructionDocument::from),
            commit: target.commit,
            settings: settings.into(),
        };
        let driver = Driver::begin(
            self.means(&mut console),
            Log::new(store, number, 1),
            leases,
            began,
            entry,
            self.arguments.approved_by.as_deref(),
        );
        let end = driver.and_then(Driver::run);
        self.finish(end, number, console, output)
    }

    fn resume(&self, number: Option<u64>, output: &mut Output) -> Result<Exit, Error> {
        let (location, mut store) = self.open()?;
        let header = unfinished(store.as_mut(), number)?;
        let leases = self.keep(location)?;
        claim(
            &leases,
            store.as_mut(),
            header.number,
            &header.tag,
            &header.commit,
        )?;
        // Only now is nobody else writing.
        let (entries, torn) = entries_of(store.as_mut(), header.number)?;
        if let Some(conclusion) = entries.iter().find_map(|it| match &it.entry {
            Entry::Concluded { conclusion } => Some(conclusion),
            _ => None,
        }) {
            // Only saying so was left to do.
            store.conclude(header.number, conclusion).map_err(failed)?;
            output.text(&format!(
                "deployment {} has ended: {}\n",
                header.number,
                harmless(conclusion)
            ));
            let promoted = matches!(conclusion.as_ref(), "promoted" | "promoted-with-warning");
            return Ok(if promoted { Exit::Go } else { Exit::Stop });
        }
        let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
            return Err(Error::usage(
                format!("nothing of deployment {} was done", header.number),
                "start it anew with `greenlight run --tag TAG`",
            ));
        };
        self.same_policy(began, header.number)?;
        let settings = began.settings.contract().unwrap_or_else(settings::defaults);
        let mut console = Console::new(output, self.arguments.format.format);
        let next = entries.len() as u64 + 1;
        if torn {
            store.forget_torn(header.number).map_err(failed)?;
        }
        let mut log = Log::new(store, header.number, next);
        if torn {
            let text = "the last record of the journal was damaged, and has been left out";
            console.note(text);
            let text = text.to_owned();
            log.write(&Entry::Noted { text }).map_err(failed)?;
        }
        let target = match self.policy.resolve(&header.tag, &settings)? {
            Ok(target) => target,
            Err(reasons) => {
                return super::resolve::refuse(self.arguments.format.format, reasons, output);
            }
        };
        let mut known = settings.environments.iter();
        let entry = known
            .position(|it| it.name == target.environment)
            .unwrap_or(0);
        let driver = Driver::resume(self.means(&mut console), log, leases, entries, entry);
        let end = driver.and_then(Driver::run);
        self.finish(end, header.number, console, output)
    }

    fn means<'b>(&'b self, console: &'b mut Console) -> Means<'b> {
        Means {
            config: self.config,
            policy: self.policy,
            repo: self.arguments.repo.as_deref(),
            interrupt: self.interrupt,
            screen: console,
        }
    }

    fn place(&self, environment: &str) -> Result<usize, Error> {
        let mut known = self.config.environments.iter();
        known.position(|it| it.name == environment).ok_or_else(|| {
            Error::usage(
                format!("the tag asks for `{environment}`, which the configuration does not have"),
                "name it in the configuration as an `[[environment]]`",
            )
        })
    }

    fn same_policy(&self, began: &Began, number: u64) -> Result<(), Error> {
        if began.policy == self.digest {
            return Ok(());
        }
        Err(Error::usage(
            format!(
                "the deployment began with the policy {}, and this is {}",
                began.policy, self.digest
            ),
            format!(
                "go on with the policy that it began with, or end it with `greenlight cancel {number} \
                 --by NAME` and start anew"
            ),
        ))
    }

    /// What the message of the commit says, where there is one to be read.
    fn instruction(
        &self,
        commit: &str,
        console: &mut Console,
    ) -> Result<crate::sandbox::Answer<Option<Instruction>>, Error> {
        let read = match git::commit(self.arguments.repo.as_deref(), commit) {
            Ok(read) => read,
            Err(error) if self.arguments.approved_by.is_some() => {
                console.note(&format!("the commit's message is not known: {error}"));
                return Ok(Ok(None));
            }
            Err(error) => {
                return Err(Error::usage(
                    format!("git does not have the tag's commit: {error}"),
                    "check the tag, `git fetch`, or name the repository with `--repo`; whoever knows what \
                     it is may say `--approved-by NAME`",
                ));
            }
        };
        let reading = message::from_commit(&read)?;
        let action = self.config.settings.default_action;
        Ok(self.policy.parse(&reading.message, action)?.map(|labels| {
            for diagnostic in &labels.diagnostics {
                console.note(&format!("{}: {}", diagnostic.code, diagnostic.message));
            }
            Some(Instruction {
                action: labels.action,
                source: labels.source,
            })
        }))
    }

    fn open(&self) -> Result<(Location, Box<dyn Store>), Error> {
        open(self.config)
    }

    fn keep(&self, location: Location) -> Result<Leases, Error> {
        Leases::keep(location, Holder::this_process(), self.config.lease).map_err(|error| {
            Error::usage(
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
                end.conclusion.word()
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
            deployment::Error::Policy(failure) => Error::Policy(failure),
            deployment::Error::Journal(error) => failed(error),
            deployment::Error::Host(error) => error.into(),
            deployment::Error::Interrupted => Error::Interrupted {
                message: format!("deployment {number} was interrupted"),
                help: go_on,
            },
            deployment::Error::LostLease(environment) => Error::Interrupted {
                message: format!(
                    "the lease of `{environment}` was lost to another deployment: nothing more is done"
                ),
                help: go_on,
            },
        }
    }

    fn report(&self, number: u64) -> Result<(), Error> {
        if self.arguments.reports.is_empty() {
            return Ok(());
        }
        let (_, mut store) = self.open()?;
        self.arguments.reports.write(store.as_mut(), number)
    }
}

/// Two runs of one tag would do everything twice. Names deployments of the tag of which nothing was
/// done: their process ended before their first record.
fn alone(store: &mut dyn Store, tag: &str, own: Option<u64>) -> Result<Vec<u64>, Error> {
    let mut empty = Vec::new();
    for other in store.deployments(MANY).map_err(failed)? {
        if other.tag != tag || other.conclusion.is_some() || Some(other.number) == own {
            continue;
        }
        if is_empty(store, other.number)? {
            empty.push(other.number);
            continue;
        }
        return Err(Error::usage(
            format!("deployment {} of this tag has not ended", other.number),
            format!(
                "go on with it: `greenlight run --resume {0}`, or end it: `greenlight cancel {0} --by NAME`",
                other.number
            ),
        ));
    }
    Ok(empty)
}

/// Takes the right to drive a deployment of a tag.
pub fn claim(
    leases: &Leases,
    store: &mut dyn Store,
    number: u64,
    tag: &str,
    commit: &str,
) -> Result<(), Error> {
    let occupant = leases
        .claim(store, &deployment::tenure(tag), number, commit)
        .map_err(failed)?;
    match occupant {
        None => Ok(()),
        Some(other) => Err(Error::usage(
            format!(
                "deployment {} of this tag is under way, driven by {}",
                other.deployment,
                Holder::describe(&other.holder)
            ),
            "wait for it, or end that process; look with `greenlight status`",
        )),
    }
}

/// How far back deployments are searched: more than are ever unfinished.
pub const MANY: usize = 1000;

/// Opens the journal of a configuration.
pub fn open(config: &Config) -> Result<(Location, Box<dyn Store>), Error> {
    let location = location(config)?;
    if let Location::File(path) = &location
        && let Some(folder) = path.parent()
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            Error::usage(
                format!("failed to make the folder `{}`: {error}", folder.display()),
                "make room, or name another place in `[journal] location`",
            )
        })?;
    }
    let store = journal::open(&location).map_err(failed)?;
    Ok((location, store))
}

/// Opens the journal of a configuration to look into it; nothing if there is none yet.
pub fn look(config: &Config) -> Result<Option<Box<dyn Store>>, Error> {
    let location = location(config)?;
    if matches!(&location, Location::File(path) if !path.exists()) {
        return Ok(None);
    }
    journal::open(&location).map(Some).map_err(failed)
}

fn location(config: &Config) -> Result<Location, Error> {
    config.journal.parse().map_err(|why| {
        Error::usage(
            format!("failed to read the journal's location: {why}"),
            "write a path, or `postgres://USER@HOST/DATABASE`, in `[journal] location`",
        )
    })
}

fn is_empty(store: &mut dyn Store, number: u64) -> Result<bool, Error> {
    let records = store.records(number).map_err(failed)?;
    Ok(records.rows.is_empty())
}

fn unfinished(store: &mut dyn Store, number: Option<u64>) -> Result<Header, Error> {
    let mut found = None;
    if let Some(number) = number {
        found = store.deployment(number).map_err(failed)?;
    } else {
        for header in store.deployments(MANY).map_err(failed)? {
            if header.conclusion.is_none() && !is_empty(store, header.number)? {
                found = Some(header);
                break;
            }
        }
    }
    match (found, number) {
        (Some(header), _) if header.conclusion.is_none() => Ok(header),
        (Some(header), _) => Err(ended(
            header.number,
            header.conclusion.as_deref().unwrap_or_default(),
        )),
        (None, Some(number)) => Err(Error::usage(
            format!("there is no deployment {number}"),
            "see `greenlight status` for those that there are",
        )),
        (None, None) => Err(Error::usage(
            "no deployment waits to go on",
            "start one with `greenlight run --tag TAG`",
        )),
    }
}

/// The journal's failure, as a command's.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it ends here, and `map_err` hands it over by value"
)]
pub fn failed(error: journal::Error) -> Error {
    let explained = explained(&error);
    Error::Journal {
        message: explained.message,
        help: explained.help,
    }
}

fn ended(number: u64, conclusion: &str) -> Error {
    Error::usage(
        format!("deployment {number} has ended: {conclusion}"),
        "start a new one with `greenlight run --tag TAG`",
    )
}

/// The entries of a deployment, and whether a last one was damaged. What can't be read is the journal's
/// failure.
pub fn entries_of(store: &mut dyn Store, number: u64) -> Result<(Vec<Dated>, bool), Error> {
    log::read(store, number).map_err(|error| Error::Journal {
        message: error.message,
        help: error.help,
    })
}
