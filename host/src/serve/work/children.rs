//! Deployments that run as children of the receiver. They are processes of their own and outlive it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::effects::interrupt::Interrupt;
use crate::effects::process;
use crate::serve::{Means, Shared};

/// How much of what a child said last is repeated.
const LAST_WORDS: u64 = 2 << 10;

/// How long the command may take that brings git up to date.
const PREPARES: Duration = Duration::from_mins(2);

/// The children that run.
pub struct Children {
    shared: Arc<Shared>,
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
            running: Mutex::default(),
            preparing: Mutex::default(),
        })
    }

    /// What the receiver works with.
    pub fn means(&self) -> &Means {
        &self.shared.means
    }

    /// Takes the right to run a deployment; nothing if as many run as are allowed.
    pub fn place(self: &Arc<Self>, name: &str) -> Option<Place> {
        let mut running = self.running();
        if running.len() >= self.means().serve.at_most || !running.insert(name.to_owned()) {
            return None;
        }
        Some(Place {
            children: Arc::clone(self),
            name: name.to_owned(),
        })
    }

    /// Brings git up to date, by the command that is configured for it.
    pub fn prepare(&self) -> Result<(), String> {
        let means = self.means();
        let Some(command) = &means.serve.prepare else {
            return Err(
                "git does not have the tag's commit; name a command that gets it in \
                        `[serve] prepare`, `[\"git\", \"fetch\"]` for one"
                    .to_owned(),
            );
        };
        let _one = self
            .preparing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let folder = means.repo.as_deref().unwrap_or(Path::new("."));
        let log = self.log("prepare")?;
        let task = process::Task {
            command,
            variables: &[],
            without: &[],
            folder,
            log: &log,
            time_limit: PREPARES,
        };
        let mut last = String::new();
        let finished = process::run(&task, &Interrupt::never(), &mut |line| {
            line.clone_into(&mut last);
        });
        match finished.map_err(|error| format!("failed to run `[serve] prepare`: {error}"))? {
            process::Finished {
                ending: process::Ending::Exited(0),
                ..
            } => Ok(()),
            process::Finished { ending, .. } => {
                Err(format!("`[serve] prepare` failed ({ending:?}): {last}"))
            }
        }
    }

    /// Runs greenlight as a child.
    pub fn run(self: &Arc<Self>, place: Place, arguments: &[&str]) -> Result<Child, String> {
        let failed = |error: std::io::Error| format!("failed to start `greenlight run`: {error}");
        let means = self.means();
        let log = self.log(&place.name)?;
        let said = File::options().create(true).append(true).open(&log);
        let said = said.map_err(failed)?;
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command
            .args(arguments)
            .arg("--config")
            .arg(&means.file)
            .stdin(Stdio::null())
            .stdout(said.try_clone().map_err(failed)?)
            .stderr(said)
            // A signal to the receiver's group is not meant for deployments.
            .process_group(0);
        if let Some(repo) = &means.repo {
            command.arg("--repo").arg(repo);
        }
        for secret in means.serve.secrets() {
            command.env_remove(secret);
        }
        let mut process = command.spawn().map_err(failed)?;
        let ended = Arc::new(Mutex::new(None));
        let child = Child {
            ended: Arc::clone(&ended),
            log,
        };
        let shared = Arc::clone(&self.shared);
        let waiter = std::thread::Builder::new()
            .name("child".to_owned())
            .spawn(move || {
                let status = process.wait().ok();
                *ended.lock().unwrap_or_else(PoisonError::into_inner) = status;
                drop(place);
                // There is room for another one, and what waited for this one may go on.
                shared.wake.all();
            });
        waiter.map(|_| child).map_err(failed)
    }

    fn log(&self, name: &str) -> Result<PathBuf, String> {
        let folder = self.means().config.records.join("serve");
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
