//! Running the team's own commands, and the folder that keeps their logs and results.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Error;
use super::entry::{Began, CommandDetails, Details};
use crate::clock;
use crate::config::Config;
use crate::contract::promotion::{Deployment, EventKind, Outcome};
use crate::effects::process::{self, Ending, Task};
use crate::effects::shutdown::Shutdown;
use crate::error::Explain as _;
use crate::journal::Holder;

/// How far apart signals to the processes of one job may arrive.
const SIGNALS_ARRIVE: Duration = Duration::from_millis(200);

/// How commands run.
pub(super) struct Commands<'a> {
    /// The folder that they run in, and the secrets that they are not given.
    pub(super) config: &'a Config,
    /// The request to shut down, which ends them.
    pub(super) shutdown: &'a Shutdown,
    /// The folder of the deployment, for their logs.
    pub(super) folder: &'a Path,
    /// The number of the deployment.
    pub(super) deployment: u64,
    /// The tag, the commit and the digest, which they are given as variables.
    pub(super) began: &'a Began,
}

/// How many lines of a command's output the journal keeps, and how many bytes of each.
const TAIL: (usize, usize) = (10, 300);

/// The last lines of a command's output.
#[derive(Default)]
struct Tail(VecDeque<String>);

impl Tail {
    fn push(&mut self, line: &str) {
        let (lines, bytes) = TAIL;
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if self.0.len() == lines {
            self.0.pop_front();
        }
        let kept = &line[..line.floor_char_boundary(bytes)];
        self.0.push_back(kept.to_owned());
    }
}

/// One command of the configuration.
pub(super) struct Command<'a> {
    /// The program and its arguments.
    pub(super) arguments: &'a [String],
    /// The name of its own folder, in the folder of the deployment; with `.log` behind it, the name of its log.
    pub(super) name: String,
    /// How long it may run.
    pub(super) time_limit: Duration,
    /// The folder that it is told of instead of its own one.
    pub(super) own: Option<PathBuf>,
    /// Variables besides those that every command is given.
    pub(super) variables: Vec<(String, String)>,
}

/// A command that has ended.
pub(super) struct Ran {
    /// How it ended.
    pub(super) ending: Ending,
    /// How long it ran.
    pub(super) took: Duration,
    /// What the journal keeps of it.
    pub(super) details: CommandDetails,
    /// Whether it was ended because the deployment was canceled.
    pub(super) was_canceled: bool,
}

impl Commands<'_> {
    /// Runs a command to its end, its output on the screen and in its log. `started` gets its process, and its own
    /// folder.
    pub(super) fn run(
        &self,
        command: &Command<'_>,
        environment: &str,
        line: &mut dyn FnMut(&str),
        started: &mut dyn FnMut(Option<Holder>, &Path) -> io::Result<()>,
    ) -> Result<Ran, crate::error::Error> {
        let log = format!("{}.log", command.name);
        let own = command.own.clone();
        let own = own.unwrap_or_else(|| self.folder.join(&command.name));
        fs::create_dir_all(&own).explain(
            format_args!("failed to make the folder `{}`", own.display()),
            "make room, then continue with `greenlight run --resume`",
        )?;
        // Variables with secrets: a command can't print what it was not given.
        let without = self.config.secret_variables();
        let folder =
            std::path::absolute(&self.config.folder).unwrap_or_else(|_| self.config.folder.clone());
        let mut variables = self.variables(environment, &own);
        variables.extend(command.variables.iter().cloned());
        let task = Task {
            command: command.arguments,
            variables: &variables,
            without: &without,
            folder: &folder,
            log: &self.folder.join(&log),
            time_limit: command.time_limit,
        };
        let mut tail = Tail::default();
        let mut started = |pid| started(Holder::of_process(pid), &own);
        let finished = process::run_noted(&task, self.shutdown, &mut started, &mut |text| {
            tail.push(text);
            line(text);
        });
        let finished = finished.map_err(|error| {
            crate::error::Error::new(
                format!("failed to write the log `{log}`: {error}"),
                "make room, then continue with `greenlight run --resume`",
            )
        })?;
        let details = CommandDetails {
            ended: in_words(&finished.ending),
            exit_status: match finished.ending {
                Ending::Exited(status) => Some(status),
                _ => None,
            },
            took: clock::in_milliseconds(finished.took),
            log,
            tail: match finished.ending {
                Ending::Exited(0) => Vec::new(),
                _ => tail.0.into(),
            },
        };
        Ok(Ran {
            ending: finished.ending,
            took: finished.took,
            details,
            was_canceled: false,
        })
    }

    /// The variables that a command is given.
    fn variables(&self, environment: &str, own: &Path) -> Vec<(String, String)> {
        let nodes = self.config.environment(environment);
        let nodes = nodes.map_or_else(String::new, |it| it.nodes.join(" "));
        let serve = self.config.serve.as_ref();
        let repository = serve.and_then(|it| it.repositories.first().cloned());
        [
            ("DEPLOYMENT", self.deployment.to_string()),
            ("ENVIRONMENT", environment.to_owned()),
            ("TAG", self.began.tag.clone()),
            ("COMMIT", self.began.commit.clone()),
            ("DIGEST", self.began.digest.clone().unwrap_or_default()),
            ("REPOSITORY", repository.unwrap_or_default()),
            ("NODES", nodes),
            ("FOLDER", own.to_string_lossy().into_owned()),
        ]
        .map(|(name, value)| (format!("GREENLIGHT_{name}"), value))
        .to_vec()
    }
}

/// The name of a command's folder and log: the position of the next entry sorts them, and none is used twice.
pub(super) fn name(position: u64, what: &str, environment: &str) -> String {
    format!("{position:04}-{what}-{environment}")
}

/// An environment of the deployment that the configuration does not have.
pub(super) fn not_configured(environment: &str) -> Error {
    Error::host(
        format!(
            "the deployment began with the environment `{environment}`, which the configuration does not have"
        ),
        "continue with the configuration that it began with",
    )
}

impl Ran {
    /// The event that the policy receives about a deploy command, and the details that the journal keeps.
    pub(super) fn deployed(self, environment: &str, began: &Began) -> (EventKind, Details) {
        let deployment = Deployment {
            environment: environment.to_owned(),
            commit: began.commit.clone(),
            digest: began.digest.clone(),
            outcome: self.outcome(),
        };
        (
            EventKind::Deployed(deployment),
            Details::Command(self.details),
        )
    }

    /// Whether the signal that requests a shutdown ended the command: many CI runners signal all processes
    /// of a job at once.
    pub(super) fn was_interrupted(&self, shutdown: &Shutdown) -> bool {
        match &self.ending {
            Ending::Interrupted => true,
            Ending::Exited(0) | Ending::TimedOut | Ending::NotStarted(_) => false,
            Ending::Exited(_) | Ending::Killed(_) => shutdown.wait(SIGNALS_ARRIVE),
        }
    }

    /// Notes that it was ended because the deployment was canceled.
    pub(super) fn cancel(&mut self) {
        self.was_canceled = true;
        "canceled".clone_into(&mut self.details.ended);
    }

    /// The outcome that the policy receives.
    pub(super) fn outcome(&self) -> Outcome {
        match &self.ending {
            _ if self.was_canceled => Outcome::Canceled,
            Ending::Exited(0) => Outcome::Succeeded,
            Ending::Exited(_) | Ending::Killed(_) | Ending::NotStarted(_) => Outcome::Failed,
            Ending::TimedOut => Outcome::TimedOut,
            Ending::Interrupted => Outcome::Unknown,
        }
    }

    /// Its outcome in words; with the path of its log unless it went well.
    pub(super) fn said(&self, outcome: String, folder: &Path, well: bool) -> String {
        if well {
            return outcome;
        }
        let log = folder.join(&self.details.log);
        format!("{outcome}; its log: {}", log.display())
    }
}

fn in_words(ending: &Ending) -> String {
    match ending {
        Ending::Exited(0) => "succeeded".to_owned(),
        Ending::Exited(status) => format!("exit status {status}"),
        Ending::Killed(signal) => format!("killed by signal {signal}"),
        Ending::TimedOut => "stopped at its time limit".to_owned(),
        Ending::Interrupted => "interrupted".to_owned(),
        Ending::NotStarted(why) => why.clone(),
    }
}

/// Makes the folder of a deployment, and returns its absolute path.
///
/// # Errors
///
/// If it can't be made.
pub(super) fn folder(records: &Path, deployment: u64) -> Result<PathBuf, Error> {
    let folder = records.join("deployments").join(deployment.to_string());
    let made = fs::create_dir_all(&folder).and_then(|()| {
        let ignore = records.join(".gitignore");
        if !ignore.exists() {
            fs::write(ignore, "*\n")?;
        }
        fs::canonicalize(&folder)
    });
    made.map_err(|error| {
        Error::host(
            format!("failed to make the folder `{}`: {error}", folder.display()),
            "make room, or set a folder that can be written in `[journal] folder`",
        )
    })
}
