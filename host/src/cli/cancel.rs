//! `greenlight cancel`: ends an unfinished deployment.

use std::time::Duration;

use clap::Args;

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::person::PersonArguments;
use super::{Error, Exit};
use crate::deployment::{Cancellation, InterventionDocument};
use crate::text::escape::escape;
use crate::text::json;

/// Cancel an unfinished deployment.
///
/// The process that drives it, on any machine that shares the journal, ends the running command, records the
/// cancellation, sends the notification, and exits with 1. A deployment whose process has ended is canceled by this
/// command itself. Nothing is rolled back.
#[derive(Debug, Args)]
pub struct CancelArguments {
    /// Cancel the deployment with this number.
    #[arg(value_parser = super::args::deployment)]
    number: u64,
    #[command(flatten)]
    person: PersonArguments,
    /// Wait this long for the process that drives the deployment. It still ends the deployment later.
    #[arg(long, value_name = "DURATION", value_parser = super::args::duration, default_value = "60s")]
    wait: Duration,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    format: FormatArguments,
}

pub fn cancel(arguments: &CancelArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let number = arguments.number;
    let person = arguments.person.person()?;
    let mut tell = |text: &str| output.note(&format!("note: {}\n", escape(text)));
    let canceled = crate::deployment::cancel(&config, number, &person, arguments.wait, &mut tell)?;
    if arguments.format.format == Format::Json {
        let document = InterventionDocument::canceled(number, &person, &canceled);
        output.text(&json::pretty(&document)?);
    }
    match canceled {
        Cancellation::Done => {
            if arguments.format.format == Format::Human {
                output.text(&format!("deployment {number} is canceled\n"));
            }
            Ok(Exit::Go)
        }
        Cancellation::Asked { driver } => {
            output.error(&format!(
                "error: {driver} did not end deployment {number} within {:?}\n  help: it ends the deployment as \
                 soon as it reads the journal; if it is stuck, end it and run `greenlight cancel` again\n",
                arguments.wait
            ));
            Ok(Exit::Hold)
        }
    }
}
