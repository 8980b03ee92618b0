//! Where a line begins and ends.

use super::bracket::{Bracket, closing, opening};
use super::lookalike::fold;

/// Says whether a line begins here.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text.get(..at)
        .is_some_and(|before| before.is_empty() || before.ends_with(['\n', '\r']))
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
    fn a_line_begins_behind_another() {
        let text = "é\r\nx\ry";
        let beginnings: Vec<_> = (0..=text.len())
            .filter(|at| begins_line(text, *at))
            .collect();
        assert_eq!(beginnings, [0, 3, 4, 6]);
    }

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
