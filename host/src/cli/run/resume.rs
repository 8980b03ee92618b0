//! Going on with a deployment.

use super::console::Console;
use super::{Deployment, place};
use crate::cli::journal::{claim, entries_of, failed, open, unfinished};
use crate::cli::output::Output;
use crate::cli::{Error, Exit, resolve};
use crate::contract::names::Named as _;
use crate::contract::promotion::Permission;
use crate::deployment::Driver;
use crate::deployment::entry::{Began, Entry};
use crate::deployment::log::Log;

impl Deployment<'_> {
    pub(super) fn resume(&self, number: Option<u64>, output: &mut Output) -> Result<Exit, Error> {
        let (location, mut store) = open(self.config)?;
        let header = unfinished(store.as_mut(), number)?;
        let leases = self.keep(location)?;
        claim(
            &leases,
            store.as_mut(),
            header.number,
            &header.tag,
            &header.commit,
        )?;
        // Only now is nobody else writing.
        let (entries, torn) = entries_of(store.as_mut(), header.number)?;
        if let Some(conclusion) = entries.iter().find_map(|it| match &it.entry {
            Entry::Concluded { conclusion } => Some(conclusion.name()),
            _ => None,
        }) {
            // Only saying so was left to do.
            store.conclude(header.number, conclusion).map_err(failed)?;
            output.text(&format!(
                "deployment {} has ended: {}\n",
                header.number, conclusion
            ));
            let last = entries.iter().rev().find_map(|it| match &it.entry {
                Entry::Decided { decision, .. } => Some(decision.permission),
                _ => None,
            });
            // A person who ended it decided otherwise than to let it go on.
            let permission = last.unwrap_or(Permission::Stop);
            return Ok(Exit::of(permission, self.arguments.warn_exit_code));
        }
        let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
            return Err(Error::new(
                format!("nothing of deployment {} was done", header.number),
                "start it anew with `greenlight run --tag TAG`",
            ));
        };
        self.same_policy(began, header.number)?;
        let settings = &began.settings;
        let mut console = Console::new(output, self.arguments.format.format);
        let next = entries.len() as u64 + 1;
        if torn {
            store.forget_torn(header.number).map_err(failed)?;
        }
        let mut log = Log::new(store, header.number, next);
        if torn {
            let text = "the last record of the journal was damaged, and has been left out";
            console.note(text);
            let text = text.to_owned();
            log.write(&Entry::Noted { text }).map_err(failed)?;
        }
        let target = match self.policy.resolve(&header.tag, settings)? {
            Ok(target) => target,
            Err(reasons) => {
                return resolve::refuse(self.arguments.format.format, reasons, output);
            }
        };
        let entry = place(settings, &target.environment)?;
        let driver = Driver::resume(self.means(&mut console), log, leases, entries, entry);
        let end = driver.and_then(Driver::run);
        self.finish(end, header.number, console, output)
    }

    fn same_policy(&self, began: &Began, number: u64) -> Result<(), Error> {
        if began.policy == self.digest {
            return Ok(());
        }
        Err(Error::new(
            format!(
                "the deployment began with the policy {}, and this is {}",
                began.policy, self.digest
            ),
            format!(
                "go on with the policy that it began with, or end it with `greenlight cancel {number} \
                 --by NAME` and start anew"
            ),
        ))
    }
}
