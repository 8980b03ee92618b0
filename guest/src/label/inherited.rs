//! `inherited-label`: a label inside the quotes of `Revert "…"` or `Reapply "…"`.
//!
//! Git quotes the subject of the commit that it reverts, so a label in that subject becomes a label of the
//! revert, although its author did not write one.

use crate::bindings::types::{Diagnostic, LoadTestAction, Severity};

use super::grammar::Label;

const BEGINNINGS: [&str; 2] = ["Revert \"", "Reapply \""];

/// Finds the first inherited label of each action.
pub(super) fn inherited(text: &str, labels: &[Label]) -> Vec<Diagnostic> {
    let mut found: Vec<&Label> = Vec::new();
    let mut rest = labels;
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let end = start + line.len();
        let here = rest.partition_point(|label| label.end <= end);
        let (of_line, further) = rest.split_at(here);
        rest = further;
        if let Some(quoted) = quoted_from(line).filter(|_| !of_line.is_empty()) {
            for label in inside_quotes(&text[start..end], start, quoted, of_line) {
                if found.iter().all(|known| known.action != label.action) {
                    found.push(label);
                }
            }
        }
        start = end;
    }
    found.into_iter().map(diagnostic).collect()
}

/// Finds the offset of the first quotation mark, if the line is a subject that Git wrote: plain, in a
/// list of squashed commits, quoted in a mail, or marked for an automatic squash.
fn quoted_from(line: &str) -> Option<usize> {
    let mut rest =
        line.trim_start_matches(|mark: char| mark.is_whitespace() || "*-+>".contains(mark));
    for prefix in ["fixup! ", "squash! ", "amend! "] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    BEGINNINGS
        .iter()
        .find(|beginning| rest.starts_with(**beginning))
        .map(|beginning| line.len() - rest.len() + beginning.len() - 1)
}

/// Keeps the labels that are inside quotation marks. A mark opens where a word can begin, as in
/// `Revert "Revert "…""`, and closes everywhere else.
fn inside_quotes<'a>(
    line: &str,
    offset: usize,
    quoted: usize,
    labels: &'a [Label],
) -> Vec<&'a Label> {
    let mut inside = Vec::new();
    let mut labels = labels.iter().peekable();
    let mut depth = 0_usize;
    let mut may_open = true;
    for (at, raw) in line.char_indices().skip_while(|(at, _)| *at < quoted) {
        if let Some(label) = labels.next_if(|label| label.start <= offset + at)
            && depth > 0
        {
            inside.push(label);
        }
        if raw == '"' {
            if may_open {
                depth += 1;
            } else {
                depth = depth.saturating_sub(1);
            }
        } else {
            may_open = raw.is_whitespace() || "([{".contains(raw);
        }
    }
    inside
}

fn diagnostic(label: &Label) -> Diagnostic {
    let help = match label.action {
        LoadTestAction::Abort => "remove it from the subject; no other label overrides it",
        LoadTestAction::Skip => {
            "remove it from the subject, or override it with `[load test: abort]` in the body"
        }
        LoadTestAction::Warn => {
            "remove it from the subject, or override it with `[load test: abort]` or \
             `[load test: skip]` in the body"
        }
    };
    Diagnostic {
        severity: Severity::Warning,
        code: "inherited-label".into(),
        message: "this label is part of a quoted subject, and counts like any other label".into(),
        span: Some(label.span()),
        help: Some(help.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::grammar::labels;
    use super::*;

    fn places(text: &str) -> Vec<u32> {
        inherited(text, &labels(text))
            .iter()
            .map(|found| found.span.expect("a place").start)
            .collect()
    }

    #[test]
    fn labels_in_quoted_subjects_are_inherited() {
        assert_eq!(places("Revert \"feat: x [load test: skip]\""), [16]);
        assert_eq!(places("Revert \"Revert \"x [load test: skip]\"\""), [18]);
        assert_eq!(places("Reapply \"x [load test: skip]\" (#12)"), [11]);
        assert_eq!(
            places("Squash\n\n* Revert \"x [load test: abort]\"\n"),
            [20]
        );
        assert_eq!(places("fixup! Revert \"x [load test: warn]\""), [17]);
        assert_eq!(places("Revert \"\"a\" quoted [load test: skip]\""), [19]);
        assert_eq!(places("x\r\nRevert \"[load test: skip]\"\r\n"), [11]);
    }

    #[test]
    fn labels_outside_the_quotes_are_not() {
        for text in [
            "Revert \"feat: x\" [load test: skip]",
            "Revert \"feat: x\"\n\n[load test: skip]",
            "Revert \"x\" [load test: skip] as \"y\" asked",
            "Revert feat: x [load test: skip]",
            "feat: say \"x [load test: skip]\"",
            "this will not Revert \"x [load test: skip]\"",
            "Revert \"x\"",
        ] {
            assert_eq!(places(text), [], "{text}");
        }
    }

    #[test]
    fn each_action_is_reported_once() {
        let line = "* Revert \"x [load test: skip]\"\n";
        assert_eq!(places(&line.repeat(1000)), [12]);
        assert_eq!(
            places("Revert \"[load test: skip] [load test: warn]\"").len(),
            2
        );
    }

    #[test]
    fn help_only_promises_what_precedence_allows() {
        let help = |text: &str| {
            inherited(text, &labels(text))[0]
                .help
                .clone()
                .unwrap_or_default()
        };
        assert!(help("Revert \"[load test: abort]\"").ends_with("no other label overrides it"));
        assert!(!help("Revert \"[load test: skip]\"").contains("[load test: warn]"));
        assert!(help("Revert \"[load test: warn]\"").contains("[load test: skip]"));
    }
}
