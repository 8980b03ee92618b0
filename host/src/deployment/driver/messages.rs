//! What a driver does about the messages that it receives.

use super::Driver;
use crate::contract::promotion::{Action, Event, EventKind, Intervention, InterventionKind};
use crate::deployment::entry::{Details, Entry, Person};
use crate::deployment::left_over::{Cleanup, LeftOver};
use crate::deployment::mailbox::Received;
use crate::deployment::message::Message;
use crate::deployment::survey::competing_release;
use crate::deployment::{Error, intervention, log};
use crate::effects::shutdown::Shutdown;
use crate::text::number::short;

impl Driver<'_> {
    /// Records what the messages ask for. What went on when they arrived has ended.
    pub(super) fn heed_messages(&mut self) -> Result<(), Error> {
        // Before the first event, which ends the effect that was interrupted.
        let entries = log::read(self.record.log.store.as_mut(), self.record.log.deployment)?;
        let left = LeftOver::of(&entries);
        while let Some(Received { id, at, message }) = self.mailbox.take() {
            match message {
                Message::Cancel { by, reason, proven } => self.cancel(Person {
                    name: by,
                    reason,
                    proven,
                })?,
                Message::Intervene { intervention } => self.intervened(id, at, intervention)?,
                Message::Supersede { commit, person } => self.give_way(&commit, person)?,
                Message::Unknown => {}
            }
        }
        self.context.shutdown = self.mailbox.stop();
        match left {
            Some(left) => self.clear(&left, &self.mailbox.stop()),
            None => Ok(()),
        }
    }

    /// Ends the processes that an interrupted command left, and runs its cleanup, until `stop` is requested.
    pub(super) fn clear(&mut self, left: &LeftOver, stop: &Shutdown) -> Result<(), Error> {
        let screen = &mut self.context.screen;
        let cleanup = Cleanup {
            config: self.context.config,
            shutdown: stop,
            began: &self.began,
            deployment: self.record.log.deployment,
            folder: &self.folder,
            position: self.record.log.next(),
        };
        let ended = left.end();
        let cleaned = cleanup.run(left, &mut |line| screen.line(line));
        for text in ended.into_iter().chain(cleaned) {
            screen.note(&text);
            self.record.log.write(&Entry::Noted { text })?;
        }
        Ok(())
    }

    /// Records a person's intervention, with the time at which its message was sent.
    fn intervened(&mut self, id: u64, at: u64, mut new: Intervention) -> Result<(), Error> {
        new.question = intervention::answered(self.record.events(), &new);
        self.context.screen.note(&intervention::in_words(&new));
        let event = Event {
            // The clock of the other machine may be ahead.
            at: at.min(self.record.now()),
            kind: EventKind::Intervened(new),
        };
        Ok(self.record.add(event, Details::Message { id })?)
    }

    /// Records that a person canceled the deployment. The next decision ends it.
    fn cancel(&mut self, person: Person) -> Result<(), Error> {
        if self.canceled_by.is_some() {
            return Ok(());
        }
        let screen = &mut self.context.screen;
        screen.note(&format!("canceled by {}", person.in_words()));
        let canceled = EventKind::Intervened(person.intervention(InterventionKind::Canceled));
        let details = Details::Person(person.clone());
        self.record.happened(canceled, details)?;
        self.canceled_by = Some(person);
        Ok(())
    }
}

impl Driver<'_> {
    /// Records that a newer release is on its way to the last environment, unless this one is there already. The next
    /// decision ends the deployment.
    fn give_way(&mut self, commit: &str, person: Option<Person>) -> Result<(), Error> {
        let Some(last) = self.settings.environments.last() else {
            return Ok(());
        };
        let mut events = self.record.events().iter();
        let is_there = events.any(|it| {
            matches!(&it.kind, EventKind::Deployed(it)
                if it.environment == last.name && it.commit == self.began.commit)
        });
        if is_there {
            return Ok(());
        }
        let mut note = format!("gives way to {}, which is newer", short(commit));
        if let Some(person) = &person {
            note = format!("{note} and urgent: {}", person.in_words());
        }
        self.context.screen.note(&note);
        let superseded = EventKind::Superseded(competing_release(&last.name, commit));
        let details = person.map_or(Details::Nothing, Details::Person);
        Ok(self.record.happened(superseded, details)?)
    }
}

/// Whether an action may follow when a person has canceled the deployment: it changes nothing, and takes no time.
pub(super) const fn ends(next: &Action) -> bool {
    match next {
        Action::Observe(_) | Action::Notify(_) | Action::Finish(_) => true,
        Action::Deploy(_)
        | Action::LoadTest(_)
        | Action::Ask(_)
        | Action::Perform(_)
        | Action::Measure(_)
        | Action::RollBack(_)
        | Action::Wait(_) => false,
    }
}
