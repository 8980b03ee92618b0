//! `greenlight cancel`: ends a deployment that no process drives.

use clap::Args;

use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::{Error, Exit};
use crate::deployment;

/// Cancel an unfinished deployment.
///
/// Use it for a deployment whose process has ended, and that can't or should not be resumed. Interrupt a running
/// one first (Ctrl-C, or SIGTERM to its process). Nothing is rolled back.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Cancel the deployment with this number.
    number: u64,
    /// Record this name as the person who cancels.
    #[arg(long, value_name = "NAME", value_parser = super::args::person)]
    by: String,
    #[command(flatten)]
    config: ConfigArguments,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let config = configuration::resolve(&arguments.config.flags(None), output)?.required()?;
    let number = arguments.number;
    deployment::cancel(&config, number, &arguments.by)?;
    output.text(&format!("deployment {number} is canceled\n"));
    Ok(Exit::Go)
}
