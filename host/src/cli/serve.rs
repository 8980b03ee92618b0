//! `greenlight serve`: receives registry webhooks and starts deployments.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::configuration::{self, PolicyArguments};
use super::journal::open;
use super::output::Output;
use super::{Error, Exit};

use crate::effects::interrupt::Interrupt;
use crate::sandbox::Use;
use crate::serve::{self, Means};

/// Receive registry webhooks, and start the deployments that pushed tags ask for.
///
/// A webhook is stored before it is answered, and processed afterwards: the policy reads the tag, the registry
/// resolves its digest. Each tag and digest starts one deployment, also if the webhook is repeated. Send webhooks
/// to `/hooks` with the secret as a bearer token, or to `/hooks/SECRET`. The page at `/` shows the webhooks, the
/// deployments, and why one waits.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    policy: PolicyArguments,
    /// Listen on this address [default: the one of `[serve] listen`].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, output: &Output) -> Result<Exit, Error> {
    let interrupt = Interrupt::on_signals().map_err(|error| {
        Error::new(
            format!("failed to listen for signals: {error}"),
            "free resources of this machine (threads, pipes), and run the command again",
        )
    })?;
    let flags = arguments.policy.flags(arguments.repo.as_deref());
    let resolved = configuration::resolve(&flags, output)?;
    let file = resolved.path().map(Path::to_owned).unwrap_or_default();
    let deployable = resolved.check_deployable();
    let config = resolved.required()?;
    let Some(mut table) = config.serve.clone() else {
        return Err(Error::new(
            format!("`{}` has no `[serve]` table", file.display()),
            "write the table with `repositories` and `token-variable`; see `greenlight schema config`",
        ));
    };
    // A CI system that runs the deployments has the environments, too.
    if table.elsewhere.is_none() {
        deployable?;
    }
    if let Some(address) = arguments.listen {
        table.listen = address;
    }
    let (policy, _) = configuration::load(config.policy.as_ref(), Use::Often)?;
    let (location, _) = open(&config)?;
    serve::serve(Means {
        serve: table,
        location,
        policy,
        file,
        policy_file: arguments.policy.file().map(Path::to_owned),
        repo: arguments.repo.clone(),
        interrupt,
        config,
    })?;
    Ok(Exit::Go)
}
