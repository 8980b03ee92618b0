//! A label whose closing bracket is missing.

use super::bracket::{Bracket, closing, opening};
use super::cursor::Cursor;
use super::deviation::Deviation;
use super::evidence::{Frame, Separator, convincing};
use super::lookalike::fold;
use super::parts::Value;
use super::shape::{Shape, near};
use super::spelling::{Key, Likeness};

/// Reads `[load test: skip` without a closing bracket; `[load test: skip the warm-up]` has one, and
/// is prose.
pub(super) fn unclosed(
    mut cursor: Cursor,
    start: usize,
    open_end: bool,
    key: Key,
    separator: Separator,
    value: &Value,
) -> Option<Shape> {
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
    convincing(Frame::Half, key, separator, likeness).then(|| near(cursor, start, action, likeness))
}

/// Says whether only white space is left of the line; nothing if a bracket closes in it, or if the
/// text breaks off before that is known.
///
/// The search ends at the next opening bracket, so all searches together read the text once.
pub(super) fn ends_line(rest: &str, open_end: bool) -> Option<bool> {
    let mut blank = true;
    for raw in rest.chars() {
        if matches!(raw, '\n' | '\r') {
            return Some(blank);
        }
        let folded = fold(raw).0;
        if closing(folded).is_some_and(Bracket::squarish) {
            return None;
        }
        if opening(folded).is_some_and(Bracket::squarish) {
            return Some(false);
        }
        blank &= raw.is_whitespace();
    }
    (!open_end).then_some(blank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_or_goes_on_or_closes_the_bracket() {
        assert_eq!(ends_line(" \t\nx]", true), Some(true));
        assert_eq!(ends_line("\r\n", true), Some(true));
        assert_eq!(ends_line(" and more\n]", true), Some(false));
        assert_eq!(ends_line(" and more]", false), None);
        assert_eq!(ends_line(" and more】", false), None);
        assert_eq!(ends_line(" [x]", false), Some(false));
    }

    #[test]
    fn a_truncated_line_proves_nothing() {
        assert_eq!(ends_line("", false), Some(true));
        assert_eq!(ends_line("", true), None);
        assert_eq!(ends_line(" and", true), None);
    }
}
