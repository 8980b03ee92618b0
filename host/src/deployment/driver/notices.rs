//! The messages that a driver sends to people.

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
        // Without this line, the thread could send the same message at the same time.
        self.sender = None;
        let store = self.record.log.store.as_mut();
        let person = self.canceled_by.as_ref();
        let handed = notify::notify(self.context.config, store, number, notice, person)?;
        let (kind, details) = notify::notified(notice, &handed);
        self.record.happened(kind, details)?;
        self.context
            .screen
            .ended(&effect, handed.is_done(), &handed.said(), began.elapsed());
        Ok(())
    }

    /// Stores a message about the beginning of a step, if messages can be updated. A separate thread sends it.
    pub(super) fn progress(&mut self, effect: &Action) -> Result<(), Error> {
        if !matches!(effect, Action::Deploy(_) | Action::LoadTest(_)) {
            return Ok(());
        }
        let (config, text) = (self.context.config, actions::sentence(effect));
        let log = &mut self.record.log;
        let is_told = notify::progress(
            config,
            log.store.as_mut(),
            log.deployment,
            (&self.began, &text),
        )?;
        if is_told && self.sender.is_none() {
            self.sender = outbox::sender(config, log.deployment);
        }
        Ok(())
    }
}
