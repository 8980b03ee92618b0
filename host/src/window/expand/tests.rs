//! Comparison with an oracle that looks at each minute, around the clock changes of several zones.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::window::Outside;
use crate::window::dates::DateRange;
use crate::window::zone::Zone;

/// Zones, and the days (UTC) of the two clock changes of a year: forward and back. Lord Howe changes by 30 minutes, the
/// clock of Casablanca goes back before Ramadan and forward after it, that of Santiago and Beirut changes at midnight, and
/// Kathmandu has no change.
const CHANGES: [(&str, &str, &str); 8] = [
    ("Europe/Berlin", "2026-03-29", "2026-10-25"),
    ("America/New_York", "2026-03-08", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-03", "2026-04-04"),
    ("Africa/Casablanca", "2026-03-22", "2026-02-15"),
    ("America/Santiago", "2026-09-06", "2026-04-05"),
    ("Asia/Beirut", "2026-03-28", "2026-10-24"),
    ("Asia/Kathmandu", "2026-03-29", "2026-10-25"),
    ("UTC", "2026-03-29", "2026-10-25"),
];

/// The zones without a change.
const STEADY: [&str; 2] = ["Asia/Kathmandu", "UTC"];

const MINUTE: i64 = 60;

fn day(text: &str) -> Timestamp {
    format!("{text}T00:00:00Z").parse().expect("a time")
}

fn window(zone: &str, rule: Rule) -> Window {
    Window {
        name: "test".to_owned(),
        environments: None,
        rule,
        zone: zone.parse().expect("a zone"),
        reason: None,
    }
}

fn allow(ranges: &[&str]) -> Rule {
    Rule::Allow {
        ranges: ranges
            .iter()
            .map(|it| it.parse().expect("a range"))
            .collect(),
        outside: Outside::Hold,
    }
}

fn freeze(ranges: &[&str]) -> Rule {
    Rule::Freeze {
        ranges: ranges
            .iter()
            .map(|it| it.parse().expect("a range"))
            .collect(),
    }
}

/// The local time of each minute of some days, as the zone converts moments. It knows no rule about gaps and folds.
struct Minutes {
    /// Local minutes in the order of time.
    local: Vec<DateTime>,
    /// The moments of each local minute, as indexes into `local`.
    occurrences: BTreeMap<DateTime, Vec<usize>>,
    start: Timestamp,
}

impl Minutes {
    fn new(zone: &Zone, start: Timestamp, days: i64) -> Self {
        let at = |minute: i64| start + SignedDuration::from_mins(minute);
        let local: Vec<_> = (0..days * 24 * MINUTE)
            .map(|it| zone.rules().to_datetime(at(it)))
            .collect();
        let mut occurrences: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (index, local) in local.iter().enumerate() {
            occurrences.entry(*local).or_default().push(index);
        }
        Self {
            local,
            occurrences,
            start,
        }
    }

    /// The index of the moment at which a local time begins: its first or last occurrence, or, if it was skipped, that of
    /// the first later local time.
    fn index(&self, local: DateTime, is_last: bool) -> usize {
        match self.occurrences.get(&local) {
            Some(found) if is_last => found[found.len() - 1],
            Some(found) => found[0],
            None => self
                .local
                .iter()
                .position(|it| *it > local)
                .unwrap_or(self.local.len()),
        }
    }

    /// Whether each minute is in a window that has local minutes. `is_late` is whether the start of the window is read as
    /// the last occurrence, and the end as the first one.
    fn inside(&self, is_in: &dyn Fn(DateTime) -> bool, is_late: bool) -> Vec<bool> {
        let mut inside = vec![false; self.local.len()];
        let (first, last) = (self.local[0], self.local.iter().max().expect("a minute"));
        // All local minutes, with those that are skipped.
        let mut local = first;
        let mut began = None;
        loop {
            let is_end = local > *last;
            match (began, !is_end && is_in(local)) {
                (None, true) => began = Some(local),
                (Some(from), false) => {
                    let from = if from == first {
                        0
                    } else {
                        self.index(from, is_late)
                    };
                    let to = if is_end {
                        inside.len()
                    } else {
                        self.index(local, !is_late)
                    };
                    for it in inside.iter_mut().take(to).skip(from) {
                        *it = true;
                    }
                    began = None;
                }
                _ => {}
            }
            if is_end {
                return inside;
            }
            local += SignedDuration::from_mins(1);
        }
    }
}

fn weekly_has(ranges: &[WeeklyRange], local: DateTime) -> bool {
    let weekday = u8::try_from(local.weekday().to_monday_zero_offset()).expect("a weekday");
    let minute =
        u16::try_from(i64::from(local.hour()) * 60 + i64::from(local.minute())).expect("a minute");
    ranges.iter().any(|it| it.contains(weekday, minute))
}

fn civil(ranges: &[DateRange]) -> Vec<(DateTime, DateTime)> {
    ranges.iter().flat_map(|it| it.civil(2020, 2030)).collect()
}

/// Compares the stretches of a window with the oracle, minute by minute, for some days around a clock change.
fn compare(window: &Window, minutes: &Minutes) {
    let start = minutes.start;
    let (from, until) = (
        start + SignedDuration::from_hours(24),
        start + SignedDuration::from_hours(7 * 24),
    );
    let expected = match &window.rule {
        Rule::Allow { ranges, .. } => minutes.inside(&|it| weekly_has(ranges, it), true),
        Rule::Freeze { ranges } => {
            let civil = civil(ranges);
            let is_in = |local| civil.iter().any(|(from, to)| *from <= local && local < *to);
            minutes.inside(&is_in, false)
        }
    };
    let stretches = window.stretches(from, until);
    for pair in stretches.windows(2) {
        assert!(pair[0].end < pair[1].start, "{pair:?}");
    }
    for (index, expected) in expected.iter().enumerate() {
        let at = minutes.start + SignedDuration::from_mins(i64::try_from(index).expect("a minute"));
        if at < from || at >= until {
            continue;
        }
        let found = stretches.iter().any(|it| it.start <= at && at < it.end);
        let local = minutes.local[index];
        assert_eq!(
            found,
            *expected,
            "{at} is {local} in {}\n{:?}\n{stretches:?}",
            window.zone.name(),
            window.rule
        );
    }
}

/// Each zone with the minutes around its two clock changes, and the UTC day of the change.
static MINUTES: LazyLock<Vec<(&'static str, Timestamp, Minutes)>> = LazyLock::new(|| {
    let days = CHANGES
        .iter()
        .flat_map(|(zone, one, other)| [(*zone, day(one)), (*zone, day(other))]);
    let minutes = days.map(|(zone, at)| {
        let start = at - SignedDuration::from_hours(4 * 24);
        let minutes = Minutes::new(&zone.parse().expect("a zone"), start, 8);
        (zone, at, minutes)
    });
    minutes.collect()
});

/// The days above are those of the clock changes, one with a gap and one with a fold.
#[test]
fn the_days_have_clock_changes() {
    for (zone, forward, back) in CHANGES {
        let rules: Zone = zone.parse().expect("a zone");
        for (text, is_forward) in [(forward, true), (back, false)] {
            let offset = |hours| {
                rules
                    .rules()
                    .to_offset(day(text) + SignedDuration::from_hours(hours))
                    .seconds()
            };
            let change = offset(36) - offset(-12);
            let expected = if is_forward { change > 0 } else { change < 0 };
            assert_eq!(expected, !STEADY.contains(&zone), "{zone} {text}: {change}");
        }
    }
}

#[test]
fn a_window_is_that_of_each_minute() {
    for (zone, _, minutes) in MINUTES.iter() {
        for ranges in [
            &["Mon-Fri 09:00-16:00"][..],
            &["Mon-Sun 00:00-24:00"],
            &["Mon-Sun 02:00-03:00"],
            &["Mon-Sun 02:15-02:45", "Mon-Sun 01:50-02:10"],
            &["Mon-Sun 00:00-02:30", "Mon-Sun 02:30-05:00"],
            &["Sat 22:00-24:00", "Sun 00:00-00:30"],
            &["Mon-Sun 23:30-24:00", "Mon-Sun 00:30-01:00"],
            &["Sun 03:00-24:00"],
        ] {
            compare(&window(zone, allow(ranges)), minutes);
        }
    }
}

#[test]
fn a_freeze_is_that_of_each_minute() {
    for (zone, at, minutes) in MINUTES.iter() {
        let local = zone
            .parse::<Zone>()
            .expect("a zone")
            .rules()
            .to_datetime(*at)
            .date();
        for days in -1..=1 {
            let date = local.saturating_add(days.days());
            let next = date.saturating_add(1.day());
            let yearly = date.strftime("%m-%d");
            for text in [
                format!("{date}"),
                format!("{yearly} to {}", next.strftime("%m-%d")),
                format!("{date} 02:00 to {date} 02:30"),
                format!("{date} 02:15 to {next} 00:30"),
                format!("{date} 00:30 to {date} 02:45"),
                format!("{date} 23:30 to {next} 02:00"),
            ] {
                compare(&window(zone, freeze(&[&text])), minutes);
            }
        }
    }
}

fn shown(stretches: &[Stretch]) -> Vec<String> {
    stretches
        .iter()
        .map(|it| format!("{} {}", it.start, it.end))
        .collect()
}

#[test]
fn skipped_and_repeated_times_are_read_the_stricter_way() {
    let berlin = |rule, from: &str, until: &str| {
        shown(&window("Europe/Berlin", rule).stretches(day(from), day(until)))
    };
    let spring = |ranges: &[&str]| berlin(allow(ranges), "2026-03-28", "2026-03-30");
    assert_eq!(
        spring(&["Sun 02:30-04:00"]),
        ["2026-03-29T01:00:00Z 2026-03-29T02:00:00Z"]
    );
    assert_eq!(spring(&["Sun 02:10-02:50"]), [""; 0]);
    let autumn = |ranges: &[&str]| berlin(allow(ranges), "2026-10-24", "2026-10-26");
    assert_eq!(
        autumn(&["Sun 02:30-04:00"]),
        ["2026-10-25T01:30:00Z 2026-10-25T03:00:00Z"]
    );
    assert_eq!(
        autumn(&["Sun 01:00-02:30"]),
        ["2026-10-24T23:00:00Z 2026-10-25T00:30:00Z"]
    );
    assert_eq!(autumn(&["Sun 02:10-02:50"]), [""; 0]);
    let frozen = berlin(
        freeze(&["2026-10-25 02:10 to 2026-10-25 02:50"]),
        "2026-10-24",
        "2026-10-26",
    );
    assert_eq!(frozen, ["2026-10-25T00:10:00Z 2026-10-25T01:50:00Z"]);
}

#[test]
fn a_stretch_has_its_own_end_and_one_without_an_end_ends_with_the_time() {
    let utc = |rule| shown(&window("UTC", rule).stretches(day("2026-12-20"), day("2026-12-22")));
    let holidays = freeze(&["2026-12-19 to 2027-01-04", "12-24 to 12-26"]);
    assert_eq!(utc(holidays), ["2026-12-20T00:00:00Z 2027-01-05T00:00:00Z"]);
    let always = allow(&["Mon-Sun 00:00-24:00"]);
    assert_eq!(utc(always), ["2026-12-20T00:00:00Z 2026-12-22T00:00:00Z"]);
    let week = allow(&["Mon-Sat 00:00-24:00", "Sun 00:00-23:00"]);
    let expected = [
        "2026-12-20T00:00:00Z 2026-12-20T23:00:00Z",
        "2026-12-21T00:00:00Z 2026-12-27T23:00:00Z",
    ];
    assert_eq!(utc(week), expected);
}

fn range() -> impl Strategy<Value = WeeklyRange> {
    (0..7_u8, 0..7_u8, 0..288_u16, 1..60_u16).prop_map(|(first, more, from, length)| {
        let (from, to) = (from * 5, ((from + length) * 5).min(24 * 60));
        WeeklyRange::new(first, (first + more).min(6), from, to).expect("a range")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_window_is_that_of_each_minute(ranges in prop::collection::vec(range(), 1..4)) {
        for (zone, _, minutes) in MINUTES.iter() {
            let ranges = ranges.clone();
            compare(&window(zone, Rule::Allow { ranges, outside: Outside::Hold }), minutes);
        }
    }

    /// The state of a moment does not depend on the moment from which the windows are expanded.
    #[test]
    fn an_expansion_does_not_depend_on_its_beginning(ranges in prop::collection::vec(range(), 1..4), hours in 0..700_i64) {
        let window = window("America/New_York", Rule::Allow { ranges, outside: Outside::Hold });
        let from = day("2026-02-20");
        let (later, until) = (from + SignedDuration::from_hours(hours), from + AHEAD);
        let of_later = window.stretches(later, until);
        let clipped = window.stretches(from, until).into_iter().filter(|it| it.end > later);
        let clipped: Vec<_> = clipped.map(|it| Stretch { start: it.start.max(later), end: it.end }).collect();
        prop_assert_eq!(of_later, clipped);
    }
}
