//! `greenlight cancel`: ends a deployment that no process drives.

use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::{Error, Exit};
use crate::config::{self, Config};
use crate::deployment;

/// Cancel an unfinished deployment.
///
/// For a deployment whose process has ended, and that can't or should not be resumed. Interrupt one that is
/// running first (Ctrl-C, or SIGTERM to its process). Nothing that was deployed is rolled back.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The number of the deployment.
    number: u64,
    /// The name of the person who cancels it; it is recorded.
    #[arg(long, value_name = "NAME", value_parser = super::args::person)]
    by: String,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = config::FILE, env = "GREENLIGHT_CONFIG", hide_env_values = true)]
    config: PathBuf,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let config = Config::read(&arguments.config)?;
    let number = arguments.number;
    deployment::cancel(&config, number, &arguments.by)?;
    output.text(&format!("deployment {number} is canceled\n"));
    Ok(Exit::Go)
}
