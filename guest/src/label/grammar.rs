//! The exact labels `[load test: abort]`, `[load test: skip]` and `[load test: warn]`: where they are, which
//! one decides, and the diagnostics `conflicting-labels` and `repeated-label`.

use crate::action::word;
use crate::bindings::types::{Diagnostic, LoadTestAction, Severity, Span};

/// The actions in their order of precedence.
pub(super) const PRECEDENCE: [LoadTestAction; 3] = [
    LoadTestAction::Abort,
    LoadTestAction::Skip,
    LoadTestAction::Warn,
];

const OPENING: &str = "[load test: ";

/// A label and its place in the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub(super) action: LoadTestAction,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Label {
    pub(super) fn span(&self) -> Span {
        span(self.start, self.end)
    }
}

/// Finds every exact label, in the order of the text.
pub(super) fn labels(text: &str) -> Vec<Label> {
    text.match_indices(OPENING)
        .filter_map(|(start, _)| {
            let rest = &text[start + OPENING.len()..];
            PRECEDENCE.into_iter().find_map(|action| {
                rest.strip_prefix(word(action))?
                    .starts_with(']')
                    .then(|| Label {
                        action,
                        start,
                        end: start + OPENING.len() + word(action).len() + 1,
                    })
            })
        })
        .collect()
}

/// Picks the label that decides: the first one of the action with the highest precedence.
pub(super) fn decisive(labels: &[Label]) -> Option<&Label> {
    PRECEDENCE
        .iter()
        .find_map(|action| labels.iter().find(|label| label.action == *action))
}

/// Writes the label that asks for the action.
pub(super) fn written(action: LoadTestAction) -> String {
    format!("{OPENING}{}]", word(action))
}

/// Makes a span of two byte offsets.
pub(super) fn span(start: usize, end: usize) -> Span {
    // Inside a component a text fits into 32-bit memory.
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: offset(start),
        end: offset(end),
    }
}

/// Compares every label with the one that decides.
pub(super) fn several(labels: &[Label], decisive: &Label) -> Vec<Diagnostic> {
    conflict(labels, decisive)
        .into_iter()
        .chain(repetition(labels))
        .collect()
}

fn conflict(labels: &[Label], decisive: &Label) -> Option<Diagnostic> {
    let losing = labels
        .iter()
        .find(|label| label.action != decisive.action)?;
    Some(Diagnostic {
        severity: Severity::Warning,
        code: "conflicting-labels".into(),
        message: format!(
            "the labels conflict: `{}` takes precedence over `{}`",
            word(decisive.action),
            word(losing.action),
        ),
        span: Some(losing.span()),
        help: Some("keep only the intended label".into()),
    })
}

fn repetition(labels: &[Label]) -> Option<Diagnostic> {
    let again = PRECEDENCE
        .iter()
        .filter_map(|action| labels.iter().filter(|label| label.action == *action).nth(1))
        .min_by_key(|label| label.start)?;
    Some(Diagnostic {
        severity: Severity::Note,
        code: "repeated-label".into(),
        message: format!("`{}` is repeated", written(again.action)),
        span: Some(again.span()),
        help: Some("one label is enough".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(LoadTestAction, usize, usize)> {
        labels(text)
            .into_iter()
            .map(|label| (label.action, label.start, label.end))
            .collect()
    }

    #[test]
    fn each_action_is_read_anywhere() {
        assert_eq!(
            found("[load test: warn]x[load test: skip]\n\n`[load test: abort]`"),
            [
                (LoadTestAction::Warn, 0, 17),
                (LoadTestAction::Skip, 18, 35),
                (LoadTestAction::Abort, 38, 56),
            ]
        );
    }

    #[test]
    fn only_the_exact_spelling_is_a_label() {
        for text in [
            "[load test:skip]",
            "[load test:  skip]",
            "[Load test: skip]",
            "[load test: Skip]",
            "[load test: skip ]",
            "[load test: skipp]",
            "[load tests: skip]",
            "[load test: (skip)]",
            "[load test: skip",
            "load test: skip]",
            "[load test: ",
            "",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn doubled_brackets_and_broken_beginnings_hide_no_label() {
        assert_eq!(
            found("[[load test: skip]]"),
            [(LoadTestAction::Skip, 1, 18)]
        );
        assert_eq!(
            found("[load test: [load test: abort]"),
            [(LoadTestAction::Abort, 12, 30)]
        );
    }

    #[test]
    fn the_first_label_of_the_winning_action_decides() {
        let all = labels("[load test: warn] [load test: skip] [load test: skip]");
        assert_eq!(decisive(&all).map(|label| label.start), Some(18));
        assert_eq!(decisive(&[]), None);
    }

    fn codes(text: &str) -> Vec<(String, u32)> {
        let labels = labels(text);
        let decisive = decisive(&labels).expect("the text has a label");
        several(&labels, decisive)
            .into_iter()
            .map(|found| (found.code, found.span.expect("a place").start))
            .collect()
    }

    #[test]
    fn one_label_is_no_finding() {
        assert_eq!(codes("x [load test: skip]"), []);
    }

    #[test]
    fn a_conflict_is_reported_once_at_the_first_loser() {
        assert_eq!(
            codes("[load test: abort] [load test: warn] [load test: skip]"),
            [("conflicting-labels".into(), 19)]
        );
    }

    #[test]
    fn a_repetition_is_reported_once_at_the_second_place() {
        assert_eq!(
            codes("[load test: abort]\n[load test: abort]\n[load test: abort]"),
            [("repeated-label".into(), 19)]
        );
    }

    #[test]
    fn both_can_be_true() {
        assert_eq!(
            codes("[load test: warn][load test: skip][load test: warn]"),
            [
                ("conflicting-labels".into(), 0),
                ("repeated-label".into(), 34)
            ]
        );
    }

    #[test]
    fn the_message_says_who_won() {
        let labels = labels("[load test: warn] [load test: abort]");
        let found = several(&labels, &labels[1]);
        assert_eq!(
            found[0].message,
            "the labels conflict: `abort` takes precedence over `warn`"
        );
    }
}
