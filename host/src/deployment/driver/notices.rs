//! What a driver tells people.

use std::time::Instant;

use super::Driver;
use crate::contract::actions;
use crate::contract::promotion::{Action, Notice};
use crate::deployment::{Error, notify, outbox};

impl Driver<'_> {
    /// Sends a notification that the policy asks for, or leaves it in the outbox.
    pub(super) fn notify(&mut self, notice: &Notice) -> Result<(), Error> {
        let notice = &self.last_look.added_to(notice);
        let effect = Action::Notify(notice.clone());
        self.start(&effect)?;
        let began = Instant::now();
        let number = self.record.log.deployment;
        // The thread would send it, too.
        self.sender = None;
        let store = self.record.log.store.as_mut();
        let person = self.canceled_by.as_ref();
        let handed = notify::notify(self.context.config, store, number, notice, person)?;
        let (happening, details) = notify::notified(notice, &handed);
        self.record.happened(happening, details)?;
        self.context
            .screen
            .ended(&effect, handed.is_done(), &handed.said(), began.elapsed());
        Ok(())
    }

    /// Tells people that a step begins, where a message can be updated. A thread of its own sends it.
    pub(super) fn progress(&mut self, effect: &Action) -> Result<(), Error> {
        if !matches!(effect, Action::Deploy(_) | Action::LoadTest(_)) {
            return Ok(());
        }
        let (config, text) = (self.context.config, actions::sentence(effect));
        let log = &mut self.record.log;
        let is_told = notify::progress(config, log.store.as_mut(), log.deployment, &text)?;
        if is_told && self.sender.is_none() {
            self.sender = outbox::sender(config, log.deployment);
        }
        Ok(())
    }
}
