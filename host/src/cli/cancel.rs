//! `greenlight cancel`: a person ends a deployment that nobody drives.

use std::path::PathBuf;

use clap::Args;

use super::journal::{claim, entries_of, failed, open};
use super::output::Output;
use super::{Error, Exit};
use crate::clock;
use crate::config::{self, Config};
use crate::contract::promotion::{Conclusion, Event, Happening, Intervention};
use crate::deployment::Leases;
use crate::deployment::entry::{Details, Entry};
use crate::deployment::log::Log;
use crate::journal::Holder;

/// End a deployment that is not to go on.
///
/// For one whose process has ended, and that can't or should not be resumed. One that is under way is
/// interrupted first (Ctrl-C, or SIGTERM to its process). Nothing that was deployed is taken back.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Which deployment.
    number: u64,
    /// Who ends it; it is recorded.
    #[arg(long, value_name = "NAME", value_parser = super::args::person)]
    by: String,
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = config::FILE, env = "GREENLIGHT_CONFIG", hide_env_values = true)]
    config: PathBuf,
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let config = Config::read(&arguments.config)?;
    let (location, mut store) = open(&config)?;
    let number = arguments.number;
    let header = store.deployment(number).map_err(failed)?.ok_or_else(|| {
        Error::new(
            format!("there is no deployment {number}"),
            "see `greenlight status` for those that there are",
        )
    })?;
    if let Some(conclusion) = header.conclusion {
        return Err(Error::new(
            format!("deployment {number} has ended: {conclusion}"),
            "nothing is left to cancel",
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
