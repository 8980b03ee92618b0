//! Takes registry webhooks in and starts deployments.
//!
//! A request is stored before it is answered, and nothing else happens before the answer. What it says is a
//! hint, looked into later: the policy says what the tag asks for, the registry what it points at. What is
//! to be started is stored before it is started. Each of these steps is claimed by one receiver at a time,
//! so that several with one `PostgreSQL` database share the work.
//!
//! - `receive` answers HTTP: webhooks, the status page, health, metrics.
//! - `work` looks into hints, starts deployments, and goes on with those that were cut off.

pub mod logging;
mod metrics;
mod page;
mod receive;
mod wake;
mod words;
mod work;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::config::{Config, Serve};
use crate::effects::shutdown::Shutdown;
use crate::facts::{Error, git};
use crate::journal::Location;
use crate::sandbox::Policy;
use metrics::Metrics;
use receive::{Acceptor, Door, Token};
use wake::Wake;

/// What a receiver works with.
pub struct Context {
    /// What the team sets.
    pub config: Config,
    /// What it sets for the receiver.
    pub serve: Serve,
    /// Where the journal and the inbox are.
    pub location: Location,
    /// Who decides.
    pub policy: Policy,
    /// The file that `config` was read from, for deployments that are started.
    pub file: PathBuf,
    /// The policy that the command line names, for deployments that are started.
    pub policy_file: Option<PathBuf>,
    /// Where git's history is.
    pub repo: Option<PathBuf>,
    /// Who asks to end.
    pub shutdown: Shutdown,
}

/// What all parts of a receiver share.
struct Shared {
    context: Context,
    metrics: Metrics,
    /// Something came in that somebody may be waiting for.
    wake: Wake,
    /// How many requests wait to be stored.
    arriving: AtomicUsize,
    /// How many threads have ended that should not have.
    lost: AtomicUsize,
    /// Whether what came in last could not be stored.
    refused: AtomicBool,
}

/// Serves until the shutdown is raised, and then until everything that was accepted is stored and every
/// attempt that has begun is recorded. Deployments that run go on by themselves.
///
/// # Errors
///
/// If the address can't be listened on, a secret is missing, the store can't be opened, or the system gives
/// no thread.
pub fn serve(context: Context) -> Result<(), Error> {
    let token = context
        .serve
        .token
        .token("webhook's secret")
        .map_err(|why| {
            Error::new(
                format!("failed to find the secret of the webhook: {why}"),
                "set it to a long random text, the same one that the registry sends",
            )
        })?;
    context.check_secrets()?;
    context.check_repository()?;
    let listener = listen(context.serve.listen)?;
    let address = listener.local_addr().unwrap_or(context.serve.listen);
    let shared = Arc::new(Shared {
        metrics: Metrics::new(),
        wake: Wake::default(),
        arriving: AtomicUsize::new(0),
        lost: AtomicUsize::new(0),
        refused: AtomicBool::new(false),
        context,
    });
    let no_thread = |error: std::io::Error| {
        Error::new(
            format!("failed to start a thread: {error}"),
            "this machine gives none; try again when it has room",
        )
    };
    let acceptor = Acceptor::start(&shared)?;
    let workers = work::start(&shared).map_err(no_thread)?;
    tracing::info!("listening on http://{address}");
    shared.context.log_settings();
    let door = Door::new(Arc::clone(&shared), &acceptor, &Token::new(token.expose()));
    receive::run(listener, door).map_err(no_thread)?;
    tracing::info!("shutting down; new requests are refused");
    acceptor.end();
    workers.end();
    tracing::info!("shut down; running deployments continue");
    Ok(())
}

impl Context {
    /// A secret that is missing is found out when serving begins, not when the first release arrives.
    fn check_secrets(&self) -> Result<(), Error> {
        let way = self.serve.elsewhere.as_ref();
        let registry = self.serve.registry.as_ref();
        let account = registry.and_then(|it| it.account.as_ref());
        let secrets = [
            way.map(|it| (it.token(), format!("token of {}", it.name()))),
            account.map(|it| (&it.password, "password of the registry".to_owned())),
        ];
        for (secret, name) in secrets.into_iter().flatten() {
            secret.token(&name).map_err(|why| {
                Error::new(
                    format!("failed to find the {name}: {why}"),
                    "set it, or name another variable or file in the configuration",
                )
            })?;
        }
        Ok(())
    }
}

impl Context {
    /// Deployments that run here take the message of their commit from git.
    fn check_repository(&self) -> Result<(), Error> {
        if self.serve.elsewhere.is_some() {
            return Ok(());
        }
        let mut git = git::git(self.repo.as_deref());
        let output = git.args(["rev-parse", "--git-dir"]).output();
        if output.is_ok_and(|it| it.status.success()) {
            return Ok(());
        }
        let place = match &self.repo {
            Some(repo) => format!("`{}` is no git repository", repo.display()),
            None => "this folder is in no git repository".to_owned(),
        };
        Err(Error::new(
            place,
            "start it in a clone of the repository that the images are built from, or name one with `--repo`",
        ))
    }

    fn log_settings(&self) {
        let registry = self.serve.registry.as_ref();
        let trigger = self.serve.elsewhere.as_ref();
        tracing::info!(
            repositories = self.serve.repositories.join(","),
            registry = registry.map(|it| it.url.to_string()),
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
    listener.map_err(|error| {
        Error::new(
            format!("failed to listen on {address}: {error}"),
            "name another address with `--listen` or in `[serve] listen`",
        )
    })
}

impl Shared {
    /// Lets those go first who wait for an answer, for a moment.
    fn give_way(&self) {
        for _ in 0..COURTESY {
            if self.arriving.load(Ordering::Relaxed) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// How long what is not answered waits for what is, in milliseconds.
const COURTESY: u32 = 20;

/// How long to leave a store alone that did not answer.
const STORE_REST: Duration = Duration::from_millis(500);
