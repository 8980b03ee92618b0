//! The messages that a driver sends to people.

use std::time::Instant;

use super::Driver;
use crate::contract::actions;
use crate::contract::promotion::{Action, Decision, Notice, Urgency};
use crate::deployment::held::Held;
use crate::deployment::{Error, calendar, notify, outbox};
use crate::text::number::short;

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

    /// Tells people that a window holds the release before an environment, once for each environment. Without a channel, the
    /// console says it.
    pub(super) fn tell_held(&mut self, decision: &Decision) -> Result<(), Error> {
        let held = Held::of(decision, calendar::last(self.record.events()));
        let Some(held) = held.filter(|_| self.context.config.slack.is_some()) else {
            return Ok(());
        };
        if !self.told_held.insert(held.environment.clone()) {
            return Ok(());
        }
        let commit = short(&self.began.commit);
        let notice = Notice {
            urgency: Urgency::Info,
            key: format!("held-{}", held.environment),
            text: format!("{commit} is held ({}): {}", self.release.tag, held.text),
        };
        // Without this line, the thread could send the same message at the same time.
        self.sender = None;
        let (config, number) = (self.context.config, self.record.log.deployment);
        let store = self.record.log.store.as_mut();
        let handed = notify::notify(config, store, number, &notice, None)?;
        if !handed.is_done() {
            self.context
                .screen
                .note(&format!("message about the window: {}", handed.said()));
            // The wait may be long.
            self.sender = outbox::sender(config, number);
        }
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
