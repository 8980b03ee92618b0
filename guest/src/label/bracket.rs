//! Kinds of brackets.

use super::deviation::Deviation;

/// The kind of a bracket, after look-alikes are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Square,
    Round,
    Curly,
    Angle,
    /// Corner, lenticular, tortoise-shell and double square brackets: where an input method writes
    /// them they stand for square ones.
    Ornate,
}

impl Bracket {
    /// Says whether a writer may well have meant a square bracket.
    pub(super) fn squarish(self) -> bool {
        matches!(self, Self::Square | Self::Ornate)
    }

    /// Names what is wrong with this kind where a label has its own brackets.
    pub(super) fn deviation(self) -> Option<Deviation> {
        match self {
            Self::Square => None,
            Self::Round => Some(Deviation::Parentheses),
            Self::Curly | Self::Angle | Self::Ornate => Some(Deviation::OtherBracket),
        }
    }
}

pub(super) fn opening(folded: char) -> Option<Bracket> {
    Some(match folded {
        '[' => Bracket::Square,
        '(' | '⦅' | '❨' => Bracket::Round,
        '{' | '❴' => Bracket::Curly,
        '<' | '‹' | '〈' | '⟨' | '《' => Bracket::Angle,
        '「' | '『' | '【' | '〔' | '〖' | '〚' | '⟦' | '⁅' | '❲' | '｢' => {
            Bracket::Ornate
        }
        _ => return None,
    })
}

pub(super) fn closing(folded: char) -> Option<Bracket> {
    Some(match folded {
        ']' => Bracket::Square,
        ')' | '⦆' | '❩' => Bracket::Round,
        '}' | '❵' => Bracket::Curly,
        '>' | '›' | '〉' | '⟩' | '》' => Bracket::Angle,
        '」' | '』' | '】' | '〕' | '〗' | '〛' | '⟧' | '⁆' | '❳' | '｣' => {
            Bracket::Ornate
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_of_one_kind() {
        for pair in [
            "[]", "()", "⦅⦆", "❨❩", "{}", "❴❵", "<>", "‹›", "〈〉", "⟨⟩", "《》", "「」", "『』",
            "【】", "〔〕", "〖〗", "〚〛", "⟦⟧", "⁅⁆", "❲❳", "｢｣",
        ] {
            let kinds: Vec<_> = pair.chars().map(opening).collect();
            let closings: Vec<_> = pair.chars().map(closing).collect();
            assert!(kinds[0].is_some() && kinds[1].is_none(), "{pair}");
            assert_eq!(kinds[0], closings[1], "{pair}");
            assert_eq!(closings[0], None, "{pair}");
        }
    }

    #[test]
    fn only_square_ones_deviate_in_nothing() {
        assert_eq!(Bracket::Square.deviation(), None);
        assert!(Bracket::Ornate.squarish() && Bracket::Ornate.deviation().is_some());
        assert!(!Bracket::Round.squarish());
    }
}
