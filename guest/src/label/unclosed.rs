//! A label whose closing bracket is missing.

use super::cursor::Cursor;
use super::deviation::Deviation;
use super::evidence::{Frame, Separator, convincing};
use super::line::ends_line;
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
