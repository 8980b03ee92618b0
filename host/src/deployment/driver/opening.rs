//! The first entries of a process that drives a deployment: a new one, or one that another process drove before.

use super::Driver;
use crate::deployment::Error;
use crate::deployment::begin::Said;
use crate::deployment::entry::{Details, Entry};
use crate::deployment::recovery::Recovery;

impl Driver<'_> {
    /// Writes the first entries.
    pub(super) fn open(&mut self, said: Vec<Said>) -> Result<(), Error> {
        self.record.log.write(&Entry::Began(self.began.clone()))?;
        let number = self.record.log.deployment;
        self.context.screen.began(number, &self.began, false);
        self.say(said)
    }

    /// Records the interventions of people.
    fn say(&mut self, said: Vec<Said>) -> Result<(), Error> {
        for it in said {
            self.context.screen.note(&it.note);
            self.record.happened(it.kind, it.details)?;
        }
        Ok(())
    }

    /// Continues behind the entries of a process that ended.
    pub(super) fn recover(&mut self, recovery: Recovery, said: Vec<Said>) -> Result<(), Error> {
        for (deployment, position) in recovery.imported() {
            self.imported.up_to(deployment, position);
        }
        let environment = recovery.environment();
        let repeated = recovery.is_repeated(self.context.config);
        let number = self.record.log.deployment;
        self.context.screen.began(number, &self.began, true);
        recovery.show_rounds(self.context.screen);
        let note = recovery.note(repeated);
        let unknown = recovery.as_unknown(&self.began).filter(|_| !repeated);
        self.canceled_by = recovery.canceled_by();
        let canceled = self.mailbox.has_message() && self.mailbox.stop_deploy().is_requested();
        let left = recovery.left_over(repeated, canceled);
        let running = recovery.still_running().filter(|_| left.is_none());
        let interrupted = recovery.interrupted();
        if let Some(note) = note {
            self.context.screen.note(&note);
        }
        // The cleanup precedes the record. If this process dies during the cleanup, the next process repeats it.
        if let Some(left) = left {
            self.clear(&left, &self.mailbox.process())?;
        }
        if let Some((left, environment)) = running {
            self.await_command(&left, &environment)?;
        }
        self.record.log.write(&Entry::Resumed {
            interrupted,
            repeated,
        })?;
        if let Some(kind) = unknown {
            self.record.happened(kind, Details::Interrupted)?;
        }
        self.say(said)?;
        // The environment that it deployed to is locked again, unless another deployment has taken it: then the
        // next effect there fails. The survey shows what happened there meanwhile.
        if let Some(environment) = environment {
            match self.hold(&environment) {
                Ok(_) | Err(Error::LostLease(_)) => self.look().look_at(&environment)?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
