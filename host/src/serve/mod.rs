//! The server: receives registry webhooks and starts deployments.
//!
//! A webhook is stored before it is answered, and nothing else happens before the answer. Its content is not
//! trusted: later the policy reads the tag, and the registry resolves the digest. A deployment request is stored
//! before its deployment is started. Each step is claimed by one server at a time, so that several servers with
//! one `PostgreSQL` database share the work.
//!
//! - HTTP: `http_server` limits connections, `router` answers webhooks, `authenticate` checks their secret,
//!   `ingest` stores them; `page` answers the status page, health and metrics, `overview` says what it shows of
//!   environments and deployments, `deployment_page` shows one deployment and its logs. `interventions` sends what people
//!   want to a deployment, `approvers` says who they are, `intervention_request` reads their requests.
//! - Workers: `worker_pool` runs them; `push_event_worker` resolves push events, `reconciliation` finds those that no
//!   webhook announced, `deployment_request_worker` starts deployments when `start_decision` allows it,
//!   `local_deployments` resumes interrupted deployments, `message_worker` sends messages that Slack has not accepted.

mod approvers;
mod authenticate;
mod child_processes;
mod deployment_page;
mod deployment_request_worker;
mod display;
mod http_server;
mod ingest;
mod intervention_request;
mod interventions;
mod local_deployments;
mod log_line;
pub mod logging;
mod message_worker;
mod metrics;
mod open_change;
mod overview;
mod page;
mod push_event_worker;
mod reconciliation;
mod router;
mod start_decision;
mod timelines;
mod worker_pool;

// The test of the limits calls these readers.
#[cfg(test)]
pub(crate) use {child_processes::last_error, deployment_page::end_of, router::read_up_to};

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::config::{Config, Serve};
use crate::effects::shutdown::Shutdown;
use crate::effects::slack;
use crate::error::{Error, Explain as _};
use crate::facts::git;
use crate::journal::{self, Depth, Location, open_inbox};
use crate::sandbox::Policy;
use approvers::Approvers;
use authenticate::TokenDigest;
use ingest::Ingest;
use metrics::Metrics;
use router::WebhookRouter;
use worker_pool::{Notify, WorkerPool};

/// What a server is started with.
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// Its `[serve]` table, with the flags applied.
    pub serve: Serve,
    /// The location of the journal and of the inbox.
    pub location: Location,
    /// The policy that reads tags and decides.
    pub policy: Policy,
    /// The file that `config` was read from, for `greenlight run`.
    pub file: PathBuf,
    /// The policy that the command line names, for `greenlight run`.
    pub policy_file: Option<PathBuf>,
    /// The git repository; the one around the current folder if missing.
    pub repo: Option<PathBuf>,
    /// The signal that ends the server.
    pub shutdown: Shutdown,
}

/// What all threads of a server share.
struct Shared {
    context: Context,
    metrics: Metrics,
    /// Wakes the workers when the inbox has new entries.
    notify: Notify,
    /// How many webhooks wait to be stored.
    ingesting: AtomicUsize,
    /// Whether the last webhooks could not be stored.
    ingest_failed: AtomicBool,
    /// How many workers panicked.
    workers_lost: AtomicUsize,
}

/// Serves until the shutdown is requested, then until every accepted webhook is stored and every attempt that
/// has begun is recorded. Running deployments continue.
///
/// # Errors
///
/// If the address can't be listened on, a secret is missing, the store can't be opened, or the system refuses a
/// thread.
pub fn serve(context: Context) -> Result<(), Error> {
    let token = &context.serve.token;
    let secret = TokenDigest::read(token, "secret of the webhook", "the sender of the webhooks")?;
    let approvers = Approvers::read(&context.serve, secret.clone())?;
    context.check_secrets()?;
    context.check_repository()?;
    journal::open(&context.location)?.check(Depth::Quick)?;
    open_inbox(&context.location)?.check()?;
    let listener = listen(context.serve.listen)?;
    let address = listener.local_addr().unwrap_or(context.serve.listen);
    let shared = Arc::new(Shared {
        metrics: Metrics::new(),
        notify: Notify::default(),
        ingesting: AtomicUsize::new(0),
        ingest_failed: AtomicBool::new(false),
        workers_lost: AtomicUsize::new(0),
        context,
    });
    let ingest = Ingest::start(&shared)?;
    let workers = WorkerPool::start(&shared).map_err(Error::no_thread)?;
    tracing::info!("listening on http://{address}");
    shared.context.log_settings();
    let router = WebhookRouter::new(Arc::clone(&shared), ingest.queue(), (secret, approvers));
    http_server::run(listener, router).map_err(Error::no_thread)?;
    tracing::info!("shutting down; new requests are refused");
    ingest.finish();
    workers.finish();
    tracing::info!("shut down; running deployments continue");
    Ok(())
}

impl Context {
    /// Finds missing secrets when the server starts, not when the first release arrives.
    fn check_secrets(&self) -> Result<(), Error> {
        let trigger = self.serve.elsewhere.as_ref();
        let registry = self.serve.registry.as_ref();
        let account = registry.and_then(|it| it.account.as_ref());
        let secrets = [
            trigger.map(|it| (it.token(), format!("token of {}", it.name()))),
            account.map(|it| (&it.password, "password of the registry".to_owned())),
        ];
        for (secret, name) in secrets.into_iter().flatten() {
            secret.token(&name)?;
        }
        // A CI system has its own variables.
        let slack = self.config.slack.as_ref();
        if let Some(slack) = slack.filter(|_| self.serve.elsewhere.is_none()) {
            slack::check(&slack.destination)?;
        }
        Ok(())
    }

    /// Deployments on this machine read the message of their commit from git.
    fn check_repository(&self) -> Result<(), Error> {
        if self.serve.elsewhere.is_some() {
            return Ok(());
        }
        let mut git = git::git(self.repo.as_deref());
        let output = git::output(git.args(["rev-parse", "--git-dir"]));
        if output.is_ok_and(|it| it.status.success()) {
            return Ok(());
        }
        let place = match &self.repo {
            Some(repo) => format!("`{}` is not a git repository", repo.display()),
            None => "the current folder is not in a git repository".to_owned(),
        };
        Err(Error::new(
            place,
            "start `greenlight serve` in a clone of the repository that the images are built from, or name one \
             with `--repo`",
        ))
    }

    fn log_settings(&self) {
        let registry = self.serve.registry.as_ref();
        let trigger = self.serve.elsewhere.as_ref();
        tracing::info!(
            repositories = self.serve.repositories.join(","),
            registry = registry.map(|it| it.url.as_str()),
            trigger = trigger.map_or("greenlight run", |it| it.name()),
            journal = %self.location,
            "settings"
        );
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    listener.explain(
        format_args!("failed to listen on {address}"),
        "name another address with `--listen` or in `[serve] listen`",
    )
}

impl Shared {
    /// Lets webhooks that wait for their answer use the store first, for a moment.
    fn yield_to_ingest(&self) {
        for _ in 0..LONGEST_YIELD {
            if self.ingesting.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// How long a worker waits for webhooks to be stored, in milliseconds.
const LONGEST_YIELD: u32 = 20;
