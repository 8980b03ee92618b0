//! `greenlight cancel`: ends an unfinished deployment.

use clap::Args;

use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::{Error, Exit};

/// Cancel an unfinished deployment.
///
/// Use it for a deployment whose process has ended, and that can't or should not be resumed. Interrupt a running
/// one first (Ctrl-C, or SIGTERM to its process). Nothing is rolled back.
#[derive(Debug, Args)]
pub struct CancelArguments {
    /// Cancel the deployment with this number.
    #[arg(value_parser = super::args::deployment)]
    number: u64,
    /// Record this name as the person who cancels.
    #[arg(long, value_name = "NAME", value_parser = super::args::person)]
    by: String,
    #[command(flatten)]
    config: ConfigArguments,
}

pub fn cancel(arguments: &CancelArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let number = arguments.number;
    crate::deployment::cancel(&config, number, &arguments.by)?;
    output.text(&format!("deployment {number} is canceled\n"));
    Ok(Exit::Go)
}
