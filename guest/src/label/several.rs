//! `conflicting-labels` and `repeated-label`: more labels than one.

use crate::bindings::types::{Diagnostic, Severity};

use super::grammar::{Label, PRECEDENCE, name, written};

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
            "labels of different actions: {} wins over {}",
            name(decisive.action),
            name(losing.action),
        ),
        span: Some(losing.span()),
        help: Some("keep only the label that is meant".into()),
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
        message: format!("`{}` stands here again", written(again.action)),
        span: Some(again.span()),
        help: Some("one label is enough".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::grammar::{decisive, labels};
    use super::*;

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
            "labels of different actions: abort wins over warn"
        );
    }
}
