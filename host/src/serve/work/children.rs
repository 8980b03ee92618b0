//! Deployments that run as children of the receiver. They are processes of their own and outlive it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::contract::names::Named as _;
use crate::contract::promotion::Conclusion;
use crate::effects::process;
use crate::journal::{self, Header};
use crate::secret::Source;
use crate::serve::{Context, Shared};

/// How much of what a child said last is repeated.
const LAST_WORDS: u64 = 2 << 10;

/// How long the command may take that brings git up to date.
const PREPARES: Duration = Duration::from_mins(1);

/// The children that run.
pub struct Children {
    shared: Arc<Shared>,
    /// This program, as it was when the receiver began.
    program: io::Result<PathBuf>,
    running: Mutex<HashSet<String>>,
    /// Two that bring the same repository up to date get into each other's way.
    preparing: Mutex<()>,
}

/// The right to one more child.
pub struct Place {
    children: Arc<Children>,
    name: String,
}

/// A child that was started.
pub struct Child {
    ended: Arc<Mutex<Option<ExitStatus>>>,
    log: PathBuf,
}

impl Children {
    /// None yet.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            program: std::env::current_exe(),
            running: Mutex::default(),
            preparing: Mutex::default(),
        })
    }

    /// What the receiver works with.
    pub fn context(&self) -> &Context {
        &self.shared.context
    }

    /// Whether no other deployment may run, while so many are driven by whomever.
    pub fn is_full(&self, driven: usize) -> bool {
        self.running().len().max(driven) >= self.context().serve.at_most
    }

    /// Takes the right to run a deployment; nothing if as many run as are allowed.
    pub fn place(self: &Arc<Self>, name: &str) -> Option<Place> {
        let mut running = self.running();
        if running.len() >= self.context().serve.at_most || !running.insert(name.to_owned()) {
            return None;
        }
        Some(Place {
            children: Arc::clone(self),
            name: name.to_owned(),
        })
    }

    /// Brings git up to date, by the command that is configured for it.
    pub fn prepare(&self) -> Result<(), String> {
        let context = self.context();
        let Some(command) = &context.serve.prepare else {
            return Err(
                "git does not have the tag's commit; name a command that gets it in \
                        `[serve] prepare`, `[\"git\", \"fetch\"]` for one"
                    .to_owned(),
            );
        };
        let Ok(_one) = self.preparing.try_lock() else {
            return Err("git is being brought up to date for another one".to_owned());
        };
        let folder = context.repo.as_deref().unwrap_or(Path::new("."));
        let log = self.log("prepare")?;
        let slack = context.config.slack.as_ref().and_then(Source::variable);
        let secrets = context.serve.secrets().chain(slack);
        let secrets: Vec<_> = secrets.map(str::to_owned).collect();
        let task = process::Task {
            command,
            variables: &[],
            without: &secrets,
            folder,
            log: &log,
            time_limit: PREPARES,
        };
        let finished = process::run(&task, &context.shutdown, &mut |_| {});
        let finished =
            finished.map_err(|error| format!("failed to run `[serve] prepare`: {error}"))?;
        let how = match finished.ending {
            process::Ending::Exited(0) => return Ok(()),
            process::Ending::Exited(status) => format!("ended with status {status}"),
            process::Ending::Killed(signal) => format!("was ended by signal {signal}"),
            process::Ending::TimedOut => format!("took longer than {} s", PREPARES.as_secs()),
            process::Ending::Interrupted => "was interrupted".to_owned(),
            process::Ending::NotStarted(why) => format!("was not started: {why}"),
        };
        // What it said may have more in it than everybody is to read.
        let log = log.display();
        Err(format!(
            "`[serve] prepare` {how}; what it said is in `{log}`"
        ))
    }

    /// Runs greenlight as a child.
    pub fn run(self: &Arc<Self>, place: Place, arguments: &[&str]) -> Result<Child, String> {
        let failed = |error: io::Error| format!("failed to start `greenlight run`: {error}");
        let context = self.context();
        let log = self.log(&place.name)?;
        let said = File::options().create(true).append(true).open(&log);
        let said = said.map_err(failed)?;
        let program = self.program.as_ref();
        let program = program.map_err(|error| format!("failed to find this program: {error}"))?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("--config")
            .arg(&context.file)
            .stdin(Stdio::null())
            .stdout(said.try_clone().map_err(failed)?)
            .stderr(said)
            // A signal to the receiver's group is not meant for deployments.
            .process_group(0);
        if let Some(repo) = &context.repo {
            command.arg("--repo").arg(repo);
        }
        if let Some(policy) = &context.policy_file {
            command.arg("--policy").arg(policy);
        }
        for secret in context.serve.secrets() {
            command.env_remove(secret);
        }
        let mut process = command.spawn().map_err(failed)?;
        let ended = Arc::new(Mutex::new(None));
        let child = Child {
            ended: Arc::clone(&ended),
            log,
        };
        let shared = Arc::clone(&self.shared);
        let said_where = child.log.display().to_string();
        let waiter = std::thread::Builder::new()
            .name("child".to_owned())
            .spawn(move || {
                let status = process.wait().ok();
                *ended.lock().unwrap_or_else(PoisonError::into_inner) = status;
                said_end(&shared, &place.name, status, &said_where);
                drop(place);
                // There is room for another one, and what waited for this one may go on.
                shared.wake.all();
            });
        waiter.map(|_| child).map_err(failed)
    }

    fn log(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.context().config.records.join("serve");
        fs::create_dir_all(&folder).map_err(|error| {
            format!("failed to make the folder `{}`: {error}", folder.display())
        })?;
        Ok(folder.join(format!("{name}.log")))
    }

    fn running(&self) -> MutexGuard<'_, HashSet<String>> {
        // Nothing panics while it holds the lock.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says how a deployment ended that ran here.
fn said_end(shared: &Shared, request: &str, status: Option<ExitStatus>, log: &str) {
    let header = journal::open(&shared.context.location)
        .and_then(|mut journal| journal.of_request(request))
        .ok()
        .flatten();
    let Some(header) = header else {
        // Whoever started it says why it had not begun.
        return;
    };
    let _span = deployment_span(&header).entered();
    let status = status.and_then(|it| it.code());
    let Some(conclusion) = &header.conclusion else {
        tracing::warn!(
            "exit-status" = status,
            output = log,
            "deployment interrupted"
        );
        return;
    };
    shared.metrics.ended(conclusion);
    let is_promoted = matches!(
        Conclusion::from_name(conclusion),
        Some(Conclusion::Promoted | Conclusion::PromotedWithWarning)
    );
    if is_promoted {
        tracing::info!(conclusion, output = log, "deployment ended");
    } else {
        tracing::warn!(conclusion, output = log, "deployment ended");
    }
}

/// The fields that each event of a deployment has.
pub fn deployment_span(header: &Header) -> tracing::Span {
    tracing::error_span!(
        "deployment",
        deployment = header.number,
        key = header.request,
        tag = header.tag,
        digest = header.digest,
        commit = header.commit,
    )
}

impl Drop for Place {
    fn drop(&mut self) {
        self.children.running().remove(&self.name);
    }
}

impl Child {
    /// How it ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it ended, with what it said last.
    pub fn why(&self, how: &str) -> String {
        let last = self.last_words();
        match last.as_str() {
            "" => how.to_owned(),
            said => format!("{how}: {said}"),
        }
    }

    fn last_words(&self) -> String {
        let mut text = Vec::new();
        let read = File::open(&self.log).and_then(|mut file| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS)))?;
            file.read_to_end(&mut text)
        });
        if read.is_err() {
            return String::new();
        }
        let text = String::from_utf8_lossy(&text);
        let error = text.lines().rfind(|it| it.starts_with("error: "));
        let line = error.or_else(|| text.lines().next_back());
        line.unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned()
    }
}
