//! A label without brackets that is a line of its own, as the trailers of Git are: `Load-Test: abort`.

use super::cursor::Cursor;
use super::deviation::Deviation;
use super::evidence::{Frame, Separator, convincing};
use super::line::{begins_line, ends_line};
use super::parts::{key, separator};
use super::shape::{Shape, near};
use super::spelling;

/// Reads a near miss that is the whole line at `start`. Without brackets every other word on the line
/// makes prose of it.
pub(super) fn trailer(text: &str, start: usize, open_end: bool) -> Option<Shape> {
    if !begins_line(text, start) {
        return None;
    }
    let mut cursor = Cursor::new(text, start);
    let key = key(&mut cursor)?;
    let separator = separator(&mut cursor)?;
    let (action, likeness) = spelling::action(cursor.word(&[])?.letters())?;
    // `loadtest=skip` is a variable.
    if separator != Separator::Colon
        || !convincing(Frame::Half, key, separator, likeness)
        || cursor.noted.has(Deviation::LineBreak)
        || ends_line(cursor.rest(), open_end) != Some(true)
    {
        return None;
    }
    cursor.note(Deviation::NoBrackets);
    Some(near(cursor, start, action, likeness))
}

/// Rules out most lines of ordinary text that begin with a key: behind the colon is one word.
pub(super) fn may_be_trailer(line: &[u8]) -> bool {
    let mut parts = line
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default()
        .splitn(2, |byte| *byte == b':');
    parts.nth(1).is_some_and(|value| {
        let value = value.trim_ascii();
        !value.is_empty() && value.iter().all(u8::is_ascii_alphabetic)
    })
}

#[cfg(test)]
mod tests {
    use super::super::grammar::name;
    use super::*;

    fn meant(text: &str) -> Option<(&'static str, String)> {
        let shape = trailer(text, 0, false)?;
        assert_eq!(&text[shape.start..shape.end], text.trim_end());
        assert!(may_be_trailer(text.as_bytes()) || !text.is_ascii());
        Some((name(shape.meant?), shape.deviations.words()))
    }

    #[test]
    fn a_line_of_its_own_was_meant() {
        for (text, action, deviations) in [
            ("load test: skip", "skip", "no brackets"),
            (
                "Load-Test: abort",
                "abort",
                "capital letters, a hyphen, no brackets",
            ),
            ("load-test: warn \t", "warn", "a hyphen, no brackets"),
            (
                "loadtests:skip",
                "skip",
                "a plural, `load` and `test` as one word, wrong spacing, no brackets",
            ),
            (
                "load test: abrot",
                "abort",
                "no brackets, a misspelt action",
            ),
            (
                "load test： skip",
                "skip",
                "look-alike characters, no brackets",
            ),
        ] {
            assert_eq!(meant(text), Some((action, deviations.into())), "{text}");
        }
    }

    #[test]
    fn more_words_or_other_signs_are_prose() {
        for text in [
            "load test: skip the warmup",
            "load test: skip.",
            "load test: skip-list",
            "load test: skip, warn",
            "load test: skipped",
            "load test: aborted",
            "load test: passed",
            "load test: 500",
            "load test:",
            "load test skip",
            "load test - skip",
            "load test = skip",
            "load_test: skip",
            "laod test: skip",
            "load\ntest: skip",
            "load test:\nskip",
            "load test: [skip]",
            "load test: skip]",
        ] {
            assert_eq!(meant(text), None, "{text}");
        }
        assert_eq!(trailer("  load test: skip", 2, false), None);
        assert_eq!(trailer("load test: skip", 0, true), None);
    }

    #[test]
    fn only_one_word_behind_a_colon_is_looked_at() {
        for line in [
            "load test numbers look good",
            "load test: skip the warmup",
            "load test: 500",
            "load test:\nskip",
            "load tests\nx: skip",
        ] {
            assert!(!may_be_trailer(line.as_bytes()), "{line}");
        }
    }
}
