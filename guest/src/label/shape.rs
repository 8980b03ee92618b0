//! The shape of a near miss: bracket, key, separator, action, bracket, put together and weighed.

use crate::bindings::types::LoadTestAction;

use super::bracket::Bracket;
use super::cursor::{Cursor, Word};
use super::deviation::{Deviation, Deviations};
use super::evidence::{Frame, Separator, convincing};
use super::line::{begins_line, ends_line};
use super::parts::{Value, close, key, open, separator};
use super::spelling::{self, Key, Likeness};
use super::unclosed::unclosed;

/// A text that was probably meant as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The action that was meant, if there is no doubt about it.
    pub(super) meant: Option<LoadTestAction>,
    pub(super) deviations: Deviations,
}

/// Reads a near miss that begins with the opening bracket at `start`. With an `open_end` the text is
/// truncated, and nothing is concluded from where it stops.
pub(super) fn at_bracket(text: &str, start: usize, open_end: bool) -> Option<Shape> {
    let (mut cursor, outer) = open(text, start)?;
    let key = key(&mut cursor)?;
    if outer.squarish()
        && key != Key::Misspelt
        && let Some(shape) = closed_too_early(cursor, text, start, open_end)
    {
        return Some(shape);
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
            && key != Key::Misspelt
            && value.asks_for_something(end.noted);
        return unknown.then_some(Shape {
            start,
            end: end.at,
            meant: None,
            deviations: end.noted,
        });
    };
    let mut shape = near(end, start, action, likeness);
    if frame != Frame::Square {
        widen(text, &mut shape);
    }
    convincing(frame, key, separator, likeness).then_some(shape)
}

/// Reads a near miss that begins with the key at `start`, without an opening bracket.
pub(super) fn at_key(text: &str, start: usize) -> Option<Shape> {
    let mut cursor = Cursor::new(text, start);
    let key = key(&mut cursor)?;
    let separator = separator(&mut cursor)?;
    let value = Value::read(&mut cursor)?;
    let (action, likeness) = value.meant()?;
    let (mut end, closer) = close(cursor, None, value.inner)?;
    if !closer.squarish() || end.noted.has(Deviation::LineBreak) || link(end.rest()) {
        return None;
    }
    if value.inner.is_some_and(Bracket::squarish) {
        // `load test: [skip]`
        end.note(Deviation::MisplacedBracket);
        if separator != Separator::Colon || likeness != Likeness::Exact {
            return None;
        }
    } else {
        end.note(Deviation::NoOpening);
    }
    convincing(Frame::Half, key, separator, likeness).then(|| near(end, start, action, likeness))
}

/// Ends the near miss of an action where the cursor stands.
pub(super) fn near(
    cursor: Cursor,
    start: usize,
    action: LoadTestAction,
    likeness: Likeness,
) -> Shape {
    let mut deviations = cursor.noted;
    match likeness {
        Likeness::Exact => {}
        Likeness::Form => deviations.add(Deviation::ActionForm),
        Likeness::Typo => deviations.add(Deviation::ActionSpelling),
    }
    Shape {
        start,
        end: cursor.at,
        meant: Some(action),
        deviations,
    }
}

/// Reads `[load test: skip please]` and `[load test: skip|warn]`, which name an action and something
/// else: no one can say what was meant. More words than two are prose.
fn two_words(
    mut cursor: Cursor,
    start: usize,
    outer: Bracket,
    key: Key,
    separator: Separator,
    value: &Value,
) -> Option<Shape> {
    if separator != Separator::Colon || key == Key::Misspelt {
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
        spelling::action(word.letters()).is_some_and(|(_, likeness)| likeness == Likeness::Exact)
    };
    if second.letters().is_empty() || !(action(&value.word) || action(&second)) {
        return None;
    }
    let (end, closer) = close(cursor, Some(outer), value.inner)?;
    (closer.squarish() && !link(end.rest())).then_some(Shape {
        start,
        end: end.at,
        meant: None,
        deviations: end.noted,
    })
}

/// Reads `[load test: abort on failure]`: an action and prose up to the bracket that closes the line's.
/// `[load test: abort|skip|warn]` explains the label and is none.
fn action_and_more(
    cursor: Cursor,
    start: usize,
    key: Key,
    separator: Separator,
    value: &Value,
) -> Option<Shape> {
    const FARTHEST: usize = 200;

    let exact = value
        .meant()
        .is_some_and(|(_, likeness)| likeness == Likeness::Exact);
    if !exact || value.inner.is_some() || separator != Separator::Colon || key == Key::Misspelt {
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
    (found == ']' && !link(rest.get(length + 1..)?)).then_some(Shape {
        start,
        end,
        meant: None,
        deviations: cursor.noted,
    })
}

/// Reads `[load test]: skip` and `[load test:] skip`, with nothing after it on the line, and without a
/// colon also with nothing before it: `fix [load test] skip` is prose.
fn closed_too_early(mut cursor: Cursor, text: &str, start: usize, open_end: bool) -> Option<Shape> {
    let colon = |cursor: &mut Cursor| cursor.take_if(|folded| folded == ':');
    let inside = colon(&mut cursor);
    let closer = cursor.closing().filter(|closer| closer.squarish())?;
    if let Some(deviation) = closer.deviation() {
        cursor.note(deviation);
    }
    if inside.or_else(|| colon(&mut cursor)).is_none() {
        if !begins_line(text, start) {
            return None;
        }
        cursor.note(Deviation::NoColon);
    }
    cursor.spaces(1)?;
    let (action, likeness) = spelling::action(cursor.word(&['-', '_'])?.letters())?;
    if likeness != Likeness::Exact
        || cursor.noted.has(Deviation::LineBreak)
        || ends_line(cursor.rest(), open_end) != Some(true)
    {
        return None;
    }
    cursor.note(Deviation::MisplacedBracket);
    Some(near(cursor, start, action, likeness))
}

/// Recognises `](target)` of Markdown; `(#123)` behind a bracket is a pull request.
pub(super) fn link(rest: &str) -> bool {
    rest.strip_prefix('(').is_some_and(|target| {
        !target
            .strip_prefix('#')
            .is_some_and(|number| number.starts_with(|next: char| next.is_ascii_digit()))
    })
}

/// Takes in the square brackets of `[(load test: skip)]`, so that the correction replaces them too.
fn widen(text: &str, shape: &mut Shape) {
    let before = text.get(..shape.start).unwrap_or_default();
    let after = text.get(shape.end..).unwrap_or_default();
    if before.ends_with('[') && after.starts_with(']') {
        shape.start -= 1;
        shape.end += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::grammar::name;
    use super::*;

    /// Checks that the whole of each text is a near miss of the action, also amid other text.
    fn means(action: &str, texts: &[&str]) {
        for text in texts {
            let amid = format!("fix: é (#12)\n\n{text}\nmore");
            for (text, start, end) in [
                (*text, 0, text.len()),
                (&amid, amid.len() - 5 - text.len(), amid.len() - 5),
            ] {
                let shape = at_bracket(text, start, false).or_else(|| at_key(text, start));
                let shape = shape.map(|shape| (shape.meant.map(name), shape.start, shape.end));
                assert_eq!(shape, Some((Some(action), start, end)), "{text}");
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
