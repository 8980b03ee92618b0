//! A load test: its numbers and its curves.

use std::fmt::Write as _;

use super::steps::{Percent, Scale, Tick};
use crate::contract::fields::ByName;
use crate::contract::types::Verdict;
use crate::deployment::timeline::{LoadTest, Timeline};
use crate::facts::load_test::Point;
use crate::report::headline::Tone;
use crate::text::number::{grouped, share, short};
use crate::text::time;

/// A load test as it is shown.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The load test.
    pub test: &'a LoadTest,
    /// The environment, and the name where one is needed.
    pub place: String,
    /// Its verdict, which only the last run of a load test has.
    pub verdict: Option<ByName<Verdict>>,
    /// The verdict's color and sign.
    pub tone: Tone,
    /// Its numbers.
    pub numbers: Vec<Number>,
    /// Its curves; empty without a history file.
    pub panels: Vec<Panel>,
}

/// One number.
#[derive(Debug)]
pub struct Number {
    /// Its name for programs.
    pub key: &'static str,
    /// Its name for people.
    pub label: String,
    /// The value for people.
    pub value: String,
    /// Whether it is highlighted.
    pub striking: bool,
}

/// Shows all load tests.
pub fn all(timeline: &Timeline) -> Vec<Shown<'_>> {
    timeline
        .load_tests
        .iter()
        .map(|test| {
            let verdict = test.verdict;
            Shown {
                test,
                place: timeline.place_of(test),
                verdict,
                tone: match verdict.map(|it| it.0) {
                    Some(Verdict::Passed) => Tone::Good,
                    Some(Verdict::Failed | Verdict::Errored) => Tone::Bad,
                    Some(Verdict::Inconclusive) => Tone::Warned,
                    None => Tone::Idle,
                },
                numbers: numbers(test, timeline),
                panels: panels(&test.curve),
            }
        })
        .collect()
}

fn numbers(test: &LoadTest, timeline: &Timeline) -> Vec<Number> {
    let number = |key, label: &str, value, striking| Number {
        key,
        label: label.to_owned(),
        value,
        striking,
    };
    let failures = match share(test.failures, test.requests) {
        Some(share) => format!("{} ({share})", grouped(test.failures)),
        None => grouped(test.failures),
    };
    let versions: Vec<String> = test.versions.iter().map(|commit| short(commit)).collect();
    let foreign = test
        .versions
        .iter()
        .any(|commit| *commit != timeline.commit);
    let none = || "none".to_owned();
    let mut numbers = vec![
        number(
            "requests",
            "requests",
            grouped(test.requests),
            test.requests == 0,
        ),
        number("failures", "failures", failures, test.failures > 0),
        number(
            "exceptions",
            "exceptions",
            grouped(test.exceptions),
            test.exceptions > 0,
        ),
        number(
            "p95",
            "p95",
            test.p95
                .map_or_else(none, |p95| format!("{} ms", grouped(p95))),
            false,
        ),
        number("duration", "duration", time::span(test.duration), false),
        number(
            "versions",
            "versions that answered",
            if versions.is_empty() {
                none()
            } else {
                versions.join(", ")
            },
            foreign || versions.is_empty(),
        ),
        number("ended", "ended", time::clock(test.at), false),
    ];
    numbers.extend(test.limits.iter().map(|limit| {
        let value = format!("{} (limit {})", limit.measured(), limit.limit());
        number(limit.threshold, &limit.what(), value, false)
    }));
    numbers
}

/// The number of parts of a long curve; the lowest and the highest value of each part are drawn.
const PARTS: usize = 200;

/// One curve with its axes.
#[derive(Debug)]
pub struct Panel {
    /// Its title.
    pub title: &'static str,
    /// Its name for programs and styles.
    pub key: &'static str,
    /// The unit, behind numbers.
    pub unit: &'static str,
    /// The highest measured value, if any.
    pub peak: Option<String>,
    /// The last value.
    pub last: Option<String>,
    /// The number of values.
    pub count: usize,
    /// The line, in a square of 1000 by 100.
    pub path: String,
    /// Marks of the time axis.
    pub ticks: Vec<Tick>,
    /// Marks of the other axis, from above, with their numbers.
    pub levels: Vec<(Percent, String)>,
}

/// Draws requests, failures, response times and users.
pub fn panels(curve: &[Point]) -> Vec<Panel> {
    type Value = fn(&Point) -> Option<f64>;
    #[expect(clippy::cast_precision_loss, reason = "no load test has 2^53 users")]
    let curves: [(&str, &str, &str, Value); 4] = [
        ("Requests a second", "requests", "/s", |point| {
            Some(point.requests_per_second)
        }),
        ("Failures a second", "failures", "/s", |point| {
            Some(point.failures_per_second)
        }),
        ("Response time, 95th percentile", "p95", " ms", |point| {
            point.p95
        }),
        ("Users", "users", "", |point| Some(point.users as f64)),
    ];
    if curve.is_empty() {
        return Vec::new();
    }
    let mut points: Vec<&Point> = curve.iter().collect();
    points.sort_by_key(|point| point.at);
    let scale = Scale::over(points.iter().map(|point| point.at.saturating_mul(1000)));
    curves
        .into_iter()
        .map(|(title, key, unit, value)| {
            let sane = |value: f64| (value.is_finite() && value >= 0.0).then_some(value);
            let values: Vec<_> = points
                .iter()
                .map(|point| {
                    (
                        scale.at(point.at.saturating_mul(1000)).0,
                        value(point).and_then(sane),
                    )
                })
                .collect();
            panel(title, key, unit, &values, scale.ticks())
        })
        .collect()
}

fn panel(
    title: &'static str,
    key: &'static str,
    unit: &'static str,
    values: &[(f64, Option<f64>)],
    ticks: Vec<Tick>,
) -> Panel {
    let known = || values.iter().filter_map(|(_, value)| *value);
    let peak = known().reduce(f64::max);
    let top = above(peak.unwrap_or(0.0));
    Panel {
        title,
        key,
        unit,
        peak: peak.map(rounded),
        last: known().next_back().map(rounded),
        count: known().count(),
        path: path(&thinned(values), top),
        ticks,
        levels: [1.0, 0.5, 0.0]
            .map(|part| (Percent(100.0 - part * 100.0), rounded(top * part)))
            .into(),
    }
}

/// A line through the values, with a gap for a missing value, and a dot for a value between two gaps.
fn path(values: &[(f64, Option<f64>)], top: f64) -> String {
    let mut path = String::new();
    let mut open = false;
    for (x, value) in values {
        if let Some(value) = value {
            let (x, y) = (x * 10.0, 100.0 - value / top * 100.0);
            // Writing into a string can't fail. A line of no length is drawn as a dot.
            let _ = if open {
                write!(path, "L{x:.1} {y:.1}")
            } else {
                write!(path, "M{x:.1} {y:.1}h0")
            };
        }
        open = value.is_some();
    }
    path
}

/// Keeps the lowest and the highest value of each part, so that no spike is lost.
fn thinned(values: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    if values.len() <= PARTS * 2 {
        return values.to_vec();
    }
    let mut thin = Vec::with_capacity(PARTS * 2);
    for part in values.chunks(values.len().div_ceil(PARTS)) {
        let known = || {
            part.iter()
                .enumerate()
                .filter_map(|(index, (_, value))| Some((index, (*value)?)))
        };
        let by_value = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        match (known().min_by(by_value), known().max_by(by_value)) {
            (Some((low, _)), Some((high, _))) => {
                thin.push(part[low.min(high)]);
                if low != high {
                    thin.push(part[low.max(high)]);
                }
            }
            _ => thin.extend(part.first()),
        }
    }
    thin
}

/// The round number above: 1, 2, 2.5 or 5, and zeros.
fn above(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let magnitude = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|step| step * magnitude)
        .find(|top| *top >= value)
        .unwrap_or(value)
}

/// A number with three significant digits at most, below 1 with three decimals.
fn rounded(value: f64) -> String {
    let decimals = match value {
        ..1.0 => 3,
        1.0..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn numbers_as_people_write_them() {
        let timeline = fixture::stopped();
        let shown = all(&timeline);
        let value = |key: &str| {
            let number = shown[0]
                .numbers
                .iter()
                .find(|number| number.key == key)
                .expect("a number");
            (number.value.clone(), number.striking)
        };
        assert_eq!(value("requests"), ("28,140".to_owned(), false));
        assert_eq!(value("failures"), ("212 (0.75 %)".to_owned(), true));
        let limited = |text: &str| (text.to_owned(), false);
        assert_eq!(value("max-p99"), limited("2,410 ms (limit 2,000 ms)"));
        let increase = limited("1,840 ms (limit 310 ms + 20 %)");
        assert_eq!(value("max-increase"), increase);
        assert_eq!(value("p95"), ("1,840 ms".to_owned(), false));
        assert_eq!(value("versions"), ("ca779cf0631b".to_owned(), false));
        assert_eq!(
            (shown[0].verdict, shown[0].tone),
            (Some(ByName(Verdict::Failed)), Tone::Bad)
        );
    }

    #[test]
    fn a_test_without_a_request_has_no_share() {
        let mut timeline = fixture::stopped();
        let test = &mut timeline.load_tests[0];
        (test.requests, test.failures) = (0, 0);
        assert_eq!(share(0, test.requests), None);
        assert!(all(&timeline)[0].numbers[0].striking);
    }

    #[test]
    fn four_curves_over_the_same_time() {
        let timeline = fixture::stopped();
        let panels = panels(&timeline.load_tests[0].curve);
        let keys: Vec<_> = panels
            .iter()
            .map(|panel| (panel.key, panel.count))
            .collect();
        assert_eq!(
            keys,
            [
                ("requests", 300),
                ("failures", 300),
                ("p95", 295),
                ("users", 300)
            ]
        );
        assert_eq!(panels[3].levels[0].1, "50");
        assert_eq!(panels[3].peak.as_deref(), Some("50"));
    }

    #[test]
    fn a_gap_stays_a_gap_and_a_lone_value_a_dot() {
        let values = [(0.0, Some(1.0)), (50.0, None), (100.0, Some(2.0))];
        assert_eq!(path(&values, 2.0), "M0.0 50.0h0M1000.0 0.0h0");
    }

    #[test]
    fn a_spike_survives_thinning() {
        let mut values: Vec<_> = (0..10_000)
            .map(|index| (f64::from(index) / 100.0, Some(1.0)))
            .collect();
        values[5_003].1 = Some(900.0);
        let thin = thinned(&values);
        assert!(thin.len() <= PARTS * 2);
        assert!(thin.contains(&values[5_003]));
    }

    #[test]
    fn values_that_are_not_numbers_are_left_out() {
        let mut curve = fixture::stopped().load_tests.remove(0).curve;
        curve[100].requests_per_second = f64::NAN;
        curve[101].requests_per_second = f64::INFINITY;
        curve[102].requests_per_second = -1.0;
        let panels = panels(&curve);
        assert_eq!(panels[0].count, 297);
        assert!(
            panels
                .iter()
                .all(|panel| !panel.path.contains("NaN") && !panel.path.contains("inf"))
        );
    }

    #[test]
    fn axes_end_at_round_numbers() {
        for (value, top) in [
            (0.0, 1.0),
            (0.7, 1.0),
            (103.0, 200.0),
            (210.0, 250.0),
            (1840.0, 2000.0),
        ] {
            assert!((above(value) - top).abs() < 1e-9);
        }
        assert_eq!(
            [0.0, 0.125, 2.5, 46.25, 1840.4].map(rounded),
            ["0", "0.125", "2.5", "46.2", "1840"]
        );
    }
}
