//! In what ways a near miss can deviate from a label.

/// One way in which a text deviates from a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deviation {
    Capitals,
    LookAlike,
    Invisible,
    KeySpelling,
    Plural,
    Joined,
    Hyphen,
    Underscore,
    Joiner,
    ActionFirst,
    NoColon,
    OtherSign,
    Spacing,
    UnusualSpace,
    LineBreak,
    Parentheses,
    OtherBracket,
    InnerBracket,
    MisplacedBracket,
    NoOpening,
    NoClosing,
    NoBrackets,
    Quotes,
    Punctuation,
    ActionSpelling,
    ActionForm,
}

use Deviation::{
    ActionFirst, ActionForm, ActionSpelling, Capitals, Hyphen, InnerBracket, Invisible, Joined,
    Joiner, KeySpelling, LineBreak, LookAlike, MisplacedBracket, NoBrackets, NoClosing, NoColon,
    NoOpening, OtherBracket, OtherSign, Parentheses, Plural, Punctuation, Quotes, Spacing,
    Underscore, UnusualSpace,
};

const WORDS: [(Deviation, &str); 26] = [
    (Capitals, "capital letters"),
    (LookAlike, "look-alike characters"),
    (Invisible, "invisible characters"),
    (KeySpelling, "a misspelled `load test`"),
    (Plural, "a plural"),
    (Joined, "`load` and `test` as one word"),
    (Hyphen, "a hyphen"),
    (Underscore, "an underscore"),
    (Joiner, "another character between `load` and `test`"),
    (ActionFirst, "the action before `load test`"),
    (NoColon, "no colon"),
    (OtherSign, "another character instead of the colon"),
    (Spacing, "wrong spacing"),
    (UnusualSpace, "an unusual space character"),
    (LineBreak, "a line break"),
    (Parentheses, "parentheses"),
    (OtherBracket, "another type of bracket"),
    (InnerBracket, "brackets around the action"),
    (MisplacedBracket, "a bracket in the wrong place"),
    (NoOpening, "no opening bracket directly before it"),
    (NoClosing, "no closing bracket directly after it"),
    (NoBrackets, "no brackets"),
    (Quotes, "quotation or emphasis marks"),
    (Punctuation, "punctuation"),
    (ActionSpelling, "a misspelled action"),
    (ActionForm, "another form of the action"),
];

/// A set of deviations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Deviations(u32);

impl Deviations {
    pub(super) fn add(&mut self, deviation: Deviation) {
        self.0 |= 1 << deviation as u32;
    }

    pub(super) fn add_all(&mut self, others: Self) {
        self.0 |= others.0;
    }

    pub(super) fn has(self, deviation: Deviation) -> bool {
        self.0 & (1 << deviation as u32) != 0
    }

    /// Lists the deviations, separated by commas.
    pub(super) fn words(self) -> String {
        WORDS
            .iter()
            .filter(|(deviation, _)| self.has(*deviation))
            .map(|(_, words)| *words)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deviation_has_its_own_bit_and_words() {
        for (place, (deviation, words)) in WORDS.iter().enumerate() {
            assert_eq!(*deviation as usize, place);
            let mut set = Deviations::default();
            assert_eq!(set.words(), "");
            set.add(*deviation);
            assert!(set.has(*deviation));
            assert_eq!(set.words(), *words);
        }
    }

    #[test]
    fn words_are_in_a_fixed_order() {
        let mut set = Deviations::default();
        set.add(Hyphen);
        set.add(Capitals);
        assert_eq!(set.words(), "capital letters, a hyphen");
    }
}
