//! The deadline of a release, for policies that do not look at it: without it, such a policy could wait forever.
//!
//! The bundled policy ends a release at the latest when this does. It knows for which environment the release waits, so
//! it counts less time as held.

use super::Driver;
use crate::contract::promotion::{
    Action, Calendar, Conclusion, Decision, Event, EventKind, InterventionKind, Permission, Window,
    WindowKind,
};
use crate::contract::types::{Evidence, Reason, Timestamp};
use crate::deployment::Error;

impl Driver<'_> {
    /// Replaces a decision to wait or to look again by the end of the release, if the release is older than its deadline.
    pub(super) fn keep_deadline(
        &mut self,
        decision: Decision,
        now: Timestamp,
    ) -> Result<Decision, Error> {
        let waits = matches!(
            decision.next,
            Action::Wait(_) | Action::Observe(_) | Action::Measure(_)
        );
        let Some(deadline) = self.settings.deadline.filter(|_| waits) else {
            return Ok(decision);
        };
        let number = self.record.log.deployment;
        let Some(header) = self.record.log.store.deployment(number)? else {
            return Ok(decision);
        };
        let age = now.saturating_sub(header.began / 1000);
        // Few releases are that old, so their held time rarely matters.
        if age <= u64::from(deadline)
            || age.saturating_sub(held(self.record.events(), now)) <= u64::from(deadline)
        {
            return Ok(decision);
        }
        Ok(ended(decision, deadline))
    }
}

/// The end of a release that is too old. Its reasons begin with this one.
fn ended(decision: Decision, deadline: u32) -> Decision {
    let mut reasons = vec![Reason {
        code: "deadline-exceeded".to_owned(),
        message: format!(
            "the release has not ended within {deadline} s, and the policy does not end it"
        ),
        evidence: vec![Evidence::Setting("deadline".to_owned())],
        help: Some("publish the commit again, or a newer one".to_owned()),
    }];
    reasons.extend(decision.reasons);
    Decision {
        permission: Permission::Stop,
        next: Action::Finish(Conclusion::Stopped),
        reasons,
        environments: decision.environments,
    }
}

/// The seconds of a history in which people or windows may have held the release.
fn held(history: &[Event], now: Timestamp) -> u64 {
    let mut holders = Holders::default();
    let mut seconds = 0;
    let mut last = history.first().map_or(now, |it| it.at);
    for event in history {
        // The wait may have begun later than the event before it.
        let begin = match event.kind {
            EventKind::Waited(seconds) => event.at.saturating_sub(u64::from(seconds)),
            _ => last,
        };
        if event.at > last {
            if holders.may_hold(last) || holders.may_hold(begin.max(last)) {
                seconds += event.at - last;
            }
            last = event.at;
        }
        holders.take(&event.kind);
    }
    if now > last && holders.may_hold(last) {
        seconds += now - last;
    }
    seconds
}

/// Who or what may hold a release, as of an event.
#[derive(Default)]
struct Holders<'a> {
    /// The windows that are known.
    calendar: Option<&'a Calendar>,
    /// The windows that a person set aside.
    excused: Vec<&'a str>,
    /// Whether people were asked, or hold the release, and nothing has begun since.
    people: bool,
}

impl<'a> Holders<'a> {
    fn take(&mut self, kind: &'a EventKind) {
        match kind {
            EventKind::Scheduled(it) => self.calendar = Some(it),
            EventKind::Excused(it) => self.excused.push(&it.window),
            EventKind::Asked(_) => self.people = true,
            EventKind::Intervened(it) if it.kind == InterventionKind::Held => self.people = true,
            EventKind::Deployed(_) | EventKind::LoadTested(_) | EventKind::Performed(_) => {
                self.people = false;
            }
            _ => {}
        }
    }

    /// Whether people hold the release at a time, or an environment is closed then.
    fn may_hold(&self, at: Timestamp) -> bool {
        let Some(calendar) = self.calendar.filter(|_| !self.people) else {
            return self.people;
        };
        let windows = calendar.windows.iter();
        let windows: Vec<_> = windows
            .filter(|it| !self.excused.contains(&it.name.as_str()))
            .collect();
        let environments = windows.iter().flat_map(|it| &it.environments);
        environments
            .into_iter()
            .any(|name| at >= calendar.known_until || is_closed(&windows, name, at))
    }
}

/// Whether a freeze holds an environment at a time, or none of its windows is open.
fn is_closed(windows: &[&Window], environment: &str, at: Timestamp) -> bool {
    let mut allowed = None;
    for window in windows {
        if !window.environments.iter().any(|it| it == environment) {
            continue;
        }
        let mut periods = window.periods.iter();
        let contains = periods.any(|it| it.start <= at && at < it.end);
        match window.kind {
            WindowKind::Freeze if contains => return true,
            WindowKind::Freeze => {}
            WindowKind::Allow => allowed = Some(contains || allowed == Some(true)),
        }
    }
    allowed == Some(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::{
        Intervention, Outcome, Outside, Period, Question, Step, StepResult,
    };

    const fn at(at: Timestamp, kind: EventKind) -> Event {
        Event { at, kind }
    }

    fn window(kind: WindowKind, start: Timestamp, end: Timestamp) -> Window {
        Window {
            name: "w".to_owned(),
            environments: vec!["prod".to_owned()],
            kind,
            periods: vec![Period { start, end }],
            outside: Outside::Hold,
            zone: "UTC".to_owned(),
            why: None,
        }
    }

    fn scheduled(windows: Vec<Window>) -> EventKind {
        EventKind::Scheduled(Calendar {
            windows,
            known_until: 10_000,
        })
    }

    fn asked() -> EventKind {
        EventKind::Asked(Question {
            key: "approval-prod".to_owned(),
            environment: "prod".to_owned(),
            text: "may it?".to_owned(),
        })
    }

    fn intervened(kind: InterventionKind) -> EventKind {
        EventKind::Intervened(Intervention {
            kind,
            by: "Ada".to_owned(),
            proven: false,
            why: "a test".to_owned(),
            environment: None,
            digest: None,
            question: None,
        })
    }

    fn performed() -> EventKind {
        EventKind::Performed(StepResult {
            step: Step {
                name: "migrate".to_owned(),
                environment: "prod".to_owned(),
                arguments: Vec::new(),
            },
            outcome: Outcome::Succeeded,
            exit_status: Some(0),
            answer: None,
        })
    }

    #[test]
    fn only_time_in_which_something_holds_the_release_is_held() {
        use InterventionKind::{Approved, Held};
        use WindowKind::{Allow, Freeze};
        let waited = |at, seconds| Event {
            at,
            kind: EventKind::Waited(seconds),
        };
        for (history, expected) in [
            (vec![], 0),
            (vec![waited(100, 50)], 0),
            (vec![at(100, asked()), waited(400, 300)], 900),
            (vec![at(100, asked()), at(150, performed())], 50),
            (vec![at(100, intervened(Held)), at(150, performed())], 50),
            (vec![at(100, intervened(Approved))], 0),
            (vec![at(100, scheduled(vec![window(Freeze, 200, 300)]))], 0),
            (vec![at(100, scheduled(vec![window(Freeze, 50, 300)]))], 900),
            (vec![at(100, scheduled(vec![window(Allow, 50, 300)]))], 0),
            (
                vec![
                    at(100, scheduled(vec![window(Allow, 50, 300)])),
                    waited(250, 150),
                    waited(650, 300),
                    at(660, performed()),
                ],
                400 + 10 + 340,
            ),
        ] {
            assert_eq!(held(&history, 1000), expected, "{history:?}");
        }
    }

    #[test]
    fn a_window_that_was_set_aside_holds_nothing() {
        let mut freeze = window(WindowKind::Freeze, 0, 5000);
        freeze.name = "freeze-1".to_owned();
        let excused = EventKind::Excused(crate::contract::promotion::Excuse {
            window: "freeze-1".to_owned(),
            by: "Ada".to_owned(),
            proven: false,
            why: "a test".to_owned(),
        });
        let history = [at(100, scheduled(vec![freeze])), at(150, excused)];
        assert_eq!(held(&history, 1000), 50);
    }
}
