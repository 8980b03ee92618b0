//! Waiting: for a moment, for people, and for environments that other deployments hold.

use std::time::{Duration, Instant};

use super::Driver;
use crate::contract::promotion::{Action, Decision, EventKind, Notice, Question, Urgency};
use crate::deployment::entry::{Details, Entry};
use crate::deployment::message::Message;
use crate::deployment::waiting::{is_waiting, needs_no_environment};
use crate::deployment::{Error, JITTER, log, notify, occupant, unfinished};
use crate::facts::ancestry;
use crate::journal::Lock;
use crate::retry;
use crate::text::number::short;

/// How much longer a wait takes if the machine is slow.
const MARGIN: Duration = Duration::from_secs(30);

impl Driver<'_> {
    /// Waits. A message ends the wait, and so does a freeze or its end.
    pub(super) fn wait(&mut self, seconds: u32) -> Result<(), Error> {
        let time = Duration::from_secs(u64::from(seconds));
        let time = retry::spread(time, JITTER, fastrand::f64());
        let Some(passed) = self.wait_for(time)? else {
            return self.context.check_shutdown();
        };
        // A wait has its true length if a freeze or its end cuts it short, or the machine was suspended meanwhile.
        let is_cut = passed < time;
        let is_longer = passed > time + MARGIN;
        let seconds = match u32::try_from(passed.as_secs()) {
            Ok(true_length) if is_cut || is_longer => true_length,
            _ => seconds,
        };
        self.stale = true;
        Ok(self
            .record
            .happened(EventKind::Waited(seconds), Details::Nothing)?)
    }

    /// Asks people, and says how to answer. The next decision waits for the answer.
    pub(super) fn ask(&mut self, question: &Question, effect: &Action) -> Result<(), Error> {
        self.start(effect)?;
        let began = Instant::now();
        let number = self.record.log.deployment;
        let how = self
            .context
            .screen
            .how_to_answer(number, &question.environment);
        let commit = short(&self.began.commit);
        let notice = Notice {
            urgency: Urgency::Info,
            key: format!("question-{}", question.key),
            text: format!(
                "{commit} waits for people ({}): {}; {how}",
                self.release.tag, question.text
            ),
        };
        // Without this line, the thread could send the same message at the same time.
        self.sender = None;
        let store = self.record.log.store.as_mut();
        let handed = notify::notify(self.context.config, store, number, &notice, None)?;
        let (_, details) = notify::notified(&notice, &handed);
        self.record
            .happened(EventKind::Asked(question.clone()), details)?;
        let screen = &mut self.context.screen;
        screen.ended(effect, handed.is_done(), &handed.said(), began.elapsed());
        screen.note(&how);
        Ok(())
    }

    /// Releases the environments while the release waits for people or a window, so that other releases can use them.
    pub(super) fn release_while_waiting(&mut self, decision: &Decision) -> Result<(), Error> {
        if !needs_no_environment(decision, self.record.events()) {
            return Ok(());
        }
        let kept = [Lock::tag(&self.release.tag)];
        if self
            .leases
            .release_all_but(self.record.log.store.as_mut(), &kept)?
        {
            self.surveyed = None;
        }
        Ok(())
    }

    /// Makes sure that this deployment holds an environment, also after a resume or a wait. Returns whether it does, and
    /// nothing has happened there meanwhile. If another deployment holds the environment, that is recorded.
    pub(super) fn hold(&mut self, environment: &str) -> Result<bool, Error> {
        let lock = Lock::environment(environment);
        if self.leases.holds(&lock) {
            return Ok(true);
        }
        if self.leases.has_lost(&lock) {
            return Err(Error::LostLease(lock));
        }
        let (number, commit) = (self.record.log.deployment, &self.began.commit);
        let store = self.record.log.store.as_mut();
        let Some(holder) = self.leases.claim(store, &lock, number, commit)? else {
            return Ok(true);
        };
        let store = self.record.log.store.as_mut();
        let locked = EventKind::Locked(occupant::of(store, environment, holder)?);
        self.record.happened(locked, Details::Nothing)?;
        Ok(false)
    }

    /// Makes sure that this deployment holds an environment, and that nothing happened there while it did not: else the
    /// nodes are asked first. Waits if another deployment holds it. Returns whether the effect may start.
    pub(super) fn hold_or_wait(&mut self, environment: &str) -> Result<bool, Error> {
        if self.leases.holds(&Lock::environment(environment)) {
            return Ok(true);
        }
        if self.hold(environment)? {
            self.look().look_at_all_of(environment)?;
        } else {
            self.wait(self.settings.poll_interval)?;
        }
        Ok(false)
    }

    /// Asks the older deployments that wait for people or a window to give way. None of them holds an environment.
    pub(super) fn supersede_waiting(&mut self) -> Result<(), Error> {
        let store = self.record.log.store.as_mut();
        for header in unfinished(store)? {
            let number = header.number;
            let is_other =
                number != self.record.log.deployment && header.commit != self.began.commit;
            if !is_other || self.asked.contains(&number) {
                continue;
            }
            let store = self.record.log.store.as_mut();
            // Records of another version, or damaged ones, say nothing.
            let read = log::read(store, number).and_then(|it| is_waiting(number, &it));
            if !read.unwrap_or(false) {
                continue;
            }
            let contains =
                ancestry::contains(self.context.repo, &self.began.commit, &header.commit);
            // A signal to the whole job ends git, too; then its answer means nothing.
            self.context.check_shutdown()?;
            if contains != Some(true) {
                continue;
            }
            let message = Message::Supersede {
                commit: self.began.commit.clone(),
                person: self.began.urgent.clone(),
            };
            message.send(self.record.log.store.as_mut(), number)?;
            self.asked.push(number);
            let text = format!(
                "deployment {number} of {} is older and waits: it is asked to give way",
                short(&header.commit)
            );
            self.record
                .log
                .write(&Entry::Noted { text: text.clone() })?;
            self.context.screen.note(&text);
        }
        Ok(())
    }
}
