//! Running one command of an effect. Before the command is executed, its process group is recorded, and the journal
//! confirms that this process still holds the locks.

use std::io;
use std::path::Path;

use super::Driver;
use crate::deployment::Error;
use crate::deployment::commands::{Command, Commands, Ran};
use crate::deployment::entry::Entry;
use crate::effects::shutdown::Shutdown;
use crate::journal::Holder;

impl Driver<'_> {
    /// Runs a deploy command or the command of a step to its end, or until a person cancels the deployment. `None` if a signal
    /// ended it.
    pub(super) fn changing_command(
        &mut self,
        command: &Command<'_>,
        environment: &str,
    ) -> Result<Option<Ran>, Error> {
        let stop = self.mailbox.stop_deploy();
        let mut ran = self.command(command, environment, &stop)?;
        if ran.was_interrupted(&stop) {
            if !self.mailbox.has_message() {
                self.context.check_shutdown()?;
                return Ok(None);
            }
            ran.cancel();
        }
        Ok(Some(ran))
    }

    /// Runs a command to its end, or until `stop` ends it.
    pub(super) fn command(
        &mut self,
        command: &Command<'_>,
        environment: &str,
        stop: &Shutdown,
    ) -> Result<Ran, Error> {
        let commands = Commands {
            config: self.context.config,
            shutdown: stop,
            folder: &self.folder,
            began: &self.began,
            deployment: self.record.log.deployment,
        };
        let (screen, log) = (&mut self.context.screen, &mut self.record.log);
        let leases = &self.leases;
        let mut failed = None;
        let mut started = |process: Option<Holder>, folder: &Path| {
            let running = Entry::Running {
                process: process.map(|it| it.as_str().to_owned()),
                folder: folder.to_string_lossy().into_owned(),
            };
            let recorded = log.write(&running).map_err(Error::from);
            // Since it started the effect, this process may have been paused for longer than its lease.
            let confirmed = recorded.and_then(|()| leases.confirm(log.store.as_mut()));
            confirmed.map_err(|error| {
                failed = Some(error);
                io::Error::other("the command may not start")
            })
        };
        let mut line = |line: &str| screen.line(line);
        let ran = commands.run(command, environment, &mut line, &mut started);
        match failed {
            Some(error) => Err(error),
            None => Ok(ran?),
        }
    }
}
