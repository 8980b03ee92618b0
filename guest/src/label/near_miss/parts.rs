//! A near miss and its parts: key, separator, action and closing brackets, each of them nearly right.
//!
//! Each function reads a bounded number of characters.

use crate::bindings::types::LoadTestAction;

use super::characters::{Bracket, opening};
use super::cursor::{Cursor, Word, quote};
use super::deviation::{Deviation, Deviations};
use super::likeness::{self, Key, Likeness, Separator};

/// A text that was probably meant as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NearMiss {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The intended action, if it is unambiguous.
    pub(super) meant: Option<LoadTestAction>,
    pub(super) deviations: Deviations,
}

impl NearMiss {
    /// Ends the near miss of an action at the cursor.
    pub(super) fn new(
        cursor: Cursor,
        start: usize,
        action: LoadTestAction,
        likeness: Likeness,
    ) -> Self {
        let mut deviations = cursor.noted;
        match likeness {
            Likeness::Exact => {}
            Likeness::Form => deviations.add(Deviation::ActionForm),
            Likeness::Typo => deviations.add(Deviation::ActionSpelling),
        }
        Self {
            start,
            end: cursor.at,
            meant: Some(action),
            deviations,
        }
    }
}

/// Reads the opening bracket at `start`, and spaces and quotes up to the first word.
pub(super) fn open(text: &str, start: usize) -> Option<(Cursor<'_>, Bracket)> {
    let mut cursor = Cursor::new(text, start);
    let outer = cursor.opening()?;
    if let Some(deviation) = outer.deviation() {
        cursor.note(deviation);
    }
    cursor.spaces(0)?;
    cursor.quotes();
    Some((cursor, outer))
}

/// Reads `load test`, with any separator between the two words.
pub(super) fn key(cursor: &mut Cursor) -> Option<Key> {
    let first = cursor.word(&[])?;
    let (letters, joined) = match first.letters().len() {
        3..=5 => {
            let count = cursor.gap()?;
            let joiner = cursor.take_if(|folded| matches!(folded, '-' | '_' | '.' | '/' | '+'));
            let after = if joiner.is_some() { cursor.gap()? } else { 0 };
            match joiner {
                Some('-') => cursor.note(Deviation::Hyphen),
                Some('_') => cursor.note(Deviation::Underscore),
                Some(_) => cursor.note(Deviation::Joiner),
                None if count != 1 && !cursor.noted.has(Deviation::LineBreak) => {
                    cursor.note(Deviation::Spacing);
                }
                None => {}
            }
            if joiner.is_some() && count + after > 0 {
                cursor.note(Deviation::Spacing);
            }
            let second = cursor.word(&[])?;
            (first.join(&second)?, false)
        }
        7..=11 => (first, true),
        _ => return None,
    };
    let key = likeness::key(letters.letters())?;
    match key {
        Key::Exact | Key::Identifier => {}
        Key::Plural => cursor.note(Deviation::Plural),
        Key::Misspelled => cursor.note(Deviation::KeySpelling),
    }
    if joined {
        cursor.note(Deviation::Joined);
    }
    if key != Key::Misspelled && cursor.noted.has(Deviation::Underscore) {
        return Some(Key::Identifier);
    }
    Some(key)
}

/// Reads the separator between key and action, with the spaces around it.
pub(super) fn separator(cursor: &mut Cursor) -> Option<Separator> {
    let before = *cursor;
    let gap = cursor.gap()?;
    let mut signs = ['\0'; 3];
    for place in &mut signs {
        match cursor.take_if(|folded| ":=-;,.|/~→>".contains(folded)) {
            Some(sign) => *place = sign,
            None => break,
        }
    }
    match signs {
        [':', '\0', _] => {
            if gap > 0 {
                cursor.note(Deviation::Spacing);
            }
            cursor.spaces(1)?;
            Some(Separator::Colon)
        }
        ['\0', ..] => {
            let next = cursor.peek()?.folded;
            if gap == 0 && opening(next).is_none() && !quote(next) {
                *cursor = before;
                return None;
            }
            cursor.note(Deviation::NoColon);
            Some(Separator::Weak)
        }
        _ => {
            cursor.gap()?;
            cursor.note(Deviation::OtherSign);
            // `==` compares in source code.
            let assigns = signs[0] == '=' && signs[1] != '=';
            let strong = assigns || signs.contains(&':');
            Some(if strong {
                Separator::Strong
            } else {
                Separator::Weak
            })
        }
    }
}

/// The text in the place of the action.
pub(super) struct Value {
    pub(super) inner: Option<Bracket>,
    pub(super) word: Word,
}

impl Value {
    pub(super) fn read(cursor: &mut Cursor) -> Option<Self> {
        cursor.quotes();
        let inner = cursor.opening();
        if let Some(bracket) = inner {
            cursor.note(match bracket {
                Bracket::Round => Deviation::Parentheses,
                _ => Deviation::InnerBracket,
            });
            cursor.spaces(0)?;
            cursor.quotes();
        }
        let word = cursor.word(&['-', '_'])?;
        Some(Self { inner, word })
    }

    pub(super) fn meant(&self) -> Option<(LoadTestAction, Likeness)> {
        likeness::action(self.word.letters())
    }

    /// Distinguishes an unknown action from a placeholder (`…`, `<action>`) and from data (`500`).
    pub(super) fn asks_for_something(&self, noted: Deviations) -> bool {
        if self.word.letters().is_empty() {
            return !noted.has(Deviation::Punctuation);
        }
        let placeholder = matches!(self.inner, Some(Bracket::Angle | Bracket::Curly));
        self.word.alphabetic && !placeholder
    }
}

/// Reads the closing brackets; returns the position behind them and the bracket that closes the label.
pub(super) fn close(
    mut cursor: Cursor<'_>,
    outer: Option<Bracket>,
    inner: Option<Bracket>,
) -> Option<(Cursor<'_>, Bracket)> {
    trailing(&mut cursor)?;
    let first = cursor.closing()?;
    let mut further = cursor;
    let second = trailing(&mut further).and_then(|()| further.closing());
    let wants_second = match (outer, inner) {
        (None, Some(inner)) => !inner.squarish(),
        (Some(_), Some(_)) => true,
        (Some(outer), None) => {
            outer.squarish() && !first.squarish() && second.is_some_and(Bracket::squarish)
        }
        (None, None) => false,
    };
    let (mut cursor, closer) = match second {
        Some(second) if wants_second => (further, second),
        // `[load test: (skip)`: the only closing bracket belongs to the action.
        _ if inner == Some(first) && outer.is_some_and(|outer| outer != first) => return None,
        _ => (cursor, first),
    };
    if let Some(deviation) = closer.deviation() {
        cursor.note(deviation);
    }
    Some((cursor, closer))
}

/// Recognizes the `(target)` of a Markdown link; `(#123)` is the number of a pull request.
pub(super) fn link(rest: &str) -> bool {
    rest.strip_prefix('(').is_some_and(|target| {
        !target
            .strip_prefix('#')
            .is_some_and(|number| number.starts_with(|next: char| next.is_ascii_digit()))
    })
}

/// Skips quotes, spaces and punctuation between the action and a closing bracket.
fn trailing(cursor: &mut Cursor) -> Option<()> {
    for _ in 0..3 {
        cursor.quotes();
        cursor.spaces(0)?;
        if cursor
            .take_if(|folded| ".,;:!?\\/|…。".contains(folded))
            .is_none()
        {
            break;
        }
        cursor.note(Deviation::Punctuation);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(text: &str, read: impl Fn(&mut Cursor) -> bool) -> Option<String> {
        let mut cursor = Cursor::new(text, 0);
        read(&mut cursor).then(|| cursor.noted.words())
    }

    #[test]
    fn keys_are_read_however_they_are_joined() {
        let read = |text| noted(text, |cursor| key(cursor).is_some());
        for (text, deviations) in [
            ("load test", ""),
            ("load  test", "wrong spacing"),
            ("load-tests", "a plural, a hyphen"),
            ("load_test", "an underscore"),
            ("load.test", "another character between `load` and `test`"),
            ("LoadTest", "capital letters, `load` and `test` as one word"),
            ("laod test", "a misspelled `load test`"),
            ("load\ttest", "an unusual space character"),
            ("load\r\n  test", "a line break"),
        ] {
            assert_eq!(read(text).as_deref(), Some(deviations), "{text}");
        }
        for text in [
            "",
            "load",
            "load [test",
            "the load test",
            "loadbalancer",
            "unit test",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn separators_are_weighed() {
        let read = |text| separator(&mut Cursor::new(text, 0));
        assert_eq!(read(": skip"), Some(Separator::Colon));
        assert_eq!(read("：skip"), Some(Separator::Colon));
        for text in [" = skip", ":: skip", " => skip"] {
            assert_eq!(read(text), Some(Separator::Strong), "{text}");
        }
        for text in [" skip", " - skip", "; skip", " == skip", "(skip)"] {
            assert_eq!(read(text), Some(Separator::Weak), "{text}");
        }
        assert_eq!(read("skip"), None);
    }

    #[test]
    fn the_bracket_that_closes_the_whole_is_found() {
        use Bracket::{Round, Square};
        let read = |text, outer, inner| {
            close(Cursor::new(text, 0), outer, inner).map(|(end, closer)| (end.at, closer))
        };
        assert_eq!(read("]]", Some(Square), None), Some((1, Square)));
        assert_eq!(read(" . ]", Some(Square), None), Some((4, Square)));
        assert_eq!(read(")]", Some(Square), Some(Round)), Some((2, Square)));
        assert_eq!(read(")", Some(Square), Some(Round)), None);
        assert_eq!(read("]", Some(Square), Some(Round)), Some((1, Square)));
        assert_eq!(read(")", Some(Square), None), Some((1, Round)));
        assert_eq!(read(")]", Some(Square), None), Some((2, Square)));
        assert_eq!(read("))", Some(Round), None), Some((1, Round)));
        assert_eq!(read("]]", None, Some(Square)), Some((1, Square)));
        assert_eq!(read(" because]", Some(Square), None), None);
    }
}
