//! What a command leaves behind whose greenlight was killed, or which was canceled: its processes on this machine, and
//! what it started elsewhere.

use std::path::{Path, PathBuf};

use super::commands::{self, Command, Commands};
use super::entry::{Began, Entry};
use super::log::{self, Dated};
use super::{Error, load_test, unfinished};
use crate::config::Config;
use crate::contract::load_tests;
use crate::contract::promotion::{Action, EventKind, Outcome, Step};
use crate::effects::process::left_over::{self, Left};
use crate::effects::shutdown::Shutdown;
use crate::journal::{Header, Holder, Store};

/// A command that was interrupted.
#[derive(Clone, Debug)]
pub(super) struct LeftOver {
    /// The effect that it belongs to.
    pub(super) effect: Action,
    /// Its first process, if it was recorded.
    pub(super) process: Option<String>,
    /// The folder of its run, if it was recorded.
    pub(super) folder: Option<PathBuf>,
}

impl LeftOver {
    /// The command that was running at the last entry of a deployment, or was canceled immediately before that entry.
    pub(super) fn of(entries: &[Dated]) -> Option<Self> {
        let mut found = None;
        let mut was_canceled = false;
        for dated in entries {
            match &dated.entry {
                Entry::Started { effect } => {
                    found = Some(Self::new(effect));
                    was_canceled = false;
                }
                Entry::Running { process, folder } => {
                    if let Some(left) = &mut found {
                        left.process.clone_from(process);
                        left.folder = Some(PathBuf::from(folder));
                    }
                }
                Entry::Happened { event, details } if !details.is_imported() => {
                    match &event.kind {
                        // The next entry records the person who canceled the deployment.
                        EventKind::Deployed(it) if it.outcome == Outcome::Canceled => {
                            was_canceled = true;
                        }
                        EventKind::Performed(it) if it.outcome == Outcome::Canceled => {
                            was_canceled = true;
                        }
                        EventKind::Observed(_) if was_canceled => {}
                        _ => found = None,
                    }
                }
                _ => {}
            }
        }
        found.filter(|it| it.environment().is_some())
    }

    fn new(effect: &Action) -> Self {
        Self {
            effect: effect.clone(),
            process: None,
            folder: None,
        }
    }

    /// Ends what is left of its processes. Returns a note for people, if there is something to say.
    pub(super) fn end(&self) -> Option<String> {
        let (process, folder) = (self.process.as_ref()?, self.folder.as_ref()?);
        let command = self.command();
        match left_over::end(process, folder) {
            Left::Nothing => None,
            Left::Ended => Some(format!("what was left of the {command} was ended")),
            Left::Unknown => Some(format!(
                "the {command} ran as {}, which can't be checked from here: it may still run",
                Holder::describe(process)
            )),
        }
    }

    /// Whether its processes run on this machine.
    pub(super) fn is_running(&self) -> bool {
        let running = self.process.as_ref().zip(self.folder.as_ref());
        running.is_some_and(|(process, folder)| left_over::is_running(process, folder))
    }

    /// Whether it runs for longer than its time limit. The greenlight that would have ended it is gone.
    pub(super) fn is_overdue(&self, config: &Config) -> bool {
        let limit = match &self.effect {
            Action::Deploy(environment) => config.environment(environment).map(|it| it.time_limit),
            Action::Perform(step) => config.step(&step.name).map(|it| it.time_limit),
            Action::LoadTest(run) => config
                .load_test(&run.environment, &run.name)
                .map(|it| it.time_limit.duration()),
            _ => None,
        };
        let age = self.process.as_deref().and_then(left_over::age);
        age.zip(limit).is_some_and(|(age, limit)| age > limit)
    }

    /// The environment that it changes or tests; `None` for an effect without a command.
    fn environment(&self) -> Option<&str> {
        match &self.effect {
            Action::Deploy(environment) => Some(environment),
            Action::LoadTest(run) => Some(&run.environment),
            Action::Perform(step) => Some(&step.environment),
            _ => None,
        }
    }

    /// The command of another unfinished deployment that runs in an environment, with this deployment. The process that
    /// drove the deployment is gone: otherwise it would hold the environment.
    pub(super) fn of_another(
        store: &mut dyn Store,
        environment: &str,
        own: u64,
    ) -> Result<Option<(Header, Self)>, Error> {
        for header in unfinished(store)? {
            if header.number == own {
                continue;
            }
            let left = Self::of(&log::read(store, header.number)?);
            if let Some(left) = left.filter(|it| it.environment() == Some(environment))
                && left.is_running()
            {
                return Ok(Some((header, left)));
            }
        }
        Ok(None)
    }

    /// The name of the command, for people.
    pub(super) fn command(&self) -> String {
        match &self.effect {
            Action::Deploy(environment) => format!("deploy command of `{environment}`"),
            Action::LoadTest(run) => load_tests::in_words(run),
            Action::Perform(step) => format!("step `{}` in `{}`", step.name, step.environment),
            _ => "command".to_owned(),
        }
    }
}

/// Runs the cleanup of a command: `cleanup` of the load test or of the step, or `deploy-cleanup` of the environment.
pub(super) struct Cleanup<'a> {
    pub(super) config: &'a Config,
    pub(super) shutdown: &'a Shutdown,
    pub(super) began: &'a Began,
    pub(super) deployment: u64,
    /// The folder of the deployment.
    pub(super) folder: &'a Path,
    /// The position of the next entry, which names its log.
    pub(super) position: u64,
}

impl Cleanup<'_> {
    /// Runs the cleanup for a command that was interrupted, if one is configured. Returns a note for people.
    pub(super) fn run(&self, left: &LeftOver, line: &mut dyn FnMut(&str)) -> Option<String> {
        let mut variables = Vec::new();
        let (environment, arguments, time_limit) = match &left.effect {
            Action::LoadTest(run) => {
                let test = self.config.load_test(&run.environment, &run.name)?;
                variables = load_test::variables(run);
                (&run.environment, &test.cleanup, test.time_limit.duration())
            }
            Action::Deploy(environment) => {
                let how = self.config.environment(environment)?;
                (environment, &how.cleanup, how.time_limit)
            }
            Action::Perform(Step {
                name, environment, ..
            }) => {
                let how = self.config.step(name)?;
                (environment, &how.cleanup, how.time_limit)
            }
            _ => return None,
        };
        let arguments = arguments.as_ref()?;
        let commands = Commands {
            config: self.config,
            shutdown: self.shutdown,
            folder: self.folder,
            began: self.began,
            deployment: self.deployment,
        };
        let command = Command {
            arguments,
            name: commands::name(self.position, "cleanup", environment),
            time_limit,
            own: left.folder.clone(),
            variables,
        };
        let ran = commands.run(&command, environment, line, &mut |_, _| Ok(()));
        let after = left.command();
        Some(match ran {
            Ok(ran) if ran.outcome() == Outcome::Succeeded => {
                format!("cleaned up after the {after}")
            }
            Ok(ran) => format!(
                "the cleanup after the {after} failed: {}",
                ran.said(ran.details.ended.clone(), self.folder, false)
            ),
            Err(error) => format!("the cleanup after the {after} failed: {}", error.message),
        })
    }
}
