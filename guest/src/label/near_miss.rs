//! `near-miss` and `unknown-action`: texts that were probably meant as labels. They change nothing.

use core::cell::Cell;

use crate::bindings::types::{Diagnostic, Severity};

use super::action_first::{action_first, may_be_action};
use super::bracket::opening;
use super::cursor::quote;
use super::grammar::{Label, span, written};
use super::line::begins_line;
use super::lookalike::{fold, invisible};
use super::shape::{Shape, at_bracket, at_key};
use super::trailer::{may_be_trailer, trailer};

/// At most so many are listed; the rest is counted.
const LISTED: usize = 50;

/// At most so many places are tried: a text with more of them is no message that people read.
const TRIED: usize = 20_000;

/// Finds what looks like a label and is none of the given exact ones. The end of a truncated text
/// proves nothing.
pub(super) fn near_misses(text: &str, labels: &[Label], truncated: bool) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let mut first_unlisted = None;
    let mut unlisted = 0_usize;
    let tries = Cell::new(0);
    for shape in shapes(text, labels, truncated, &tries) {
        if diagnostics.len() < LISTED {
            diagnostics.push(diagnostic(&shape));
        } else {
            first_unlisted.get_or_insert(span(shape.start, shape.end));
            unlisted += 1;
        }
    }
    if unlisted > 0 {
        let what = if unlisted == 1 {
            "near miss is"
        } else {
            "near misses are"
        };
        diagnostics.push(Diagnostic {
            severity: Severity::Note,
            code: "more-near-misses".into(),
            message: format!("{unlisted} more {what} not listed"),
            span: first_unlisted,
            help: None,
        });
    }
    if tries.get() > TRIED {
        diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            code: "search-ended".into(),
            message: format!(
                "more than {TRIED} places look like the beginning of a label; near misses behind them \
                 were not searched for"
            ),
            span: None,
            help: None,
        });
    }
    diagnostics
}

fn diagnostic(shape: &Shape) -> Diagnostic {
    let (code, message, help) = match shape.meant {
        Some(action) => (
            "near-miss",
            format!(
                "this looks like a label but is not one: {}",
                shape.deviations.words()
            ),
            written(action),
        ),
        None => (
            "unknown-action",
            "this looks like a label, but its action is none of the three".into(),
            "write `[load test: abort]`, `[load test: skip]` or `[load test: warn]`".into(),
        ),
    };
    Diagnostic {
        severity: Severity::Warning,
        code: code.into(),
        message,
        span: Some(span(shape.start, shape.end)),
        help: Some(help),
    }
}

/// Walks through the text once and tries a shape wherever one can begin.
fn shapes<'a>(
    text: &'a str,
    labels: &'a [Label],
    truncated: bool,
    tries: &'a Cell<usize>,
) -> impl Iterator<Item = Shape> + 'a {
    let mut at = 0;
    let mut labels = labels.iter().peekable();
    std::iter::from_fn(move || {
        while let Some(raw) = next_start(text, &mut at) {
            while labels.next_if(|label| label.end <= at).is_some() {}
            let label = labels.peek();
            if let Some(label) = label.filter(|label| label.start <= at) {
                at = label.end;
                continue;
            }
            tries.set(tries.get() + 1);
            if tries.get() > TRIED {
                return None;
            }
            let shape = if opening(fold(raw).0).is_some() {
                at_bracket(text, at, truncated).or_else(|| action_first(text, at))
            } else {
                at_key(text, at).or_else(|| trailer(text, at, truncated))
            };
            let free = shape.filter(|shape| label.is_none_or(|label| shape.end <= label.start));
            if let Some(shape) = free {
                at = shape.end;
                return Some(shape);
            }
            at += raw.len_utf8();
        }
        None
    })
}

/// Moves on to the next opening bracket, or to the next `l` that begins a word.
fn next_start(text: &str, at: &mut usize) -> Option<char> {
    let bytes = text.as_bytes();
    loop {
        let byte = *bytes.get(*at)?;
        let hit = match byte {
            b'[' | b'(' | b'{' | b'<' => may_hold_key(byte, &bytes[*at + 1..]),
            b'l' | b'L' => {
                may_be_key(&bytes[*at..], begins_line(text, *at)) && begins_word(text, *at)
            }
            0x80.. => {
                let raw = text.get(*at..)?.chars().next()?;
                let folded = fold(raw).0;
                if opening(folded).is_some() || (folded == 'l' && begins_word(text, *at)) {
                    return Some(raw);
                }
                *at += raw.len_utf8();
                continue;
            }
            _ => false,
        };
        if hit {
            return Some(char::from(byte));
        }
        *at += 1;
    }
}

/// Rules out most words of ordinary text: without a bracket before it, a key is spelt `load`, `test` comes
/// soon, and then a closing bracket, or else the line has nothing but a label. What is not ASCII may look
/// like anything.
fn may_be_key(word: &[u8], begins_line: bool) -> bool {
    /// More than the longest near miss, in bytes of ASCII.
    const REACH: usize = 160;

    let ahead = word.get(..word.len().min(REACH)).unwrap_or_default();
    let Some((load, rest)) = ahead.split_at_checked(4) else {
        return false;
    };
    if load.is_ascii() && !load.eq_ignore_ascii_case(b"load") {
        return false;
    }
    let mut next = rest
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii());
    // `loads test` goes on with another letter.
    let test = !load.is_ascii()
        || next
            .next()
            .is_some_and(|byte| !byte.is_ascii() || matches!(byte, b't' | b'T' | b's' | b'S'));
    let closed = || rest.iter().any(|byte| *byte == b']' || !byte.is_ascii());
    test && (closed() || (begins_line && may_be_trailer(rest)))
}

/// Rules out most brackets of ordinary text by the two bytes behind them. Of `load` one letter may be
/// wrong, and behind a square bracket only, so that an `l` or an `o` is among the first two. An action
/// stands there only, too.
fn may_hold_key(bracket: u8, inside: &[u8]) -> bool {
    let byte = |at| inside.get(at).copied().unwrap_or_default();
    let known = |byte: u8| !byte.is_ascii() || matches!(byte, b'l' | b'L');
    let first = byte(0);
    if !first.is_ascii_alphanumeric() {
        return !first.is_ascii() || first.is_ascii_whitespace() || quote(char::from(first));
    }
    let near = |byte: u8| known(byte) || matches!(byte, b'o' | b'O');
    known(first)
        || (bracket == b'[' && (near(first) || near(byte(1)) || may_be_action(first, byte(1))))
}

/// Says whether a key may begin here: after a bracket it belongs to that bracket's shape, and
/// `pre-load` or `ci/load` is another word.
fn begins_word(text: &str, at: usize) -> bool {
    text.get(..at)
        .and_then(|before| before.chars().next_back())
        .is_none_or(|previous| {
            previous.is_whitespace()
                || invisible(previous)
                || quote(previous)
                || matches!(previous, ',' | ';' | ':' | '!' | '|')
        })
}

#[cfg(test)]
mod tests {
    use super::super::grammar::labels;
    use super::*;

    fn found(text: &str) -> Vec<(String, &str, Option<String>)> {
        near_misses(text, &labels(text), false)
            .into_iter()
            .map(|found| {
                let span = found.span.expect("a place");
                let place = &text[span.start as usize..span.end as usize];
                (found.code, place, found.help)
            })
            .collect()
    }

    fn silent(texts: &[&str]) {
        for text in texts {
            assert_eq!(found(text), [], "{text}");
            assert_eq!(
                found(&format!("feat: é {text}\n\n- {text}\n")),
                [],
                "{text}"
            );
        }
    }

    #[test]
    fn brackets_round_other_brackets_are_taken_in() {
        let help = Some("[load test: skip]".into());
        let whole = "[(load test: skip)]";
        assert_eq!(found(whole), [("near-miss".into(), whole, help)]);
    }

    #[test]
    fn a_missing_bracket_amid_text_is_corrected() {
        let label = |place| [("near-miss".into(), place, Some("[load test: skip]".into()))];
        assert_eq!(
            found("[load test: skip because of docs"),
            label("[load test: skip")
        );
        assert_eq!(
            found("[load test: skip [JIRA-1]"),
            label("[load test: skip")
        );
        assert_eq!(found("docs load test: skip] x"), label("load test: skip]"));
    }

    #[test]
    fn a_label_in_another_order_or_without_brackets_is_corrected() {
        for (text, place, action) in [
            ("docs: x [skip load test] (#12)", "[skip load test]", "skip"),
            ("docs: x\n\n[no load test]", "[no load test]", "skip"),
            ("x [Abort: Load Test] y", "[Abort: Load Test]", "abort"),
            ("[load test] skip\n", "[load test] skip", "skip"),
            ("x\n\nLoad-Test: abort\nA: b", "Load-Test: abort", "abort"),
            ("load test: wran \r\nx", "load test: wran", "warn"),
            ("x\nlоad test: skip", "lоad test: skip", "skip"),
        ] {
            let help = Some(format!("[load test: {action}]"));
            assert_eq!(found(text), [("near-miss".into(), place, help)], "{text}");
        }
        // What stands in its brackets decides.
        assert_eq!(
            found("[skip load test: abort]")
                .first()
                .map(|found| found.1),
            Some("load test: abort]")
        );
        assert_eq!(found("Load-Test: [load test: skip]"), []);
    }

    #[test]
    fn unknown_actions_are_reported() {
        for text in [
            "[load test: run]",
            "[load test: foo]",
            "[load test: stop]",
            "[load test:]",
            "[load test: ]",
            "[Load tests: none]",
            "[load-test: dry-run]",
            "[load test: (yes)]",
            "[load test: skip|warn]",
            "[load test: skip please]",
            "[load test: no abort]",
            "[load test: überspringen]",
            "【load test: run】",
        ] {
            let all = found(text);
            assert_eq!(all.len(), 1, "{text}");
            assert_eq!((all[0].0.as_str(), all[0].1), ("unknown-action", text));
        }
    }

    #[test]
    fn an_action_with_more_words_in_its_bracket_is_reported() {
        for text in [
            "[load test: abort on failure]",
            "[load test: abort, risky change]",
            "[load test: skip (docs)]",
            "[load test:skip this time]",
            "[Load-Test: abort - risky]",
            "[load test: skip the warm-up phase]",
        ] {
            let found = found(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!((found[0].0.as_str(), found[0].1), ("unknown-action", text));
        }
        silent(&[
            "[load test: abort|skip|warn]",
            "[load test: skip the docs](https://example.org)",
        ]);
    }

    #[test]
    fn ordinary_text_is_not_reported() {
        silent(&[
            "fix(load-tests): raise rate",
            "perf(load test): lower p95",
            "Load test numbers look good",
            "[load-tests] tune locust",
            "[load test](https://example.org)",
            "(load test: see dashboard)",
            "(load tests: 500 req/s)",
            "[load testing: notes]",
            "feat(loadtest): skip warmup",
            "chore(load-test): warn on slow",
            "[load]",
            "[test: skip]",
            "[skip ci]",
            "docs [the load test section]",
            "{load: test}",
            "(see load test: aborted at 14:00)",
            "the load test (skip it)",
            "[load test: see the dashboard for details]",
            "- [Load test: skip](#load-test-skip)",
            "[Load tests](#load-tests) .... 12",
            "[load test: abort|skip|warn]",
            "[load test: (abort|skip|warn)]",
            "[load test: <action>]",
            "[load test: ...]",
            "[load test: …]",
            "[load test: 500]",
            "[load test: see dashboard]",
            "(load test: skipped)",
            "(load test skip)",
            "[load tests skipped]",
            "{\"load_test\": \"skip\"}",
            "[load test] skip warm-up",
            "[load test]: https://example.org",
            "feat(load-test-skip): x",
            "- Load test: skip",
            "load test: skip the warmup",
            "load test: skipped",
            "fix [load test] skip",
            "[skip ci]",
            "[skip the load test]",
            "[no load test data]",
            "(no load test)",
            "foo [bar load test: aborted]",
            "if (loadtest.skip) {",
            "loads[test: skip]",
            "deploy(load_test: skip)",
            "env (LOAD_TEST=skip)",
            "if (loadTest == skip) {",
        ]);
    }

    #[test]
    fn exact_labels_are_no_near_misses() {
        silent(&[
            "[load test: skip]",
            "[[load test: warn]]",
            "([load test: abort])",
        ]);
        assert_eq!(found("[load test: [load test: abort]"), []);
        assert_eq!(
            found("[load test:skip][load test: skip](load test: warn)").len(),
            2
        );
    }

    #[test]
    fn no_misspelt_key_is_ruled_out_early() {
        for key in [
            "laod test",
            "olad test",
            "oad test",
            "lad test",
            "xload test",
            "xoad test",
            "lxoad test",
            "LAOD TEST",
            "0load test",
        ] {
            assert_eq!(found(&format!("[{key}: skip]")).len(), 1, "{key}");
        }
    }

    #[test]
    fn pull_request_numbers_are_no_links() {
        assert_eq!(found("[load test:skip](#12)").len(), 1);
    }

    #[test]
    fn deviations_are_named() {
        let text = "[Load-Tests:(Skip)]";
        assert_eq!(
            near_misses(text, &[], false)[0].message,
            "this looks like a label but is not one: \
             capital letters, a plural, a hyphen, wrong spacing, parentheses"
        );
    }

    #[test]
    fn the_rest_is_counted() {
        let codes = |count: usize| {
            let found = near_misses(&"[load test:skip] ".repeat(count), &[], false);
            found.last().map(|last| (found.len(), last.message.clone()))
        };
        assert_eq!(codes(50).map(|(count, _)| count), Some(50));
        assert_eq!(
            codes(51),
            Some((51, "1 more near miss is not listed".into()))
        );
        assert_eq!(
            codes(60),
            Some((51, "10 more near misses are not listed".into()))
        );
    }

    #[test]
    fn the_end_of_a_truncated_text_proves_nothing() {
        for text in [
            "[load test: skip",
            "[load test: skip because",
            "[load test]: skip",
            "[load test] skip",
            "load test: skip",
        ] {
            assert_eq!(near_misses(text, &[], false).len(), 1, "{text}");
            assert_eq!(near_misses(text, &[], true).len(), 0, "{text}");
        }
    }
}
