//! Whether an environment is open at a time, for people and merge queues. In a deployment, the policy answers this by
//! itself, by the same rules.

use crate::contract::promotion::{Calendar, Outside, Period, Window, WindowKind};
use crate::window::local::local;

/// Why an environment is not open.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed<'a> {
    /// The freeze, or the window whose consequence is the strictest.
    pub window: &'a Window,
    /// When something may begin, in seconds since 1970; `None` if that is not known.
    pub next: Option<u64>,
}

impl Closed<'_> {
    /// Whether nothing may begin.
    pub fn holds(&self) -> bool {
        self.is_frozen() || self.window.outside == Outside::Hold
    }

    /// Whether a freeze is the reason.
    pub fn is_frozen(&self) -> bool {
        self.window.kind == WindowKind::Freeze
    }

    /// In words: ``by freeze `freeze-1`: incident (Ada)``.
    pub fn in_words(&self) -> String {
        let name = &self.window.name;
        let why = self.window.why.as_ref();
        let why = why.map_or_else(String::new, |it| format!(": {it}"));
        if self.is_frozen() {
            format!("frozen by `{name}`{why}")
        } else {
            format!("outside of window `{name}`{why}")
        }
    }

    /// The next opening in words.
    pub fn next_in_words(&self) -> String {
        next_opening(self.next, Some(&self.window.zone))
    }
}

/// The next opening in words, in the local time of a zone and in UTC.
pub fn next_opening(next: Option<u64>, zone: Option<&String>) -> String {
    match next {
        Some(at) => format!(
            "next opening {}",
            local(at, zone.map_or("UTC", String::as_str))
        ),
        None => "the next opening is not known".to_owned(),
    }
}

/// Why nothing may begin in an environment at a time, or may only begin with a note or a warning; `None` if it is open.
pub fn closed<'a>(calendar: &'a Calendar, environment: &str, now: u64) -> Option<Closed<'a>> {
    let is_about = |it: &&Window| it.environments.iter().any(|name| name == environment);
    let here: Vec<_> = calendar.windows.iter().filter(is_about).collect();
    let frozen = here.iter().find(|it| is_frozen(it, now));
    let window = match frozen {
        Some(freeze) => *freeze,
        None if is_allowed(&here, now) => return None,
        None => strictest(&here)?,
    };
    Some(Closed {
        window,
        next: next(&here, now, calendar.known_until),
    })
}

fn is_frozen(window: &Window, at: u64) -> bool {
    window.kind == WindowKind::Freeze && current(window, at).is_some()
}

/// Whether no window allows deployments, or one that does contains a time.
fn is_allowed(windows: &[&Window], at: u64) -> bool {
    let mut allow = windows.iter().filter(|it| it.kind == WindowKind::Allow);
    allow.clone().next().is_none() || allow.any(|it| current(it, at).is_some())
}

fn strictest<'a>(windows: &[&'a Window]) -> Option<&'a Window> {
    let allow = windows.iter().filter(|it| it.kind == WindowKind::Allow);
    let laxity = |it: &&&Window| match it.outside {
        Outside::Hold => 0_u8,
        Outside::Warn => 1,
        Outside::Note => 2,
    };
    allow.min_by_key(laxity).copied()
}

/// The first time after `now` at which nothing is frozen and something is allowed.
fn next(windows: &[&Window], now: u64, known_until: u64) -> Option<u64> {
    let ends = windows.iter().flat_map(|it| {
        let periods = it.periods.iter();
        periods.map(|period| match it.kind {
            WindowKind::Allow => period.start,
            WindowKind::Freeze => period.end,
        })
    });
    let is_open =
        |at: &u64| !windows.iter().any(|it| is_frozen(it, *at)) && is_allowed(windows, *at);
    ends.filter(|it| now < *it && *it < known_until)
        .filter(is_open)
        .min()
}

fn current(window: &Window, at: u64) -> Option<&Period> {
    let mut periods = window.periods.iter();
    periods.find(|it| it.start <= at && at < it.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::promotion::{Action, Event, EventKind, Permission, Release};
    use crate::contract::settings;
    use crate::contract::types::Evidence;
    use crate::sandbox::{Policy, Use};

    const NOW: u64 = 1_796_000_000;

    fn window(name: &str, kind: WindowKind, outside: Outside, periods: &[(u64, u64)]) -> Window {
        let periods = periods.iter().map(|(start, end)| Period {
            start: NOW + start,
            end: NOW + end,
        });
        Window {
            name: name.to_owned(),
            kind,
            environments: vec!["stage".to_owned()],
            periods: periods.collect(),
            outside,
            why: None,
            zone: "Europe/Berlin".to_owned(),
        }
    }

    /// Calendars whose windows open, close and overlap within 100 seconds.
    fn calendars() -> Vec<Calendar> {
        use Outside::{Hold, Note, Warn};
        use WindowKind::{Allow, Freeze};
        let early = window("early", Allow, Hold, &[(10, 30), (60, 70)]);
        let late = window("late", Allow, Warn, &[(25, 50)]);
        let noted = window("noted", Allow, Note, &[(65, 66)]);
        let frozen = window("frozen", Freeze, Hold, &[(0, 5), (28, 62)]);
        let long = window("long", Freeze, Hold, &[(40, 1000)]);
        let lists = [
            vec![],
            vec![early.clone()],
            vec![late.clone()],
            vec![noted.clone(), late.clone()],
            vec![frozen.clone()],
            vec![early.clone(), late.clone(), frozen.clone()],
            vec![noted, frozen.clone()],
            vec![early, late, frozen, long],
        ];
        let calendar = |windows| Calendar {
            windows,
            known_until: NOW + 100,
        };
        lists.into_iter().map(calendar).collect()
    }

    /// The policy and this module give the same answer at each second.
    #[test]
    fn the_policy_agrees() {
        let policy = Policy::bundled(Use::Often).expect("the bundled policy");
        let settings = settings::defaults();
        let release = Release {
            tag: format!("stage-{}", "a".repeat(40)),
            digest: None,
            instruction: None,
            authors: Vec::new(),
            facts: Vec::new(),
        };
        for calendar in calendars() {
            for now in NOW..NOW + 100 {
                let scheduled = Event {
                    at: NOW,
                    kind: EventKind::Scheduled(calendar.clone()),
                };
                let decision = policy
                    .decide(&release, &[scheduled], now, &settings)
                    .expect("a decision");
                let mut reasons = decision.reasons.iter();
                let said = reasons.find(|it| ["frozen", "outside-hours"].contains(&&*it.code));
                let closed = closed(&calendar, "stage", now);
                let at = now - NOW;
                assert_eq!(said.is_some(), closed.is_some(), "{at}: {calendar:?}");
                let is_held = decision.permission == Permission::Hold
                    && matches!(decision.next, Action::Wait(_));
                assert_eq!(is_held, closed.as_ref().is_some_and(Closed::holds), "{at}");
                let (Some(said), Some(closed)) = (said, closed) else {
                    continue;
                };
                assert_eq!(said.code == "frozen", closed.is_frozen(), "{at}");
                let mut evidence = vec![
                    Evidence::Window(closed.window.name.clone()),
                    Evidence::Environment("stage".to_owned()),
                ];
                evidence.extend(closed.next.map(Evidence::Time));
                assert_eq!(said.evidence, evidence, "{at}: {calendar:?}");
            }
        }
    }
}
