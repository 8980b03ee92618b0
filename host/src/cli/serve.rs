//! `greenlight serve`: receives registry webhooks and starts deployments.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::configuration::{self, PolicyArguments};
use super::output::Output;
use super::{Error, Exit};
use crate::deployment::log;
use crate::effects::shutdown::Shutdown;
use crate::sandbox::Use;
use crate::serve::logging::{self, LogFormat, LogLevel};
use crate::serve::{self, Context};

/// Receive registry webhooks, and start the deployments that they ask for.
///
/// A push event is stored before it is answered, and resolved afterwards: the policy reads the tag, the
/// registry resolves the digest. Each tag with its digest starts one deployment, however many webhooks
/// announce it. Send webhooks to `/hooks` with the secret as a bearer token, or to `/hooks/SECRET`; `/` shows
/// push events, deployment requests and their state.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    policy: PolicyArguments,
    /// Listen on this address [default: the one of `[serve] listen`].
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = super::args::address)]
    listen: Option<SocketAddr>,
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Write the log on standard error as text, or as one JSON object per line.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        env = "GREENLIGHT_LOG_FORMAT",
        hide_env_values = true,
        help_heading = "Log"
    )]
    log_format: LogFormat,
    /// Log events of this level and of more severe ones [default: info; with `-q` error, with `-v` debug].
    #[arg(
        long,
        value_enum,
        value_name = "LEVEL",
        env = "GREENLIGHT_LOG_LEVEL",
        hide_env_values = true,
        help_heading = "Log"
    )]
    log_level: Option<LogLevel>,
}

pub fn run(arguments: &Arguments, output: &Output) -> Result<Exit, Error> {
    logging::start(arguments.log_format, arguments.log_level(output))?;
    match serve(arguments) {
        Ok(()) => Ok(Exit::Go),
        // A reader of the log expects JSON to the last line.
        Err(error) if arguments.log_format == LogFormat::Json => {
            logging::failed(&error);
            Ok(Exit::from(error.kind))
        }
        Err(error) => Err(error),
    }
}

impl Arguments {
    fn log_level(&self, output: &Output) -> LogLevel {
        self.log_level.unwrap_or(if output.is_quiet() {
            LogLevel::Error
        } else if output.is_verbose() {
            LogLevel::Debug
        } else {
            LogLevel::Info
        })
    }
}

fn serve(arguments: &Arguments) -> Result<(), Error> {
    let shutdown = Shutdown::on_signals()?;
    let flags = arguments.policy.flags(arguments.repo.as_deref());
    let resolved = configuration::find(&flags)?;
    let file = resolved.path().map(Path::to_owned).unwrap_or_default();
    tracing::debug!(config = %file.display(), origin = %resolved.origins.config, "configuration");
    let deployable = resolved.check_deployable();
    let config = resolved.clone().required()?;
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
    let (policy, _) = configuration::load(&resolved, Use::Often)?;
    let (location, _) = log::open(&config)?;
    serve::serve(Context {
        serve: table,
        location,
        policy,
        file,
        policy_file: arguments.policy.file().map(Path::to_owned),
        repo: arguments.repo.clone(),
        shutdown,
        config,
    })?;
    Ok(())
}
