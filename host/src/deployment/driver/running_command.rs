//! Commands that outlived the greenlight that started them. While one runs, no other command begins in its environment.

use std::time::Duration;

use super::Driver;
use crate::contract::promotion::{EventKind, LockHolder};
use crate::deployment::Error;
use crate::deployment::entry::{Details, Entry};
use crate::deployment::left_over::LeftOver;
use crate::journal::Lock;

/// How often to look whether a command has ended.
const POLL: Duration = Duration::from_millis(250);

impl Driver<'_> {
    /// Waits for the end of a deploy command that outlived its greenlight, so that no other deployment begins in its
    /// environment meanwhile. A command that exceeds its time limit is ended, and so is one whose deployment a person
    /// cancels.
    ///
    /// If another deployment has just locked the environment, that deployment finds the command and waits, too.
    pub(super) fn await_command(
        &mut self,
        left: &LeftOver,
        environment: &str,
    ) -> Result<(), Error> {
        match self.hold(environment) {
            Ok(_) | Err(Error::LostLease(_)) => {}
            Err(error) => return Err(error),
        }
        let note = format!("the {} still runs: waiting for its end", left.command());
        self.context.screen.note(&note);
        let stop = self.mailbox.stop_deploy();
        while left.is_running() {
            if left.is_overdue(self.context.config)
                || self.mailbox.stop().is_requested() && self.mailbox.has_message()
            {
                return self.clear(left, &self.mailbox.process());
            }
            if stop.wait(POLL) && !self.mailbox.has_message() {
                return self.context.check_shutdown();
            }
            self.leases.confirm(self.record.log.store.as_mut())?;
        }
        Ok(())
    }

    /// Whether a command of another deployment runs in an environment, although the process that drove the deployment is
    /// gone. Then the environment is released and counts as locked, until the command ends. A command that exceeds its
    /// time limit is ended.
    pub(super) fn waits_for_another(&mut self, environment: &str) -> Result<bool, Error> {
        let number = self.record.log.deployment;
        let store = self.record.log.store.as_mut();
        let Some((header, left)) = LeftOver::of_another(store, environment, number)? else {
            return Ok(false);
        };
        if left.is_overdue(self.context.config) {
            if let Some(note) = left.end() {
                let text = format!("deployment {}: {note}", header.number);
                self.context.screen.note(&text);
                self.record.log.write(&Entry::Noted { text })?;
            }
            if !left.is_running() {
                return Ok(false);
            }
        }
        let others = self.settings.environments.iter();
        let others = others.filter(|it| it.name != environment);
        let mut kept: Vec<_> = others.map(|it| Lock::environment(&it.name)).collect();
        kept.push(Lock::tag(&self.release.tag));
        self.leases
            .release_all_but(self.record.log.store.as_mut(), &kept)?;
        let locked = EventKind::Locked(LockHolder {
            environment: environment.to_owned(),
            commit: header.commit,
            load_test: None,
        });
        self.record.happened(locked, Details::Nothing)?;
        Ok(true)
    }
}
