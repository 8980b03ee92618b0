//! `greenlight serve`: takes registry webhooks in and starts deployments.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::journal::open;
use super::run::policy;
use super::{Error, Exit};
use crate::config::{self, Config};
use crate::effects::interrupt::Interrupt;
use crate::serve::{self, Means};

/// Take registry webhooks in, and start the deployments that they ask for.
///
/// A push is stored before it is answered, and looked into afterwards: the policy says what its tag asks
/// for, and the registry what it points at. Each tag with its digest starts one deployment, however often it
/// is told of. Send webhooks to `/hooks` with the secret as a bearer token, or to `/hooks/SECRET`; `/` shows
/// what came in, what it started, and what waits, and why.
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
    let interrupt = Interrupt::on_signals().map_err(|error| {
        Error::new(
            format!("failed to listen for signals: {error}"),
            "this machine gives no thread or pipe; try again when it has room",
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
    let (location, _) = open(&config)?;
    serve::serve(Means {
        serve: table,
        location,
        policy,
        file: arguments.config.clone(),
        repo: arguments.repo.clone(),
        interrupt,
        config,
    })?;
    Ok(Exit::Go)
}
