//! `greenlight cancel`: ends a deployment that no process drives.

use clap::Args;

use super::configuration::{self, ConfigArguments};
use super::journal::{claim, entries_of, failed, open};
use super::output::Output;
use super::{Error, Exit};
use crate::clock;
use crate::contract::promotion::{Conclusion, Event, Happening, Intervention};
use crate::deployment::Leases;
use crate::deployment::entry::{Details, Entry};
use crate::deployment::log::Log;
use crate::journal::Holder;

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
    let (location, mut store) = open(&config)?;
    let number = arguments.number;
    let header = store.deployment(number).map_err(failed)?.ok_or_else(|| {
        Error::new(
            format!("there is no deployment {number}"),
            "list deployments with `greenlight status`",
        )
    })?;
    if let Some(conclusion) = header.conclusion {
        return Err(Error::new(
            format!("deployment {number} has ended: {conclusion}"),
            "list unfinished deployments with `greenlight status`",
        ));
    }
    let leases = Leases::keep(location, Holder::this_process(), config.lease)?;
    claim(&leases, store.as_mut(), number, &header.tag, &header.commit)?;
    // A journal that can't be read any more can be ended all the same, without a record of who did.
    match entries_of(store.as_mut(), number) {
        Ok((entries, false)) => {
            let mut log = Log::new(store, number, entries.len() as u64 + 1);
            let event = Event {
                at: clock::seconds(),
                happening: Happening::Intervened(Intervention::Canceled),
            };
            let name = arguments.by.clone();
            log.write(&Entry::Happened {
                event,
                details: Details::Person { name },
            })
            .map_err(failed)?;
            log.write(&Entry::Concluded {
                conclusion: Conclusion::Canceled,
            })
            .map_err(failed)?;
            log.store.conclude(number, "canceled").map_err(failed)?;
            leases
                .release_all_but(log.store.as_mut(), &[])
                .map_err(failed)?;
        }
        Ok((_, true)) | Err(_) => {
            store.conclude(number, "canceled").map_err(failed)?;
        }
    }
    output.text(&format!("deployment {number} is canceled\n"));
    Ok(Exit::Go)
}
