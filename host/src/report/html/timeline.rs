//! The steps of a deployment as bars over time.

use super::scale::{Percent, Scale};
use crate::deployment::timeline::{Step, Timeline};
use crate::report::headline::{self, Tone};
use crate::text::time;

/// One step and its bar.
#[derive(Debug)]
pub struct Row<'a> {
    /// What it says.
    pub step: &'a Step,
    /// The state in words.
    pub word: &'static str,
    /// Its colour and sign.
    pub tone: Tone,
    /// Whether it has no end.
    pub open: bool,
    /// The left end.
    pub x: Percent,
    /// How long the bar is.
    pub width: Percent,
    /// What stands at the bar: how long it took.
    pub label: String,
    /// Where that stands.
    pub label_x: Percent,
    /// How many pixels beside it.
    pub label_gap: i8,
    /// Which end of it: `start` or `end`.
    pub label_side: &'static str,
    /// Whether it stands inside the bar.
    pub inside: bool,
}

/// Draws every step.
pub fn rows<'a>(timeline: &'a Timeline, scale: &Scale) -> Vec<Row<'a>> {
    let row = |step| row(step, timeline, scale);
    timeline.steps.iter().map(row).collect()
}

fn row<'a>(step: &'a Step, timeline: &Timeline, scale: &Scale) -> Row<'a> {
    let (tone, word) = headline::step(step.state.0, timeline.conclusion.is_some());
    let end = step.ended.unwrap_or(timeline.last).max(step.began);
    let (left, right) = (scale.at(step.began), scale.at(end));
    let mut label = time::span(end - step.began);
    if step.ended.is_none() && tone == Tone::Busy {
        label.push_str(" so far");
    }
    // Beside the bar, where more room is; inside of one that leaves none.
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
}
