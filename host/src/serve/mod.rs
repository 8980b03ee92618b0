//! Takes registry webhooks in and starts deployments.
//!
//! A request is stored before it is answered, and nothing else happens before the answer. What it says is a
//! hint, looked into later: the policy says what the tag asks for, the registry what it points at. What is
//! to be started is stored before it is started. Each of these steps is claimed by one receiver at a time,
//! so that several with one `PostgreSQL` database share the work.
//!
//! - `receive` answers HTTP: webhooks, the status page, health, metrics.
//! - `work` looks into hints, starts deployments, and goes on with those that were cut off.

mod log;
mod metrics;
mod page;
mod receive;
mod wake;
mod words;
mod work;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Serve};
use crate::effects::interrupt::Interrupt;
use crate::facts::Error;
use crate::journal::Location;
use crate::sandbox::Policy;
use log::Log;
use metrics::Metrics;
use receive::{Acceptor, Door, Token};
use wake::Wake;

/// What a receiver works with.
pub struct Means {
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
    /// Where git's history is.
    pub repo: Option<PathBuf>,
    /// Who asks to end.
    pub interrupt: Interrupt,
}

/// What all parts of a receiver share.
struct Shared {
    means: Means,
    metrics: Metrics,
    log: Log,
    /// Something came in that somebody may be waiting for.
    wake: Wake,
}

/// Serves until the interrupt is raised, and then until everything that was accepted is stored and every
/// attempt that has begun is recorded. Deployments that run go on by themselves.
///
/// # Errors
///
/// If the address can't be listened on, a secret is missing, the store can't be opened, or the system gives
/// no thread.
pub fn serve(means: Means) -> Result<(), Error> {
    let token = means.serve.token.token("the webhook").map_err(|why| {
        Error::new(
            format!("failed to find the secret of the webhook: {why}"),
            "set it to a long random text, the same one that the registry sends",
        )
    })?;
    means.check_starter()?;
    let listener = listen(means.serve.listen)?;
    let address = listener.local_addr().unwrap_or(means.serve.listen);
    let shared = Arc::new(Shared {
        metrics: Metrics::new(),
        log: Log,
        wake: Wake::default(),
        means,
    });
    let no_thread = |error: std::io::Error| {
        Error::new(
            format!("failed to start a thread: {error}"),
            "this machine gives none; try again when it has room",
        )
    };
    let acceptor = Acceptor::start(&shared)?;
    let workers = work::start(&shared).map_err(no_thread)?;
    shared.log.say(&format!("listening on http://{address}"));
    let door = Door::new(Arc::clone(&shared), &acceptor, &Token::new(token.expose()));
    receive::run(listener, door).map_err(no_thread)?;
    shared.log.say("ending: nothing more is taken in");
    acceptor.end();
    workers.end();
    shared
        .log
        .say("ended; deployments that run go on by themselves");
    Ok(())
}

impl Means {
    /// A secret that is missing is found out when serving begins, not when the first release arrives.
    fn check_starter(&self) -> Result<(), Error> {
        let Some(way) = &self.serve.elsewhere else {
            return Ok(());
        };
        way.token().token(way.name()).map(drop).map_err(|why| {
            Error::new(
                format!("failed to find the token of {}: {why}", way.name()),
                "set it, or name another variable or file in the configuration",
            )
        })
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

/// How long to leave a store alone that did not answer.
const STORE_REST: Duration = Duration::from_millis(500);
