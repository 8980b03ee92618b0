//! Reads a text character by character: folds look-alikes, skips invisible characters, records deviations.
//!
//! Each step reads a bounded number of characters, except the search for the end of a line.

use super::characters::{Bracket, closing, fold, invisible, opening};
use super::deviation::{Deviation, Deviations};

/// Longest run of spaces, or of invisible characters, that a label may contain.
const LONGEST_RUN: usize = 16;

/// Longest word that may be in the place of an action.
const LONGEST_WORD: usize = 24;

/// The lowercase ASCII letters and digits of a word; any other letter is replaced by `?`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    letters: [u8; LONGEST_WORD],
    length: usize,
    /// False if the word has a digit or an underscore.
    pub(super) alphabetic: bool,
}

impl Word {
    pub(super) fn letters(&self) -> &[u8] {
        &self.letters[..self.length]
    }

    /// Appends another word, unless the result is too long.
    pub(super) fn join(mut self, other: &Self) -> Option<Self> {
        for letter in other.letters() {
            self.push(char::from(*letter))?;
        }
        Some(self)
    }

    fn push(&mut self, letter: char) -> Option<()> {
        let place = self.letters.get_mut(self.length)?;
        *place = u8::try_from(letter)
            .ok()
            .filter(u8::is_ascii)
            .unwrap_or(b'?');
        self.length += 1;
        Some(())
    }
}

/// The next visible character.
#[derive(Clone, Copy)]
pub(super) struct Glyph {
    pub(super) raw: char,
    pub(super) folded: char,
    odd: Deviations,
    end: usize,
}

/// A place in a text, and the deviations noted on the way to it.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    pub(super) at: usize,
    pub(super) noted: Deviations,
}

impl<'a> Cursor<'a> {
    /// Starts at a character boundary; at any other offset it reads nothing.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self {
            text,
            at,
            noted: Deviations::default(),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn note(&mut self, deviation: Deviation) {
        self.noted.add(deviation);
    }

    pub(super) fn peek(&self) -> Option<Glyph> {
        let (offset, raw) = match self.text.as_bytes().get(self.at) {
            // Nearly every character that is read here, and never invisible.
            Some(byte) if byte.is_ascii() => (0, char::from(*byte)),
            _ => self
                .rest()
                .char_indices()
                .take(LONGEST_RUN)
                .find(|(_, raw)| !invisible(*raw))?,
        };
        let (folded, mut odd) = fold(raw);
        if offset > 0 {
            odd.add(Deviation::Invisible);
        }
        Some(Glyph {
            raw,
            folded,
            odd,
            end: self.at + offset + raw.len_utf8(),
        })
    }

    pub(super) fn take(&mut self, glyph: Glyph) {
        self.at = glyph.end;
        self.noted.add_all(glyph.odd);
    }

    /// Takes the next glyph if the condition holds for its folded character.
    pub(super) fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let glyph = self.peek().filter(|glyph| wanted(glyph.folded))?;
        self.take(glyph);
        Some(glyph.folded)
    }

    pub(super) fn opening(&mut self) -> Option<Bracket> {
        self.take_if(|folded| opening(folded).is_some())
            .and_then(opening)
    }

    pub(super) fn closing(&mut self) -> Option<Bracket> {
        self.take_if(|folded| closing(folded).is_some())
            .and_then(closing)
    }

    /// Skips white space and counts it; a line break counts once, in each of its forms.
    /// More than one line break, or a very long run, cannot be inside a label.
    pub(super) fn gap(&mut self) -> Option<usize> {
        let mut count = 0;
        let mut breaks = 0;
        while let Some(glyph) = self.peek().filter(|glyph| space(glyph.raw)) {
            self.take(glyph);
            match glyph.raw {
                ' ' => {}
                '\n' | '\r' => {
                    if glyph.raw == '\r' && self.rest().starts_with('\n') {
                        self.at += 1;
                    }
                    breaks += 1;
                    self.note(Deviation::LineBreak);
                }
                _ => self.note(Deviation::UnusualSpace),
            }
            count += 1;
            if count > LONGEST_RUN || breaks > 1 {
                return None;
            }
        }
        Some(count)
    }

    /// Skips a gap that should have the expected number of spaces.
    pub(super) fn spaces(&mut self, expected: usize) -> Option<()> {
        let before = self.noted;
        let count = self.gap()?;
        let broken = self.noted.has(Deviation::LineBreak) && !before.has(Deviation::LineBreak);
        // An indented continuation line is one deviation, not two.
        if count != expected && !broken {
            self.note(Deviation::Spacing);
        }
        Some(())
    }

    /// Reads letters and digits, and joiners after the first of them. Returns an empty word if there is
    /// none, and nothing if the word is too long for an action.
    pub(super) fn word(&mut self, joiners: &[char]) -> Option<Word> {
        let mut word = Word {
            alphabetic: true,
            ..Word::default()
        };
        while let Some(glyph) = self.peek() {
            let joiner = word.length > 0 && joiners.contains(&glyph.folded);
            if !joiner && !glyph.folded.is_alphanumeric() {
                break;
            }
            word.alphabetic &= glyph.folded.is_alphabetic() || glyph.folded == '-';
            word.push(glyph.folded)?;
            self.take(glyph);
        }
        Some(word)
    }

    /// Skips up to three quotation or emphasis marks.
    pub(super) fn quotes(&mut self) {
        for _ in 0..3 {
            if self.take_if(quote).is_none() {
                return;
            }
            self.note(Deviation::Quotes);
        }
    }
}

pub(super) fn quote(folded: char) -> bool {
    matches!(
        folded,
        '"' | '\'' | '`' | '*' | '“' | '”' | '„' | '‘' | '’' | '‚' | '«' | '»'
    )
}

/// White space, and the replacement character for bytes that are not UTF-8: in a message written in Latin-1
/// that is most often a no-break space.
fn space(raw: char) -> bool {
    raw.is_whitespace() || raw == '\u{fffd}'
}

/// Tells whether a line begins here.
pub(super) fn begins_line(text: &str, at: usize) -> bool {
    text.get(..at)
        .is_some_and(|before| before.is_empty() || before.ends_with(['\n', '\r']))
}

/// Tells whether the rest of the line is white space; nothing if a bracket closes in it, or if the text is
/// truncated before that is known.
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

    fn gap(text: &str) -> (Option<usize>, String) {
        let mut cursor = Cursor::new(text, 0);
        (cursor.gap(), cursor.noted.words())
    }

    #[test]
    fn gaps_are_counted_and_named() {
        assert_eq!(gap("x"), (Some(0), String::new()));
        assert_eq!(gap("  x"), (Some(2), String::new()));
        assert_eq!(gap("\tx"), (Some(1), "an unusual space character".into()));
        assert_eq!(
            gap("\u{a0}"),
            (Some(1), "an unusual space character".into())
        );
        assert_eq!(gap("\nx"), gap("\r\nx"));
        assert_eq!(gap("\n\nx").0, None);
        assert_eq!(gap(&" ".repeat(100)).0, None);
    }

    #[test]
    fn words_are_folded_and_bounded() {
        let read = |text: &str| {
            Cursor::new(text, 0)
                .word(&['-'])
                .map(|word| String::from_utf8_lossy(word.letters()).into_owned())
        };
        assert_eq!(read("Dry-Run: x").as_deref(), Some("dry-run"));
        assert_eq!(read("ѕк\u{200b}ip]").as_deref(), Some("skip"));
        assert_eq!(read("über").as_deref(), Some("?ber"));
        assert_eq!(read("-x").as_deref(), Some(""));
        assert_eq!(read(&"x".repeat(25)), None);
    }

    #[test]
    fn an_offset_inside_a_character_reads_nothing() {
        assert_eq!(Cursor::new("é", 1).rest(), "");
    }

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
