//! `greenlight approve`, `reject` and `hold`: a person's intervention in an unfinished deployment.

use std::time::Duration;

use clap::Args;

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::person::PersonArguments;
use super::{Error, Exit};
use crate::contract::names::Named as _;
use crate::contract::promotion::InterventionKind;
use crate::deployment::{Delivery, InterventionDocument, NewIntervention, needs_reason};
use crate::text::json;

#[derive(Debug, Args)]
pub struct InterventionArguments {
    /// The number of the deployment.
    #[arg(value_parser = super::args::deployment)]
    number: u64,
    /// Apply it to this environment [default: all environments].
    #[arg(long, value_name = "ENVIRONMENT")]
    environment: Option<String>,
    #[command(flatten)]
    person: PersonArguments,
    /// Wait this long for the process that drives the deployment to record it. It still records it later.
    #[arg(long, value_name = "DURATION", value_parser = super::args::duration, default_value = "10s")]
    wait: Duration,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// Sends the intervention to the deployment.
///
/// # Errors
///
/// If the person has no name, the deployment or the environment does not exist, or the deployment has ended.
pub fn intervene(
    kind: InterventionKind,
    arguments: &InterventionArguments,
    output: &mut Output,
) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let number = arguments.number;
    let person = arguments.person.person()?;
    if needs_reason(kind) && person.reason.is_none() {
        return Err(Error::new(
            "the reason is missing",
            "add `--reason TEXT`: it tells the others what must change before the release continues",
        ));
    }
    let new = NewIntervention {
        kind,
        person,
        environment: arguments.environment.clone(),
    };
    let sent = crate::deployment::intervene(&config, number, &new, arguments.wait)?;
    let is = match sent.delivery {
        Delivery::Recorded => "is",
        Delivery::Sent { .. } | Delivery::Stored => "will be",
    };
    // The policy decides whether an approval counts, and whether others are missing.
    let said = match kind {
        InterventionKind::Approved => format!("the approval of deployment {number} {is} recorded"),
        other => format!("deployment {number} {is} {}", other.name()),
    };
    match arguments.format.format {
        Format::Human => output.text(&format!("{said}\n")),
        Format::Json => output.text(&json::pretty(&InterventionDocument::new(number, &sent))?),
    }
    match sent.delivery {
        Delivery::Recorded if kind == InterventionKind::Approved => output.note(&format!(
            "note: `greenlight status {number}` shows whether the approval counts, and whether others are missing\n"
        )),
        Delivery::Recorded => {}
        Delivery::Sent { driver } => output.note(&format!(
            "note: {driver} has not recorded it within {:?}; it counts as soon as that process reads the journal\n",
            arguments.wait
        )),
        Delivery::Stored => output.note(&format!(
            "note: no process drives deployment {number}; it counts when the deployment is resumed: `greenlight run \
             --resume {number}`\n"
        )),
    }
    Ok(Exit::Go)
}
