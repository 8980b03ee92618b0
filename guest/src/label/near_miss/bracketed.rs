//! Near misses in brackets: `[Load-Test: (skip)]`, and brackets with an action and more words.

use super::characters::Bracket;
use super::cursor::{Cursor, Word};
use super::likeness::{self, Frame, Key, Likeness, Separator, convincing};
use super::missing_brackets::{closed_too_early, unclosed};
use super::parts::{NearMiss, Value, close, key, link, open, separator};

/// Reads a near miss that begins with the opening bracket at `start`. With an `open_end` the text is
/// truncated, and nothing is concluded from where it stops.
pub(super) fn at_bracket(text: &str, start: usize, open_end: bool) -> Option<NearMiss> {
    let (mut cursor, outer) = open(text, start)?;
    let key = key(&mut cursor)?;
    if outer.squarish()
        && key != Key::Misspelled
        && let Some(found) = closed_too_early(cursor, text, start, open_end)
    {
        return Some(found);
    }
    let separator = separator(&mut cursor)?;
    let value = Value::read(&mut cursor)?;
    let Some((end, closer)) = close(cursor, Some(outer), value.inner) else {
        if !outer.squarish() {
            return None;
        }
        return unclosed(cursor, start, open_end, key, separator, &value)
            .or_else(|| two_words(cursor, start, outer, key, separator, &value))
            .or_else(|| action_and_more(cursor, start, key, separator, &value));
    };
    if link(end.rest()) {
        return None;
    }
    let frame = Frame::of(outer, closer);
    let Some((action, likeness)) = value.meant() else {
        let unknown = outer.squarish()
            && closer.squarish()
            && separator == Separator::Colon
            && key != Key::Misspelled
            && value.asks_for_something(end.noted);
        return unknown.then_some(NearMiss {
            start,
            end: end.at,
            meant: None,
            deviations: end.noted,
        });
    };
    let mut found = NearMiss::new(end, start, action, likeness);
    if frame != Frame::Square {
        widen(text, &mut found);
    }
    convincing(frame, key, separator, likeness).then_some(found)
}

/// Reads `[load test: skip please]` and `[load test: skip|warn]`, which name an action and something
/// else, so the intended action is ambiguous. More than two words are prose.
fn two_words(
    mut cursor: Cursor,
    start: usize,
    outer: Bracket,
    key: Key,
    separator: Separator,
    value: &Value,
) -> Option<NearMiss> {
    if separator != Separator::Colon || key == Key::Misspelled {
        return None;
    }
    let gap = cursor.gap()?;
    let sign = cursor.take_if(|folded| "|/,;+&".contains(folded));
    if gap == 0 && sign.is_none() {
        return None;
    }
    cursor.gap()?;
    let second = cursor.word(&['-', '_'])?;
    let action = |word: &Word| {
        likeness::action(word.letters()).is_some_and(|(_, likeness)| likeness == Likeness::Exact)
    };
    if second.letters().is_empty() || !(action(&value.word) || action(&second)) {
        return None;
    }
    let (end, closer) = close(cursor, Some(outer), value.inner)?;
    (closer.squarish() && !link(end.rest())).then_some(NearMiss {
        start,
        end: end.at,
        meant: None,
        deviations: end.noted,
    })
}

/// Reads `[load test: abort on failure]`: an action and prose up to the bracket that closes the line's.
/// `[load test: abort|skip|warn]` explains the label and is not a near miss.
fn action_and_more(
    cursor: Cursor,
    start: usize,
    key: Key,
    separator: Separator,
    value: &Value,
) -> Option<NearMiss> {
    const FARTHEST: usize = 200;

    let exact = value
        .meant()
        .is_some_and(|(_, likeness)| likeness == Likeness::Exact);
    if !exact || value.inner.is_some() || separator != Separator::Colon || key == Key::Misspelled {
        return None;
    }
    let rest = cursor.rest();
    if rest.starts_with(['|', '/']) {
        return None;
    }
    let (length, found) = rest
        .char_indices()
        .take(FARTHEST)
        .find(|(_, c)| matches!(c, ']' | '[' | '\n'))?;
    let end = cursor.at + length + 1;
    (found == ']' && !link(rest.get(length + 1..)?)).then_some(NearMiss {
        start,
        end,
        meant: None,
        deviations: cursor.noted,
    })
}

/// Includes the square brackets of `[(load test: skip)]`, so that the correction replaces them too.
fn widen(text: &str, found: &mut NearMiss) {
    let before = text.get(..found.start).unwrap_or_default();
    let after = text.get(found.end..).unwrap_or_default();
    if before.ends_with('[') && after.starts_with(']') {
        found.start -= 1;
        found.end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::missing_brackets::at_key;
    use super::*;
    use crate::action::word;

    /// Checks that the whole of each text is a near miss of the action, also amid other text.
    fn means(action: &str, texts: &[&str]) {
        for text in texts {
            let amid = format!("fix: é (#12)\n\n{text}\nmore");
            for (text, start, end) in [
                (*text, 0, text.len()),
                (&amid, amid.len() - 5 - text.len(), amid.len() - 5),
            ] {
                let found = at_bracket(text, start, false).or_else(|| at_key(text, start));
                let found = found.map(|found| (found.meant.map(word), found.start, found.end));
                assert_eq!(found, Some((Some(action), start, end)), "{text}");
            }
        }
    }

    #[test]
    fn spelling_and_spacing_are_corrected() {
        means(
            "skip",
            &[
                "[load test:skip]",
                "[load  test: skip]",
                "[ load test: skip ]",
                "[load test : skip]",
                "[load\ttest: skip]",
                "[load\ntest: skip]",
                "[load test:\r\n  skip]",
                "[load\u{a0}test: skip]",
                "[load\u{fffd}test: skip]",
                "[load tests: skip]",
                "[Load test: skip]",
                "[LOAD TEST: SKIP]",
                "[load-test: skip]",
                "[load_test: skip]",
                "[loadtest:skip]",
                "[loadTest: skip]",
                "[load test: skpi]",
                "[load test: skipp]",
                "[load test: skipped]",
                "[laod test: skip]",
                "[load tset: skip]",
                "[load testing: skip]",
                "[load test: skip.]",
                "[load test: \"skip\"]",
                "[load test: `skip`]",
                "[load test: **skip**]",
                "[`load test: skip\\]",
            ],
        );
        means(
            "abort",
            &[
                "[load test: abrot]",
                "[Load-Tests:(Aborts)]",
                "[load test:ABORT]",
            ],
        );
        means(
            "warn",
            &[
                "[load test: wran]",
                "[load test: warning]",
                "[load-test=warn]",
            ],
        );
    }

    #[test]
    fn brackets_and_separators_are_corrected() {
        means(
            "skip",
            &[
                "[load test: (skip)]",
                "[load test: [skip]]",
                "[load test(skip)]",
                "(load test: skip)",
                "{load test: skip}",
                "<load test: skip>",
                "「load test: skip」",
                "［load test: skip］",
                "【load test：skip】",
                "[load test: skip)",
                "(load test: skip]",
                "[load test: skip",
                "[load test: (skip)",
                "load test: skip]",
                "[load test: skip",
                "[load test = skip]",
                "[load test; skip]",
                "[load test - skip]",
                "[load test skip]",
                "[load test :: skip]",
                "[load test => skip]",
                "[load test. skip]",
                "[load-test-skip]",
                "[load test：skip]",
                "[load test]: skip",
                "[load test:] skip",
                "[load test] skip",
                "load test: [skip]",
            ],
        );
    }

    #[test]
    fn look_alikes_are_corrected() {
        means(
            "skip",
            &[
                "[lоad test: skip]",
                "[load test: ѕкiр]",
                "[lοad test: skip]",
                "[load test: ｓｋｉｐ]",
                "[load\u{200b} test: skip]",
                "[load test: sk\u{ad}ip]",
                "[load‑test: skip]",
                "[𝐥𝐨𝐚𝐝 test: skip]",
            ],
        );
    }
}
