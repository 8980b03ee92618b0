//! The time axis of the page, and the steps of a deployment as bars on it.

use std::fmt;

use crate::deployment::timeline::{Step, Timeline};
use crate::report::headline::{self, Tone};
use crate::text::time;

/// One step and its bar.
#[derive(Debug)]
pub struct Row<'a> {
    /// The step.
    pub step: &'a Step,
    /// The state in words.
    pub word: &'static str,
    /// Its color and sign.
    pub tone: Tone,
    /// Whether it has no end.
    pub open: bool,
    /// The left end.
    pub x: Percent,
    /// How long the bar is.
    pub width: Percent,
    /// The label of the bar: how long the step took.
    pub label: String,
    /// The place of the label.
    pub label_x: Percent,
    /// The distance of the label from that place, in pixels.
    pub label_gap: i8,
    /// The end of the label at that place: `start` or `end`.
    pub label_side: &'static str,
    /// Whether the label is inside the bar.
    pub inside: bool,
}

/// Draws every step.
pub fn rows<'a>(timeline: &'a Timeline, scale: &Scale) -> Vec<Row<'a>> {
    let row = |step| row(step, timeline, scale);
    timeline.steps.iter().map(row).collect()
}

fn row<'a>(step: &'a Step, timeline: &Timeline, scale: &Scale) -> Row<'a> {
    let (tone, word) = headline::step(step.state.0);
    let end = step.ended.unwrap_or(timeline.last).max(step.began);
    let (left, right) = (scale.at(step.began), scale.at(end));
    let mut label = time::span(end - step.began);
    if step.ended.is_none() && tone == Tone::Busy {
        label.push_str(" so far");
    }
    // On the side of the bar with more room; inside a bar that leaves no room.
    let (label_x, label_gap, label_side) = match (left.0, right.0) {
        (_, ..75.0) => (right, 7, "start"),
        (25.0.., _) => (left, -7, "end"),
        _ => (left, 9, "start"),
    };
    Row {
        step,
        word,
        tone,
        open: step.ended.is_none(),
        x: left,
        width: Percent(right.0 - left.0),
        label,
        label_x,
        label_gap,
        label_side,
        inside: left.0 < 25.0 && right.0 >= 75.0,
    }
}

/// The most ticks of an axis.
const TICKS: u64 = 6;

/// Round distances between ticks, in milliseconds.
const STEPS: [u64; 26] = [
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    15_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    900_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
    2_592_000_000,
    7_776_000_000,
    31_536_000_000,
];

/// A place on an axis, from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}%", self.0)
    }
}

/// A time axis.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    from: u64,
    until: u64,
}

/// A mark on an axis.
#[derive(Debug)]
pub struct Tick {
    /// Where.
    pub at: Percent,
    /// The time of day, and the date where the axis is that long.
    pub label: String,
    /// The end of the label at the mark: `start`, `middle` or `end`.
    pub anchor: &'static str,
    /// Whether a narrow page hides the label.
    pub minor: bool,
}

impl Scale {
    /// An axis over all of these times, at least a second long.
    pub fn over(times: impl IntoIterator<Item = u64>) -> Self {
        let (mut from, mut until) = (u64::MAX, 0);
        for time in times {
            (from, until) = (from.min(time), until.max(time));
        }
        if from > until {
            (from, until) = (0, 0);
        }
        Self {
            from,
            until: until.max(from.saturating_add(1000)),
        }
    }

    /// The place of a time; a time outside of the axis is at its end.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a hundredth of a percent is all that is drawn"
    )]
    pub fn at(&self, time: u64) -> Percent {
        let whole = self.until.saturating_sub(self.from).max(1) as f64;
        let part = time.clamp(self.from, self.until) - self.from;
        Percent(part as f64 / whole * 100.0)
    }

    /// How long the axis is, in milliseconds.
    pub fn length(&self) -> u64 {
        self.until - self.from
    }

    /// The end of one of `count` equal parts.
    pub fn part(&self, index: u64, count: u64) -> u64 {
        let offset = u128::from(self.length()) * u128::from(index) / u128::from(count.max(1));
        self.from + u64::try_from(offset).unwrap_or(self.length())
    }

    /// The marks, at round times of day.
    pub fn ticks(&self) -> Vec<Tick> {
        let fits = |step: &u64| self.length() / step < TICKS;
        let step = STEPS
            .into_iter()
            .find(fits)
            .unwrap_or(self.length() / TICKS + 1);
        let format = match step {
            ..1_000 => "%H:%M:%S%.1f",
            1_000..60_000 => "%H:%M:%S",
            86_400_000.. => "%Y-%m-%d",
            _ if self.length() > 86_400_000 => "%m-%d %H:%M",
            _ => "%H:%M",
        };
        let first = self.from.div_ceil(step);
        (first..=self.until / step)
            .map(|number| {
                let at = self.at(number * step);
                Tick {
                    at,
                    label: time::formatted(number * step, format),
                    anchor: match at.0 {
                        ..6.0 => "start",
                        94.0.. => "end",
                        _ => "middle",
                    },
                    minor: (number - first) % 2 == 1,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture::{self, at};

    #[test]
    fn a_bar_lies_where_its_step_does() {
        let mut timeline = fixture::running();
        timeline.last = at(100);
        let rows = rows(&timeline, &Scale::over([at(0), at(100)]));
        assert_eq!((rows[0].x.0, rows[0].width.0), (1.0, 31.0));
        assert_eq!(
            (rows[0].label.as_str(), rows[0].label_side),
            ("31 s", "start")
        );
        assert_eq!((rows[1].x.0, rows[1].width.0), (32.0, 68.0));
        assert_eq!(
            (rows[1].label.as_str(), rows[1].label_side),
            ("1 min 8 s so far", "end")
        );
        assert!(rows[1].open && !rows[0].open);
    }

    #[test]
    fn a_clock_that_jumps_back_makes_no_negative_bar() {
        let mut timeline = fixture::running();
        timeline.steps[0].ended = Some(0);
        let rows = rows(&timeline, &Scale::over([at(0), at(100)]));
        assert!(rows[0].width.0.abs() < 1e-9);
    }

    #[test]
    fn places_times_between_the_ends() {
        let scale = Scale::over([at(0), at(200), at(50)]);
        assert_eq!(scale.at(at(50)).to_string(), "25.00%");
        assert_eq!(scale.at(0).to_string(), "0.00%");
        assert_eq!(scale.at(u64::MAX).to_string(), "100.00%");
        assert_eq!(scale.part(1, 4), at(50));
    }

    #[test]
    fn ticks_are_at_round_times() {
        let labels = |until| -> Vec<String> {
            let ticks = Scale::over([at(0), until]).ticks();
            ticks.into_iter().map(|tick| tick.label).collect()
        };
        assert_eq!(labels(at(423)), ["00:16", "00:18", "00:20", "00:22"]);
        assert_eq!(
            labels(at(40)),
            ["00:15:00", "00:15:10", "00:15:20", "00:15:30", "00:15:40"]
        );
        assert_eq!(labels(at(2 * 86_400))[0], "11-23 12:00");
    }

    #[test]
    fn no_length_of_time_is_too_much() {
        for times in [
            vec![],
            vec![5],
            vec![u64::MAX],
            vec![0, u64::MAX],
            vec![0, 400 * 86_400_000],
        ] {
            let ticks = Scale::over(times).ticks();
            assert!(ticks.len() <= 7, "{ticks:?}");
        }
    }
}
