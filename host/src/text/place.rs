//! The line and column of a position in a text.

/// The line and the column of a byte offset. Both count from 1, and columns count characters. `None` if the offset is
/// outside of the text.
pub fn line_and_column(text: &str, offset: u32) -> Option<(usize, usize)> {
    let before = text.get(..usize::try_from(offset).ok()?)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    Some((before.matches('\n').count() + 1, line.chars().count() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_begin_at_1() {
        for (text, offset, place) in [
            ("", 0, Some((1, 1))),
            ("ab", 1, Some((1, 2))),
            ("é\nßx", 5, Some((2, 2))),
            ("a\n", 2, Some((2, 1))),
            ("é", 1, None),
            ("a", 2, None),
        ] {
            assert_eq!(line_and_column(text, offset), place, "{text:?} {offset}");
        }
    }
}
