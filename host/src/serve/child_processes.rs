//! Child processes: deployments on this machine. Each is a `greenlight run` of its own that continues when the
//! server ends.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Context, Shared};
use crate::contract::names::Named as _;
use crate::contract::promotion::Conclusion;
use crate::effects::process;
use crate::error::{Error, Explain as _};
use crate::journal::{self, Header};
use crate::limits;

/// How long `[serve] prepare` may take.
const PREPARE_TIMEOUT: Duration = Duration::from_mins(1);

/// The running children.
pub struct ChildProcesses {
    shared: Arc<Shared>,
    /// This program, as it was when the server started.
    program: Result<PathBuf, Error>,
    /// The idempotency keys of the running children.
    running: Mutex<HashSet<String>>,
    /// Held while `[serve] prepare` runs: two fetches into one repository disturb each other.
    preparing: Mutex<()>,
}

/// The permit for one child.
pub struct Permit {
    children: Arc<ChildProcesses>,
    key: String,
}

/// A child that was started.
pub struct Child {
    status: Arc<Mutex<Option<ExitStatus>>>,
    output: PathBuf,
}

impl ChildProcesses {
    /// Starts no child yet.
    pub fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            shared,
            program: std::env::current_exe().explain("failed to find this program", ""),
            running: Mutex::default(),
            preparing: Mutex::default(),
        })
    }

    /// What the server was started with.
    pub fn context(&self) -> &Context {
        &self.shared.context
    }

    /// Whether `[serve] at-most` is reached, if this many deployments run in any process.
    pub fn is_full(&self, running: usize) -> bool {
        self.running().len().max(running) >= self.context().serve.at_most
    }

    /// Takes a permit. Returns nothing if `[serve] at-most` is reached, or if a child with this key runs.
    pub fn permit(self: &Arc<Self>, key: &str) -> Option<Permit> {
        let mut running = self.running();
        if running.len() >= self.context().serve.at_most || !running.insert(key.to_owned()) {
            return None;
        }
        Some(Permit {
            children: Arc::clone(self),
            key: key.to_owned(),
        })
    }

    /// Fetches missing commits with the command of `[serve] prepare`.
    pub fn prepare(&self) -> Result<(), Error> {
        let context = self.context();
        let Some(command) = &context.serve.prepare else {
            return Err(Error::new(
                "git does not have the tag's commit",
                "set `[serve] prepare` to a command that fetches it, such as `[\"git\", \"fetch\"]`",
            ));
        };
        let Ok(_preparing) = self.preparing.try_lock() else {
            return Err(Error::new(
                "`[serve] prepare` runs for another deployment",
                "",
            ));
        };
        let folder = context.repo.as_deref().unwrap_or(Path::new("."));
        let output = self.output("prepare")?;
        let secrets = context.config.secret_variables();
        let task = process::Task {
            command,
            variables: &[],
            without: &secrets,
            folder,
            log: &output,
            time_limit: PREPARE_TIMEOUT,
        };
        tracing::debug!(command = ?command, "running `[serve] prepare`");
        let finished = process::run(&task, &context.shutdown, &mut |_| {});
        let finished = finished.explain("failed to run `[serve] prepare`", "")?;
        let how = match finished.ending {
            process::Ending::Exited(0) => return Ok(()),
            process::Ending::Exited(status) => format!("exited with status {status}"),
            process::Ending::Killed(signal) => format!("was killed by signal {signal}"),
            process::Ending::TimedOut => {
                format!("took longer than {} s", PREPARE_TIMEOUT.as_secs())
            }
            process::Ending::Interrupted => "was interrupted".to_owned(),
            process::Ending::NotStarted(why) => format!("was not started: {why}"),
        };
        // The output may hold secrets, and this text is shown on the status page.
        let output = output.display();
        Err(Error::new(
            format!("`[serve] prepare` {how}; its output is in `{output}`"),
            "",
        ))
    }

    /// Runs greenlight as a child.
    pub fn run(self: &Arc<Self>, permit: Permit, arguments: &[&str]) -> Result<Child, Error> {
        let program = self.program.clone()?;
        let output = self.output(&permit.key)?;
        self.spawn(permit, Command::new(program), arguments, output)
            .explain("failed to start `greenlight run`", "")
    }

    fn spawn(
        self: &Arc<Self>,
        permit: Permit,
        mut command: Command,
        arguments: &[&str],
        output: PathBuf,
    ) -> io::Result<Child> {
        let context = self.context();
        let file = File::options().create(true).append(true).open(&output)?;
        command
            .args(arguments)
            .arg("--config")
            .arg(&context.file)
            // The server sends the remaining messages of the child, so that the child ends and the next deployment can
            // start.
            .arg("--leave-messages")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // A signal to the server's process group must not reach deployments.
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
        let mut process = command.spawn()?;
        tracing::debug!(
            pid = process.id(),
            output = %output.display(),
            "started `greenlight run`"
        );
        let status = Arc::new(Mutex::new(None));
        let child = Child {
            status: Arc::clone(&status),
            output,
        };
        let shared = Arc::clone(&self.shared);
        let output = child.output.display().to_string();
        std::thread::Builder::new()
            .name("child".to_owned())
            .spawn(move || {
                let exited = process.wait().ok();
                *status.lock().unwrap_or_else(PoisonError::into_inner) = exited;
                log_end(&shared, &permit.key, exited, &output);
                drop(permit);
                // Another deployment may start now.
                shared.notify.all();
            })?;
        Ok(child)
    }

    /// The file for the output of a command.
    fn output(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.context().config.records.join("serve");
        fs::create_dir_all(&folder).explain(
            format_args!("failed to create the folder `{}`", folder.display()),
            "make room, or set a folder that can be written in `[journal] folder`",
        )?;
        Ok(folder.join(format!("{name}.log")))
    }

    fn running(&self) -> MutexGuard<'_, HashSet<String>> {
        // No code panics while it holds the lock.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs and counts the end of a child.
fn log_end(shared: &Shared, key: &str, status: Option<ExitStatus>, output: &str) {
    let header = journal::open(&shared.context.location)
        .and_then(|mut journal| journal.of_request(key))
        .ok()
        .flatten();
    let Some(header) = header else {
        // The deployment did not begin, which the worker that started it logs.
        return;
    };
    let _span = deployment_span(&header).entered();
    let status = status.and_then(|it| it.code());
    let Some(conclusion) = header.conclusion else {
        tracing::warn!("exit-status" = status, output, "deployment interrupted");
        return;
    };
    shared.metrics.ended(conclusion);
    let is_promoted = matches!(
        conclusion,
        Conclusion::Promoted | Conclusion::PromotedWithWarning
    );
    let conclusion = conclusion.name();
    if is_promoted {
        tracing::info!(conclusion, output, "deployment ended");
    } else {
        tracing::warn!(conclusion, output, "deployment ended");
    }
}

/// The span of a deployment, with the fields of each event in it.
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

impl Drop for Permit {
    fn drop(&mut self) {
        self.children.running().remove(&self.key);
    }
}

impl Child {
    /// The exit status, if the child has ended.
    pub fn ended(&self) -> Option<ExitStatus> {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the error that the child printed to a text.
    pub fn with_error(&self, text: &str) -> String {
        let error = last_error(&self.output).unwrap_or_default();
        match error.as_str() {
            "" => text.to_owned(),
            error => format!("{text}: {error}"),
        }
    }
}

/// The last error in the output of a child, or the last line of the output.
pub(crate) fn last_error(output: &Path) -> io::Result<String> {
    let tail = limits::file::read_end(output, &limits::CHILD_OUTPUT)?;
    let tail = String::from_utf8_lossy(&tail);
    let error = tail.lines().rfind(|it| it.starts_with("error: "));
    let line = error.or_else(|| tail.lines().next_back());
    let line = line.unwrap_or_default();
    Ok(line.trim_start_matches("error: ").to_owned())
}
