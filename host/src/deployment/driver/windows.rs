//! The windows in the history of a deployment. A freeze that a person writes counts at the next decision, and ends a wait.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use super::Driver;
use crate::clock;
use crate::contract::promotion::EventKind;
use crate::deployment::entry::Details;
use crate::deployment::{Error, calendar};

/// How often a driver that waits looks for freezes.
const LOOK: Duration = Duration::from_secs(2);

impl Driver<'_> {
    /// Records the windows, if they have changed or the known time is over soon.
    pub(super) fn schedule(&mut self) -> Result<(), Error> {
        let freezes = self.record.log.store.freezes()?;
        let names = self.settings.environments.iter();
        let names: Vec<_> = names.map(|it| it.name.as_str()).collect();
        let now = self.record.now();
        let calendar = calendar::calendar(&self.context.config.windows, &freezes, &names, now);
        self.freezes = freezes;
        if calendar::is_due(calendar::last(self.record.events()), &calendar, now) {
            let scheduled = EventKind::Scheduled(calendar);
            self.record.happened(scheduled, Details::Nothing)?;
        }
        Ok(())
    }

    /// Waits until this long after the last decision, or until a person writes or ends a freeze, and returns the time that has
    /// passed since the decision. It can be longer: the machine may have been suspended. `None` if a message or a shutdown ended the wait.
    pub(super) fn wait_for(&mut self, time: Duration) -> Result<Option<Duration>, Error> {
        let began = self.decided;
        let wake = self.mailbox.wake();
        loop {
            let left = time.saturating_sub(now().saturating_sub(began));
            if wake.wait(left.min(LOOK)) {
                return Ok(None);
            }
            let passed = now().saturating_sub(began);
            if passed >= time || self.record.log.store.freezes()? != self.freezes {
                return Ok(Some(passed));
            }
        }
    }
}

/// A time that goes on while the machine is suspended, if the system has one.
pub(super) fn now() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    clock::passing().unwrap_or_else(|| BEGAN.elapsed())
}
