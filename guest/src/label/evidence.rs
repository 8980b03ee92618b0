//! How much a text must resemble a label before it is called a near miss.
//!
//! A false alarm teaches people to ignore the true one. So the weaker the brackets are as evidence,
//! the stronger the rest must be.

use super::bracket::Bracket;
use super::spelling::{Key, Likeness};

/// The brackets of a near miss, as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A square bracket, or one that stands for it, on at least one side.
    Square,
    /// Parentheses on both sides: prose has them everywhere.
    Round,
    /// Curly or angle brackets.
    Other,
    /// One side only.
    Half,
}

impl Frame {
    pub(super) fn of(opening: Bracket, closing: Bracket) -> Self {
        if opening.squarish() || closing.squarish() {
            Self::Square
        } else if opening == Bracket::Round || closing == Bracket::Round {
            Self::Round
        } else {
            Self::Other
        }
    }
}

/// What stands between the key and the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Colon,
    /// Another sign that assigns: `=`, `::`, `=>`.
    Strong,
    /// A sign that joins words, or only a space.
    Weak,
}

/// Weighs the parts of a near miss.
pub(super) fn convincing(frame: Frame, key: Key, separator: Separator, likeness: Likeness) -> bool {
    if key == Key::Misspelt {
        return frame == Frame::Square
            && separator == Separator::Colon
            && likeness == Likeness::Exact;
    }
    // `deploy(load_test: skip)` is a call, `(LOAD_TEST=skip)` a variable.
    if key == Key::Identifier && frame != Frame::Square {
        return false;
    }
    match frame {
        Frame::Square => separator != Separator::Weak || likeness != Likeness::Form,
        // `(load test: skipped)` reports what happened.
        Frame::Round | Frame::Half => separator != Separator::Weak && likeness != Likeness::Form,
        Frame::Other => separator != Separator::Weak,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_strong_as_their_stronger_side() {
        use Bracket::{Angle, Curly, Ornate, Round, Square};
        assert_eq!(Frame::of(Square, Round), Frame::Square);
        assert_eq!(Frame::of(Curly, Ornate), Frame::Square);
        assert_eq!(Frame::of(Round, Round), Frame::Round);
        assert_eq!(Frame::of(Curly, Angle), Frame::Other);
    }

    #[test]
    fn source_code_needs_square_brackets() {
        use Likeness::Exact;
        let code = |frame| convincing(frame, Key::Identifier, Separator::Colon, Exact);
        assert!(code(Frame::Square));
        assert!(!code(Frame::Round) && !code(Frame::Other) && !code(Frame::Half));
    }

    #[test]
    fn one_weakness_at_a_time() {
        use Likeness::{Exact, Form, Typo};
        let plain =
            |frame, separator, likeness| convincing(frame, Key::Plural, separator, likeness);
        assert!(plain(Frame::Square, Separator::Colon, Form));
        assert!(plain(Frame::Square, Separator::Weak, Typo));
        assert!(!plain(Frame::Square, Separator::Weak, Form));
        assert!(plain(Frame::Round, Separator::Strong, Typo));
        assert!(!plain(Frame::Round, Separator::Colon, Form));
        assert!(!plain(Frame::Round, Separator::Weak, Exact));
        assert!(!plain(Frame::Half, Separator::Weak, Exact));
        assert!(plain(Frame::Other, Separator::Colon, Form));
        assert!(convincing(
            Frame::Square,
            Key::Misspelt,
            Separator::Colon,
            Exact
        ));
        assert!(!convincing(
            Frame::Square,
            Key::Misspelt,
            Separator::Colon,
            Typo
        ));
        assert!(!convincing(
            Frame::Round,
            Key::Misspelt,
            Separator::Colon,
            Exact
        ));
    }
}
