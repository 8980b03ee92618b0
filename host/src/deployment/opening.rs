//! Whether an environment is open at a time, for people and merge queues. In a deployment, the policy answers this by
//! itself, by the same rules.

use crate::contract::promotion::{Calendar, Outside, Period, Window, WindowKind};
use crate::window::local::local;
use crate::window::table::is_of_freeze;

/// Why an environment is not open.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed<'a> {
    /// The freeze, or the window whose consequence is the strictest.
    pub window: &'a Window,
    /// Each window and freeze that must end or open before something may begin; `window` is the first one.
    pub all: Vec<&'a Window>,
    /// When something may begin, in seconds since 1970; `None` if that is not known.
    pub next: Option<u64>,
    known_until: u64,
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

    /// The next opening in words.
    pub fn next_in_words(&self) -> String {
        next_opening(self.next, &self.all, self.known_until)
    }

    /// When one of the windows that hold ends by itself, in seconds since 1970; `None` for a window that is not a freeze,
    /// and for a freeze without an end.
    pub fn end(&self, window: &Window, now: u64) -> Option<u64> {
        let is_over = window.kind == WindowKind::Allow || is_endless(window, self.known_until);
        let period = current(window, now).filter(|_| !is_over);
        period.map(|it| it.end)
    }
}

/// The next opening in words, in the local time of the first of the windows that hold, and in UTC. If it is not known, it
/// says why, and how a freeze without an end is ended.
pub fn next_opening(next: Option<u64>, holding: &[&Window], known_until: u64) -> String {
    let zone = holding.first().map_or("UTC", |it| it.zone.as_str());
    if let Some(at) = next {
        return format!("next opening {}", local(at, zone));
    }
    let endless = holding.iter().filter(|it| is_endless(it, known_until));
    let endless: Vec<_> = endless.map(|it| it.name.as_str()).collect();
    match endless[..] {
        [] => {}
        [name] => {
            return format!(
                "freeze `{name}` has no end; end it with `greenlight thaw {name} --by NAME --reason TEXT`"
            );
        }
        [..] => {
            return format!(
                "freezes `{}` have no end; end each with `greenlight thaw FREEZE --by NAME --reason TEXT`",
                endless.join("`, `")
            );
        }
    }
    let freezes = holding.iter().filter(|it| it.kind == WindowKind::Freeze);
    let ends = freezes.filter_map(|it| Some((it.periods.iter().map(|it| it.end).max()?, *it)));
    match ends.max_by_key(|(end, _)| *end) {
        Some((end, freeze)) if end >= known_until => format!(
            "no opening before freeze `{}` ends {}",
            freeze.name,
            local(end, zone)
        ),
        _ if holding.is_empty() => "the next opening is not known".to_owned(),
        _ => format!("no opening before {}", local(known_until, zone)),
    }
}

/// Why nothing may begin in an environment at a time, or may only begin with a note or a warning; `None` if it is open.
pub fn closed<'a>(calendar: &'a Calendar, environment: &str, now: u64) -> Option<Closed<'a>> {
    let is_about = |it: &&Window| it.environments.iter().any(|name| name == environment);
    let here: Vec<_> = calendar.windows.iter().filter(is_about).collect();
    let mut all: Vec<_> = here
        .iter()
        .copied()
        .filter(|it| is_frozen(it, now))
        .collect();
    if !is_allowed(&here, now) {
        // A freeze holds, so a window that only warns has no effect beside it. Nor has it beside one that holds.
        let counts = if all.is_empty() {
            strictest(&here).map(|it| it.outside)
        } else {
            Some(Outside::Hold)
        };
        let allow = here.iter().filter(|it| it.kind == WindowKind::Allow);
        all.extend(allow.filter(|it| Some(it.outside) == counts));
    }
    Some(Closed {
        window: *all.first()?,
        next: next(&here, now, calendar.known_until),
        all,
        known_until: calendar.known_until,
    })
}

/// Whether a freeze of the journal ends only when a person thaws it.
fn is_endless(window: &Window, known_until: u64) -> bool {
    let mut periods = window.periods.iter();
    is_of_freeze(&window.name) && periods.any(|it| it.end == known_until)
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

    #[test]
    fn everything_that_holds_is_named() {
        let calendars = calendars();
        let names = |calendar: &Calendar, at| -> Vec<String> {
            let closed = closed(calendar, "stage", NOW + at);
            let all = closed.map_or_else(Vec::new, |it| it.all);
            all.iter().map(|it| it.name.clone()).collect()
        };
        let [.., both, all] = &calendars[..] else {
            panic!("calendars");
        };
        assert_eq!(names(all, 3), ["frozen", "early"]);
        assert_eq!(names(all, 7), ["early"]);
        assert_eq!(names(all, 45), ["frozen", "long"]);
        assert_eq!(names(all, 61), ["frozen", "long"]);
        assert_eq!(names(both, 3), ["frozen"], "a note holds nothing");
        assert_eq!(names(both, 6), ["noted"]);
        assert_eq!(names(both, 65), [""; 0]);
        assert_eq!(names(&calendars[3], 0), ["late"], "a note beside a warning");
    }

    #[test]
    fn an_unknown_opening_says_why() {
        let endless = |number: u64| {
            let freeze = window("", WindowKind::Freeze, Outside::Hold, &[(0, 100)]);
            Window {
                name: format!("freeze-{number}"),
                ..freeze
            }
        };
        let allow = window("hours", WindowKind::Allow, Outside::Hold, &[(200, 300)]);
        let ends = window("ends", WindowKind::Freeze, Outside::Hold, &[(0, 50)]);
        let long = window("long", WindowKind::Freeze, Outside::Hold, &[(0, 1000)]);
        for (windows, said) in [
            (
                vec![allow.clone(), ends, endless(7)],
                "freeze `freeze-7` has no end; end it with `greenlight thaw freeze-7 --by NAME --reason TEXT`",
            ),
            (
                vec![endless(1), endless(2), long.clone()],
                "freezes `freeze-1`, `freeze-2` have no end; end each with `greenlight thaw FREEZE --by NAME --reason TEXT`",
            ),
            (
                vec![allow.clone(), long],
                "no opening before freeze `long` ends Mon 2026-11-30 02:10 Europe/Berlin (2026-11-30T01:10:00Z)",
            ),
            (
                vec![allow],
                "no opening before Mon 2026-11-30 01:55 Europe/Berlin (2026-11-30T00:55:00Z)",
            ),
        ] {
            let calendar = Calendar {
                windows,
                known_until: NOW + 100,
            };
            let closed = closed(&calendar, "stage", NOW).expect("it is closed");
            assert_eq!(closed.next, None);
            assert_eq!(closed.next_in_words(), said);
        }
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
