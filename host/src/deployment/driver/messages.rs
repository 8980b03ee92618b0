//! What a driver does about the messages that it receives.

use super::Driver;
use crate::contract::promotion::{Action, Happening, Intervention};
use crate::deployment::Error;
use crate::deployment::entry::{Details, Person};
use crate::deployment::message::Message;

impl Driver<'_> {
    /// Records what the messages ask for. What went on when they arrived has ended.
    pub(super) fn heed_messages(&mut self) -> Result<(), Error> {
        while let Some(message) = self.mailbox.take() {
            match message {
                Message::Cancel { by, reason } => self.cancel(Person { name: by, reason })?,
                Message::Unknown => {}
            }
        }
        self.context.shutdown = self.mailbox.stop();
        Ok(())
    }

    /// Records that a person canceled the deployment. The next decision ends it.
    fn cancel(&mut self, person: Person) -> Result<(), Error> {
        if self.canceled_by.is_some() {
            return Ok(());
        }
        let screen = &mut self.context.screen;
        screen.note(&format!("canceled by {}", person.in_words()));
        let canceled = Happening::Intervened(Intervention::Canceled);
        let details = Details::Person(person.clone());
        self.record.happened(canceled, details)?;
        self.canceled_by = Some(person);
        Ok(())
    }
}

/// Whether an action may follow when a person has canceled the deployment: it changes nothing, and takes no time.
pub(super) const fn ends(next: &Action) -> bool {
    match next {
        Action::Observe(_) | Action::Notify(_) | Action::Finish(_) => true,
        Action::Deploy(_) | Action::LoadTest(_) | Action::Wait(_) => false,
    }
}
