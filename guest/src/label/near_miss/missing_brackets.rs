//! Near misses without a bracket, or with one in the wrong place: `[load test: skip`, `load test: skip]`,
//! `[load test]: skip`, and `Load-Test: skip` on a separate line, as Git writes trailers.

use super::characters::Bracket;
use super::cursor::{Cursor, begins_line, ends_line};
use super::deviation::Deviation;
use super::likeness::{self, Frame, Key, Likeness, Separator, convincing};
use super::parts::{NearMiss, Value, close, key, link, separator};

/// Reads `[load test: skip` without a closing bracket; `[load test: skip the warm-up]` has one, and
/// is prose.
pub(super) fn unclosed(
    mut cursor: Cursor,
    start: usize,
    open_end: bool,
    key: Key,
    separator: Separator,
    value: &Value,
) -> Option<NearMiss> {
    let (action, likeness) = value.meant()?;
    if cursor.noted.has(Deviation::LineBreak) {
        return None;
    }
    cursor.quotes();
    if value.inner.is_some() {
        cursor.closing()?;
    }
    let rest = cursor.rest();
    if !rest.is_empty()
        && !rest.starts_with(|next: char| next.is_whitespace() || ".,;!?".contains(next))
    {
        return None;
    }
    let line_end = ends_line(rest, open_end)?;
    if !line_end && likeness != Likeness::Exact {
        return None;
    }
    cursor.note(Deviation::NoClosing);
    convincing(Frame::Half, key, separator, likeness)
        .then(|| NearMiss::new(cursor, start, action, likeness))
}

/// Reads a near miss that begins with the key at `start`, without an opening bracket.
pub(super) fn at_key(text: &str, start: usize) -> Option<NearMiss> {
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
    convincing(Frame::Half, key, separator, likeness)
        .then(|| NearMiss::new(end, start, action, likeness))
}

/// Reads `[load test]: skip` and `[load test:] skip`, with nothing after it on the line, and without a
/// colon also with nothing before it: `fix [load test] skip` is prose.
pub(super) fn closed_too_early(
    mut cursor: Cursor,
    text: &str,
    start: usize,
    open_end: bool,
) -> Option<NearMiss> {
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
    let (action, likeness) = likeness::action(cursor.word(&['-', '_'])?.letters())?;
    if likeness != Likeness::Exact
        || cursor.noted.has(Deviation::LineBreak)
        || ends_line(cursor.rest(), open_end) != Some(true)
    {
        return None;
    }
    cursor.note(Deviation::MisplacedBracket);
    Some(NearMiss::new(cursor, start, action, likeness))
}

/// Reads a near miss that is the whole line at `start`. Without brackets every other word on the line
/// makes prose of it.
pub(super) fn trailer(text: &str, start: usize, open_end: bool) -> Option<NearMiss> {
    if !begins_line(text, start) {
        return None;
    }
    let mut cursor = Cursor::new(text, start);
    let key = key(&mut cursor)?;
    let separator = separator(&mut cursor)?;
    let (action, likeness) = likeness::action(cursor.word(&[])?.letters())?;
    // `loadtest=skip` is a variable.
    if separator != Separator::Colon
        || !convincing(Frame::Half, key, separator, likeness)
        || cursor.noted.has(Deviation::LineBreak)
        || ends_line(cursor.rest(), open_end) != Some(true)
    {
        return None;
    }
    cursor.note(Deviation::NoBrackets);
    Some(NearMiss::new(cursor, start, action, likeness))
}

/// Rules out most lines of ordinary text that begin with a key: a trailer has one word behind the colon.
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
    use super::*;
    use crate::action::word;

    fn meant(text: &str) -> Option<(&'static str, String)> {
        let found = trailer(text, 0, false)?;
        assert_eq!(&text[found.start..found.end], text.trim_end());
        assert!(may_be_trailer(text.as_bytes()) || !text.is_ascii());
        Some((word(found.meant?), found.deviations.words()))
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
                "no brackets, a misspelled action",
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
