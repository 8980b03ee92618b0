//! How much a text resembles a label: the intended words, and the evidence that a near miss needs.
//!
//! False alarms teach people to ignore true ones. The weaker the brackets are as evidence, the stronger
//! the other parts must be.

use crate::bindings::types::LoadTestAction;

use super::characters::Bracket;
use crate::action::word as word_of;
use crate::label::grammar::PRECEDENCE;

/// How a word resembles an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Likeness {
    Exact,
    /// An English form of the verb, `skipped` for example: prose about a load test has it too.
    Form,
    Typo,
}

/// How the key of a label is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Exact,
    Plural,
    /// With an underscore, as source code spells a name.
    Identifier,
    Misspelled,
}

const ENDINGS: [&str; 8] = ["s", "ed", "ped", "ing", "ings", "ping", "er", "able"];

/// The longest word that is compared; longer words are not typos of an action or key.
const LONGEST: usize = 12;

/// Finds the action that a lowercase word means, if exactly one is close enough.
pub(super) fn action(word: &[u8]) -> Option<(LoadTestAction, Likeness)> {
    for action in PRECEDENCE {
        if let Some(ending) = word.strip_prefix(word_of(action).as_bytes()) {
            if ending.is_empty() {
                return Some((action, Likeness::Exact));
            }
            if ENDINGS.iter().any(|known| known.as_bytes() == ending) {
                return Some((action, Likeness::Form));
            }
        }
    }
    let distances = PRECEDENCE.map(|action| (distance(word, word_of(action).as_bytes()), action));
    let (nearest, action) = distances
        .iter()
        .copied()
        .min_by_key(|(distance, _)| *distance)?;
    let alone = distances.iter().filter(|(far, _)| *far == nearest).count() == 1;
    let near = match nearest {
        0 | 1 => word.len() > 1,
        // Two wrong letters are half of a short word: `stop` is two letters from `skip`, `short` from
        // `abort`, and both mean something else.
        2 => word.len() > 4 && word.first() == word_of(action).as_bytes().first(),
        _ => false,
    };
    (alone && near).then_some((action, Likeness::Typo))
}

/// Recognizes `load test` by its letters alone.
pub(super) fn key(letters: &[u8]) -> Option<Key> {
    match letters {
        b"loadtest" => Some(Key::Exact),
        b"loadtests" => Some(Key::Plural),
        b"loadtesting" => Some(Key::Misspelled),
        _ if distance(letters, b"loadtest") == 1 || distance(letters, b"loadtests") == 1 => {
            Some(Key::Misspelled)
        }
        _ => None,
    }
}

/// Counts the letters to insert, drop, change or swap with a neighbor (optimal string alignment).
fn distance(word: &[u8], target: &[u8]) -> usize {
    if word.len() > LONGEST || target.len() > LONGEST || word.len().abs_diff(target.len()) > 2 {
        return usize::MAX;
    }
    let mut before = [0; LONGEST + 1];
    let mut last: [usize; LONGEST + 1] = std::array::from_fn(|column| column);
    for i in 1..=word.len() {
        let mut row = [i; LONGEST + 1];
        for j in 1..=target.len() {
            let change = usize::from(word[i - 1] != target[j - 1]);
            row[j] = (last[j - 1] + change).min(last[j] + 1).min(row[j - 1] + 1);
            let swapped =
                i > 1 && j > 1 && word[i - 1] == target[j - 2] && word[i - 2] == target[j - 1];
            if swapped {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = last;
        last = row;
    }
    last[target.len()]
}

/// The brackets of a near miss, as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A square bracket, or a substitute for one, on at least one side.
    Square,
    /// Parentheses on both sides, which are frequent in prose.
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

/// The separator between the key and the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Colon,
    /// Another sign that assigns: `=`, `::`, `=>`.
    Strong,
    /// A sign that joins words, or only a space.
    Weak,
}

/// Decides whether the parts together are evidence enough for a near miss.
pub(super) fn convincing(frame: Frame, key: Key, separator: Separator, likeness: Likeness) -> bool {
    if key == Key::Misspelled {
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

    fn meant(word: &str) -> Option<(&'static str, Likeness)> {
        action(word.as_bytes()).map(|(action, likeness)| (word_of(action), likeness))
    }

    #[test]
    fn misspelled_actions_are_recognized() {
        for (word, expected) in [
            ("abrot", "abort"),
            ("abbort", "abort"),
            ("aborrrt", "abort"),
            ("abor", "abort"),
            ("skpi", "skip"),
            ("skipp", "skip"),
            ("sikp", "skip"),
            ("skkipp", "skip"),
            ("wran", "warn"),
            ("wanr", "warn"),
            ("wrn", "warn"),
        ] {
            assert_eq!(meant(word), Some((expected, Likeness::Typo)), "{word}");
        }
    }

    #[test]
    fn forms_of_the_verb_are_recognized() {
        for (word, expected) in [
            ("aborts", "abort"),
            ("aborted", "abort"),
            ("skips", "skip"),
            ("skipped", "skip"),
            ("warning", "warn"),
            ("warnings", "warn"),
        ] {
            assert_eq!(meant(word), Some((expected, Likeness::Form)), "{word}");
        }
        assert_eq!(meant("warn"), Some(("warn", Likeness::Exact)));
    }

    #[test]
    fn other_words_are_not_guessed() {
        for word in [
            "", "a", "run", "foo", "stop", "wait", "want", "short", "sort", "none", "fail", "off",
            "dry-run", "passed", "yes", "no", "sp", "start",
        ] {
            assert_eq!(meant(word), None, "{word}");
        }
    }

    #[test]
    fn keys_are_recognized_within_one_letter() {
        assert_eq!(key(b"loadtest"), Some(Key::Exact));
        assert_eq!(key(b"loadtests"), Some(Key::Plural));
        for letters in [
            "laodtest",
            "loadtset",
            "lodtest",
            "loaadtest",
            "l0adtest",
            "loadtesting",
        ] {
            assert_eq!(key(letters.as_bytes()), Some(Key::Misspelled), "{letters}");
        }
        for letters in [
            "",
            "load",
            "loadtester",
            "unittest",
            "laodtset",
            "loadbalancer",
        ] {
            assert_eq!(key(letters.as_bytes()), None, "{letters}");
        }
    }

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
            Key::Misspelled,
            Separator::Colon,
            Exact
        ));
        assert!(!convincing(
            Frame::Square,
            Key::Misspelled,
            Separator::Colon,
            Typo
        ));
        assert!(!convincing(
            Frame::Round,
            Key::Misspelled,
            Separator::Colon,
            Exact
        ));
    }
}
