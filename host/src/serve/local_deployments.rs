//! Deployments on this machine: started for a request, and resumed when their process ended before they did.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Shared;
use super::child_processes::{ChildProcesses, deployment_span};
use super::worker_pool::{Next, Worker, back_off};
use crate::deployment::{Drivers, begun, is_begun, unfinished};
use crate::effects::trigger::{Error as TriggerError, Request, Trigger};
use crate::error::Error;
use crate::facts::git;
use crate::journal::{self, Header, Location, Store};

/// How long a child may take to write its first record.
const BEGIN_TIMEOUT: Duration = Duration::from_mins(1);

/// How often the journal is searched for the first record.
const BEGIN_POLL: Duration = Duration::from_millis(50);

/// How often interrupted deployments are searched for, at least.
const RESUME_INTERVAL: Duration = Duration::from_secs(10);

/// Starts deployments as children of the server. The journal accepts each idempotency key once.
pub struct LocalTrigger {
    location: Location,
    children: Arc<ChildProcesses>,
}

impl LocalTrigger {
    pub fn new(location: Location, children: Arc<ChildProcesses>) -> Self {
        Self { location, children }
    }

    /// The number of the deployment that was begun for a request.
    fn begun(&self, request: &Request) -> Result<Option<u64>, Error> {
        let mut journal = journal::open(&self.location)?;
        let header = begun(journal.as_mut(), &request.key)?;
        Ok(header.map(|it| it.number))
    }

    /// Whether a request has a deployment number and the deployment has not ended: a process may still begin it.
    fn is_claimed(&self, request: &Request) -> Result<bool, Error> {
        let mut journal = journal::open(&self.location)?;
        let header = journal.of_request(&request.key)?;
        Ok(header.is_some_and(|it| it.conclusion.is_none()))
    }

    /// Fetches the commit if git does not have it: `greenlight run` reads its message.
    fn fetch_commit(&self, request: &Request) -> Result<(), Error> {
        let context = self.children.context();
        let known = |repo: Option<&Path>| git::commit(repo, &request.commit).map(drop);
        if known(context.repo.as_deref()).is_ok() {
            return Ok(());
        }
        self.children.prepare()?;
        known(context.repo.as_deref()).map_err(|error| {
            error.within("git does not have the tag's commit after `[serve] prepare`")
        })
    }
}

impl Trigger for LocalTrigger {
    fn start(&self, request: &Request) -> Result<String, TriggerError> {
        let Some(permit) = self.children.permit(&request.key) else {
            return Err(TriggerError::Busy {
                why: "`[serve] at-most` is reached, or the deployment runs already".to_owned(),
                again_in: None,
            });
        };
        self.fetch_commit(request)?;
        let mut arguments = vec!["run", "--tag", &request.tag, "--request", &request.key];
        if let Some(digest) = &request.digest {
            arguments.extend(["--digest", digest]);
        }
        let child = self.children.run(permit, &arguments)?;
        let end = Instant::now() + BEGIN_TIMEOUT;
        loop {
            // In this order: a child that has ended may have begun right before.
            let ended = child.ended();
            match self.begun(request) {
                Ok(Some(number)) => return Ok(format!("deployment {number}")),
                Ok(None) => {}
                Err(error) => return Err(TriggerError::Unknown { why: error.message }),
            }
            if let Some(status) = ended {
                // No deployment was begun for the key. `greenlight run` then exits with 0 only if the release is live.
                if status.success() && !self.is_claimed(request)? {
                    return Ok("the release is live already".to_owned());
                }
                let why = child.with_error(&ended_early(status));
                return Err(TriggerError::Refused { why });
            }
            if Instant::now() > end {
                let seconds = BEGIN_TIMEOUT.as_secs();
                let why = format!("`greenlight run` wrote no record within {seconds} s");
                return Err(TriggerError::Unknown { why });
            }
            std::thread::sleep(BEGIN_POLL);
        }
    }

    fn find(&self, request: &Request) -> Result<Option<String>, TriggerError> {
        // A child that is about to begin does no harm: the journal accepts a key once.
        self.begun(request)
            .map(|number| number.map(|it| format!("deployment {it}")))
            // A journal that can be read answers for certain.
            .map_err(|error| TriggerError::Busy {
                why: error.message,
                again_in: None,
            })
    }
}

fn ended_early(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("`greenlight run` exited with status {code} before its first record"),
        None => format!("`greenlight run` was killed before its first record: {status}"),
    }
}

/// The worker that resumes interrupted deployments.
pub struct ResumeWorker {
    journal: Box<dyn Store>,
    children: Arc<ChildProcesses>,
    /// The attempts for each deployment, and when the next one is due.
    attempts: HashMap<u64, (u32, Instant)>,
}

impl ResumeWorker {
    pub fn open(shared: &Shared, children: Arc<ChildProcesses>) -> Result<Self, Error> {
        let journal = journal::open(&shared.context.location)?;
        Ok(Self {
            journal,
            children,
            attempts: HashMap::new(),
        })
    }

    fn resume(&mut self, header: &Header, key: &str) -> Result<(), Error> {
        let now = Instant::now();
        let attempted = self.attempts.get(&header.number).copied();
        let (attempts, again_at) = attempted.unwrap_or((0, now));
        if now < again_at {
            return Ok(());
        }
        // Without a permit, the child that began it is about to end, or `at-most` is reached.
        let Some(permit) = self.children.permit(key) else {
            return Ok(());
        };
        let attempt = attempts + 1;
        let number = header.number.to_string();
        let _span = deployment_span(header).entered();
        match is_begun(self.journal.as_mut(), header.number) {
            Ok(true) => {}
            // The deployment had no effect: its deployment request begins a new deployment.
            Ok(false) => return Ok(()),
            // Damaged records of this deployment must not delay other deployments.
            Err(error @ journal::Error::Damaged { .. }) => {
                let again_at = now + Duration::from_millis(back_off(attempts));
                self.attempts.insert(header.number, (attempt, again_at));
                let reason = Error::from(error).line();
                tracing::error!(reason, "failed to resume an interrupted deployment");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        }
        let again_at = now + Duration::from_millis(back_off(attempts));
        self.attempts.insert(header.number, (attempt, again_at));
        match self.children.run(permit, &["run", "--resume", &number]) {
            Ok(_) => tracing::info!(attempt, "resuming an interrupted deployment"),
            Err(error) => tracing::warn!(
                attempt,
                reason = error.line(),
                "failed to resume an interrupted deployment; trying again"
            ),
        }
        Ok(())
    }
}

impl Worker for ResumeWorker {
    fn step(&mut self, shared: &Shared) -> Result<Next, Error> {
        let headers = unfinished(self.journal.as_mut())?;
        let drivers = Drivers::read(self.journal.as_mut())?;
        self.attempts
            .retain(|number, _| headers.iter().any(|it| it.number == *number));
        for header in headers {
            if let Some(key) = &header.request
                && !drivers.drive(&header)
            {
                self.resume(&header, key)?;
            }
        }
        Ok(Next::Sleep(
            shared.context.config.lease.min(RESUME_INTERVAL),
        ))
    }
}

/// How many deployments with an idempotency key run, in any process.
pub fn running(journal: &mut dyn Store) -> Result<usize, Error> {
    let headers = unfinished(journal)?;
    let drivers = Drivers::read(journal)?;
    let requested = headers.iter().filter(|it| it.request.is_some());
    Ok(requested.filter(|it| drivers.drive(it)).count())
}
