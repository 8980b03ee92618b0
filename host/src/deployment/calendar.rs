//! The windows of a deployment as the policy receives them: those of the configuration, and the freezes of the journal.

use jiff::Timestamp;

use super::{Error, log};
use crate::config::Config;
use crate::contract::promotion::{Calendar, Event, EventKind, Outside, Period, Window, WindowKind};
use crate::journal::Freeze;
use crate::window::{self, Rule, expand};

/// With fewer seconds of known time left, the windows are recorded again.
const ENOUGH: u64 = 7 * 24 * 60 * 60;

/// The freezes of the journal. A journal that does not exist yet has none.
///
/// # Errors
///
/// If the journal can't be read.
pub fn freezes(config: &Config) -> Result<Vec<Freeze>, Error> {
    match log::look(config)? {
        Some(mut store) => Ok(store.freezes()?),
        None => Ok(Vec::new()),
    }
}

/// The windows from `now` on, in seconds since 1970, for 31 days. `environments` are those of the deployment, in order; a
/// window for other environments is left out.
pub fn calendar(
    windows: &[window::Window],
    freezes: &[Freeze],
    environments: &[&str],
    now: u64,
) -> Calendar {
    let from = timestamp(now);
    let until = from.saturating_add(expand::AHEAD).unwrap_or(Timestamp::MAX);
    let known_until = seconds(until);
    let zone = windows.first().map_or("UTC", |it| it.zone.name());
    let configured = windows
        .iter()
        .map(|it| configured(it, environments, (from, until)));
    let written = freezes
        .iter()
        .filter(|it| it.is_in_force(now.saturating_mul(1000)));
    let written = written.map(|it| written_freeze(it, environments, (now, known_until), zone));
    let windows = configured.chain(written);
    Calendar {
        windows: windows.filter(|it| !it.environments.is_empty()).collect(),
        known_until,
    }
}

fn configured(
    window: &window::Window,
    environments: &[&str],
    (from, until): (Timestamp, Timestamp),
) -> Window {
    let (kind, outside) = match &window.rule {
        Rule::Freeze { .. } => (WindowKind::Freeze, Outside::Hold),
        Rule::Allow { outside, .. } => {
            let outside = match outside {
                window::Outside::Note => Outside::Note,
                window::Outside::Warn => Outside::Warn,
                window::Outside::Hold => Outside::Hold,
            };
            (WindowKind::Allow, outside)
        }
    };
    let stretches = window.stretches(from, until).into_iter();
    let periods = stretches.map(|it| Period {
        start: seconds(it.start),
        end: seconds(it.end),
    });
    Window {
        name: window.name.clone(),
        kind,
        environments: owned(&window.among(environments)),
        periods: periods.collect(),
        outside,
        why: window.reason.clone(),
        zone: window.zone.name().to_owned(),
    }
}

/// A freeze without an end lasts as long as anything is known.
fn written_freeze(
    freeze: &Freeze,
    environments: &[&str],
    (now, known_until): (u64, u64),
    zone: &str,
) -> Window {
    // With its end exactly there, a freeze would look like one without an end.
    let until = freeze.new.until.map(|it| match it.div_ceil(1000) {
        it if it == known_until => it.saturating_add(1),
        it => it,
    });
    let is_for = |it: &&&str| {
        freeze
            .new
            .environment
            .as_deref()
            .is_none_or(|name| name == **it)
    };
    let environments: Vec<_> = environments.iter().filter(is_for).copied().collect();
    Window {
        name: freeze.name(),
        kind: WindowKind::Freeze,
        environments: owned(&environments),
        periods: vec![Period {
            start: now,
            end: until.unwrap_or(known_until),
        }],
        outside: Outside::Hold,
        why: Some(format!("{}, by {}", freeze.new.why, freeze.new.by)),
        zone: zone.to_owned(),
    }
}

/// The last calendar of a history.
pub fn last(events: &[Event]) -> Option<&Calendar> {
    events.iter().rev().find_map(|it| match &it.kind {
        EventKind::Scheduled(calendar) => Some(calendar),
        _ => None,
    })
}

/// Whether a calendar must be recorded after the one that a history has: the windows are others than before, or less than a
/// week of the known time is left. Without windows, a history needs none.
pub fn is_due(before: Option<&Calendar>, calendar: &Calendar, now: u64) -> bool {
    let Some(before) = before else {
        return !calendar.windows.is_empty();
    };
    if before.windows.is_empty() && calendar.windows.is_empty() {
        return false;
    }
    before.known_until.saturating_sub(now) < ENOUGH || !is_same(before, calendar, now)
}

/// Whether two calendars have the same windows from now on, as far as both know them.
fn is_same(before: &Calendar, calendar: &Calendar, now: u64) -> bool {
    let until = before.known_until.min(calendar.known_until);
    let clipped = |window: &Window| -> Vec<(u64, u64)> {
        let periods = window
            .periods
            .iter()
            .map(|it| (it.start.max(now), it.end.min(until)));
        periods.filter(|(start, end)| start < end).collect()
    };
    before.windows.len() == calendar.windows.len()
        && before
            .windows
            .iter()
            .zip(&calendar.windows)
            .all(|(one, other)| {
                (
                    &one.name,
                    one.kind,
                    &one.environments,
                    one.outside,
                    &one.why,
                    &one.zone,
                ) == (
                    &other.name,
                    other.kind,
                    &other.environments,
                    other.outside,
                    &other.why,
                    &other.zone,
                ) && clipped(one) == clipped(other)
            })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|it| (*it).to_owned()).collect()
}

fn timestamp(seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}

fn seconds(timestamp: Timestamp) -> u64 {
    u64::try_from(timestamp.as_second()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::NewFreeze;
    use crate::window::table::{WindowTable, windows};

    /// 2026-11-28 12:00 UTC, a Saturday.
    const NOW: u64 = 1_795_867_200;
    const DAY: u64 = 24 * 60 * 60;

    const KNOWN: [&str; 2] = ["stage", "prod"];

    fn hours(allow: &str) -> Vec<window::Window> {
        let text = format!("name = 'hours'\nallow = ['{allow}']\nzone = 'Europe/Berlin'");
        let table: WindowTable = toml::from_str(&text).expect("a table");
        windows(vec![table], &KNOWN).expect("windows")
    }

    fn freeze(environment: Option<&str>, until: Option<u64>) -> Freeze {
        Freeze {
            number: 3,
            new: NewFreeze {
                at: NOW * 1000,
                environment: environment.map(str::to_owned),
                until,
                by: "Ada".to_owned(),
                why: "incident".to_owned(),
            },
            thaw: None,
        }
    }

    #[test]
    fn windows_and_freezes_are_moments_of_31_days() {
        let freezes = [freeze(None, None), freeze(Some("other"), None)];
        let calendar = calendar(&hours("Mon-Fri 09:00-16:00"), &freezes, &KNOWN, NOW);
        assert_eq!(calendar.known_until, NOW + 31 * DAY);
        let [hours, freeze] = &calendar.windows[..] else {
            panic!("the window, and the freeze for known environments: {calendar:?}");
        };
        assert_eq!(hours.environments, ["prod"]);
        assert_eq!(hours.periods.len(), 22);
        // Monday at 09:00 in Berlin.
        assert_eq!(hours.periods[0].start, NOW + DAY + 20 * 60 * 60);
        assert_eq!(
            (freeze.name.as_str(), freeze.kind),
            ("freeze-3", WindowKind::Freeze)
        );
        assert_eq!(freeze.environments, KNOWN);
        assert_eq!(freeze.periods[0].end, calendar.known_until);
        assert_eq!(freeze.why.as_deref(), Some("incident, by Ada"));
    }

    /// One without an end lasts as long as anything is known.
    #[test]
    fn a_freeze_with_an_end_is_never_like_one_without() {
        let until = (NOW + 31 * DAY) * 1000;
        let calendar = calendar(&[], &[freeze(None, Some(until))], &KNOWN, NOW);
        assert_eq!(calendar.known_until, NOW + 31 * DAY);
        assert_eq!(calendar.windows[0].periods[0].end, calendar.known_until + 1);
    }

    #[test]
    fn a_calendar_is_recorded_when_it_changes_or_ends_soon() {
        let expand = |windows: &[window::Window], freezes: &[Freeze], now| {
            calendar(windows, freezes, &KNOWN, now)
        };
        let empty = expand(&[], &[], NOW);
        assert!(!is_due(None, &empty, NOW), "no windows");
        let windows = hours("Mon-Fri 09:00-16:00");
        let first = expand(&windows, &[], NOW);
        assert!(is_due(None, &first, NOW));
        let open = NOW + DAY + 22 * 60 * 60;
        for now in [NOW + 1, open, NOW + 24 * DAY] {
            assert!(
                !is_due(Some(&first), &expand(&windows, &[], now), now),
                "{now}"
            );
        }
        let soon = NOW + 24 * DAY + 1;
        assert!(is_due(Some(&first), &expand(&windows, &[], soon), soon));
        let frozen = expand(&windows, &[freeze(None, None)], open);
        assert!(is_due(Some(&first), &frozen, open), "a freeze");
        let later = expand(&windows, &[freeze(None, None)], open + 60);
        assert!(!is_due(Some(&frozen), &later, open + 60), "the same freeze");
        assert!(
            is_due(Some(&frozen), &expand(&windows, &[], open), open),
            "a thaw"
        );
        assert!(is_due(Some(&first), &empty, NOW), "the windows are gone");
        let ends = |until| expand(&windows, &[freeze(None, Some(until * 1000))], open);
        assert!(is_due(Some(&ends(open + 60)), &ends(open + 90), open));
        let longer = expand(&hours("Mon-Fri 09:00-17:00"), &[], NOW);
        assert!(is_due(Some(&first), &longer, NOW), "other hours");
    }
}
