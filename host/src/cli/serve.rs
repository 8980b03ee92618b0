//! `greenlight serve`: receives registry webhooks and starts deployments.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::run::policy;
use super::{Error, Exit};
use crate::config::{self, Config};
use crate::deployment::log;
use crate::effects::shutdown::Shutdown;
use crate::serve::{self, Context};

/// Receive registry webhooks, and start the deployments that they ask for.
///
/// A push event is stored before it is answered, and resolved afterwards: the policy reads the tag, the
/// registry resolves the digest. Each tag with its digest starts one deployment, however many webhooks
/// announce it. Send webhooks to `/hooks` with the secret as a bearer token, or to `/hooks/SECRET`; `/` shows
/// push events, deployment requests and their state.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The configuration, with a `[serve]` table.
    #[arg(long, value_name = "FILE", default_value = config::FILE, env = "GREENLIGHT_CONFIG", hide_env_values = true)]
    config: PathBuf,
    /// The address to listen on [default: the one of `[serve] listen`].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The repository with the releases' commits [default: the one around this folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Error> {
    let shutdown = Shutdown::on_signals().map_err(|error| {
        Error::new(
            format!("failed to listen for signals: {error}"),
            "the system is out of threads or pipes; try again later",
        )
    })?;
    let config = Config::read(&arguments.config)?;
    let Some(mut table) = config.serve.clone() else {
        return Err(Error::new(
            format!("`{}` has no `[serve]` table", arguments.config.display()),
            "write one, with `repositories` and the secret's `token-variable`; see `greenlight schema config`",
        ));
    };
    if let Some(address) = arguments.listen {
        table.listen = address;
    }
    let (policy, _) = policy(&config)?;
    let (location, _) = log::open(&config)?;
    serve::serve(Context {
        serve: table,
        location,
        policy,
        file: arguments.config.clone(),
        repo: arguments.repo.clone(),
        shutdown,
        config,
    })?;
    Ok(Exit::Go)
}
