//! The time of a deployment, from which the policy measures deadlines. It follows the boot clock, so changes of
//! the system clock do not affect it.

use std::time::Duration;

use crate::clock;
use crate::contract::promotion::Event;

/// The time of a deployment in one process.
#[derive(Debug, Default)]
pub(super) struct PassingTime {
    /// A time of the deployment, and the time since boot at that moment.
    read: Option<(Duration, Duration)>,
}

impl PassingTime {
    /// The time in seconds since 1970. The first call reads the system clock. If the clock was set back after an event of
    /// an earlier process, the time continues after this event.
    pub(super) fn seconds(&mut self, events: &[Event]) -> u64 {
        let system = clock::since_1970().unwrap_or_default();
        match clock::passing() {
            Some(boot) => self.at(system, boot, events),
            None => system.as_secs(),
        }
    }

    fn at(&mut self, system: Duration, boot: Duration, events: &[Event]) -> u64 {
        let (time, at_boot) = *self.read.get_or_insert_with(|| {
            let last = events.iter().map(|it| it.at).max().unwrap_or_default();
            (system.max(Duration::from_secs(last)), boot)
        });
        (time + boot.saturating_sub(at_boot)).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::EventKind;

    const fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn the_system_clock_can_be_set_both_ways() {
        let mut time = PassingTime::default();
        assert_eq!(time.at(seconds(10_000), seconds(50), &[]), 10_000);
        assert_eq!(time.at(seconds(6_400), seconds(53), &[]), 10_003);
        assert_eq!(time.at(seconds(90_000), seconds(60), &[]), 10_010);
    }

    #[test]
    fn a_later_process_continues_after_the_last_event() {
        let events = [10_000, 9_000].map(|at| Event {
            at,
            kind: EventKind::Waited(1),
        });
        let mut time = PassingTime::default();
        assert_eq!(time.at(seconds(6_400), seconds(50), &events), 10_000);
        assert_eq!(time.at(seconds(6_405), seconds(55), &events), 10_005);
        let mut time = PassingTime::default();
        assert_eq!(time.at(seconds(20_000), seconds(50), &events), 20_000);
    }
}
