//! Characters that look like those of a label, and kinds of brackets.
//!
//! The table of look-alikes holds what keyboards, input methods and rich-text editors put into commit
//! messages, and the usual homoglyphs of the label's letters. It is not a complete table of confusable
//! characters: a letter that is missing here is one wrong letter, which the spelling rules accept.

use super::deviation::{Deviation, Deviations};

/// Folds a character to the lowercase ASCII character that it is or looks like, and notes how it
/// deviates; any other character is returned unchanged.
pub(super) fn fold(raw: char) -> (char, Deviations) {
    let mut odd = Deviations::default();
    if raw.is_ascii() {
        if raw.is_ascii_uppercase() {
            odd.add(Deviation::Capitals);
        }
        return (raw.to_ascii_lowercase(), odd);
    }
    match dash(raw).or_else(|| homoglyph(raw)) {
        Some('-') => ('-', odd),
        Some(plain) => {
            odd.add(Deviation::LookAlike);
            (plain.to_ascii_lowercase(), odd)
        }
        None => (raw, odd),
    }
}

/// Tells whether a character is invisible on the screen.
pub(super) fn invisible(raw: char) -> bool {
    matches!(
        raw,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
    )
}

fn dash(raw: char) -> Option<char> {
    matches!(
        raw,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
    )
    .then_some('-')
}

fn homoglyph(raw: char) -> Option<char> {
    let code = u32::from(raw);
    match code {
        // Full-width forms repeat ASCII.
        0xff01..=0xff5e => return char::from_u32(code - 0xfee0),
        // Mathematical alphabets: capitals, then small letters, style after style.
        0x1_d400..=0x1_d6a3 => {
            let letter = (code - 0x1_d400) % 26;
            return char::from_u32(u32::from(b'a') + letter);
        }
        _ => {}
    }
    Some(match raw {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' => 'a',
        'Ь' | 'ь' | 'В' | 'β' | 'Β' => 'b',
        'с' | 'С' | 'ϲ' | 'ⅽ' => 'c',
        'ԁ' | 'ⅾ' => 'd',
        'е' | 'Е' | 'ε' | 'Ε' => 'e',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' | 'ⅰ' => 'i',
        'к' | 'К' | 'κ' | 'Κ' => 'k',
        'ӏ' | 'Ӏ' | 'ⅼ' | 'ℓ' | 'ⵏ' => 'l',
        'п' | 'ո' | 'η' | 'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'օ' | 'ⲟ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' => 'p',
        'г' | 'ᴦ' => 'r',
        'ѕ' | 'Ѕ' | 'ꜱ' | 'ſ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' => 't',
        'ԝ' | 'Ԝ' | 'ѡ' | 'ω' => 'w',
        'х' | 'Х' => 'x',
        '\u{2d0}' | '\u{589}' | '\u{5c3}' | '\u{2236}' | '\u{a789}' | '\u{fe13}' | '\u{fe55}' => {
            ':'
        }
        _ => return None,
    })
}

/// The kind of a bracket, after look-alikes are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    Square,
    Round,
    Curly,
    Angle,
    /// Corner, lenticular, tortoise-shell and double square brackets, which input methods write in the
    /// place of square ones.
    Ornate,
}

impl Bracket {
    /// Tells whether the writer may have meant a square bracket.
    pub(super) fn squarish(self) -> bool {
        matches!(self, Self::Square | Self::Ornate)
    }

    /// Names the deviation of this kind in the place of a label's own brackets.
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

    fn folded(text: &str) -> String {
        text.chars().map(|raw| fold(raw).0).collect()
    }

    #[test]
    fn letters_of_other_alphabets_fold_to_the_label() {
        assert_eq!(folded("lоаԁ tеѕt: ѕкір"), "load test: skip");
        assert_eq!(folded("lοαd"), "load");
        assert_eq!(
            folded("［Ｌｏａｄ　ｔｅｓｔ：ＳＫＩＰ］"),
            "[load\u{3000}test:skip]"
        );
        assert_eq!(folded("𝐥𝐨𝐚𝐝 𝑻𝑬𝑺𝑻"), "load test");
        assert_eq!(folded("load‑test — skip"), "load-test - skip");
    }

    #[test]
    fn oddities_are_told_apart() {
        assert_eq!(fold('l').1, Deviations::default());
        assert_eq!(fold('-').1, Deviations::default());
        assert_eq!(fold('é').1, Deviations::default());
        assert!(fold('L').1.has(Deviation::Capitals));
        assert!(fold('о').1.has(Deviation::LookAlike));
        assert!(!fold('О').1.has(Deviation::Capitals));
    }

    #[test]
    fn other_characters_stay() {
        assert_eq!(folded("é中🚀"), "é中🚀");
        assert!(invisible('\u{200b}') && invisible('\u{ad}') && !invisible(' '));
    }

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
