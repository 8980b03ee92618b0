//! Makes untrusted text safe to print: a terminal must not obey it, and neither must a CI runner.
//!
//! - Terminals: control characters (escape sequences start with one), and the characters that reorder
//!   or hide text.
//! - Runners: GitHub and Azure read `##[…]` and `##vso[…]`, `TeamCity` `##teamcity[…]`, anywhere in a
//!   line; GitHub reads `::command::` at the start of one, behind blanks.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character can have another effect than to be displayed.
pub fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Escapes a text to one line that is safe to print: active characters as `\u{…}`, the second
/// `#` of `##` as `\u{23}`, and the first `:` of a `::` that begins it as `\u{3a}`.
pub fn escape(text: &str) -> Cow<'_, str> {
    let command = text.trim_start().starts_with("::");
    if !command && !text.contains("##") && !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    let mut before = '\0';
    for c in text.chars() {
        if command && c == ':' && safe.trim_start().is_empty() {
            safe.push_str("\\u{3a}");
        } else {
            push(&mut safe, before, c);
        }
        before = c;
    }
    Cow::Owned(safe)
}

/// The beginning of a text, at most so many characters, in one line that is safe to print.
pub fn beginning(text: &str, characters: usize) -> String {
    let safe = escape(text.trim());
    match safe.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &safe[..end]),
        None => safe.into_owned(),
    }
}

/// Appends one character, escaped if it is active or completes a `##`.
pub fn push(safe: &mut String, before: char, c: char) {
    match c {
        '\n' => safe.push_str("\\n"),
        '\r' => safe.push_str("\\r"),
        '\t' => safe.push_str("\\t"),
        '#' if before == '#' => safe.push_str("\\u{23}"),
        c if is_active(c) => {
            // Writing into a string can't fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        }
        c => safe.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_text_is_itself() {
        for text in [
            "",
            "prod-4b825dc",
            "Größe: 5 µs, 日本語, 👍",
            "a # b",
            "C::new",
        ] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn escapes_commands_and_tricks() {
        assert_eq!(escape("\x1b[31mred"), "\\u{1b}[31mred");
        assert_eq!(escape("a\n::error::b"), "a\\n::error::b");
        assert_eq!(escape(" ::error::x"), " \\u{3a}:error::x");
        assert_eq!(escape("##[error]x"), "#\\u{23}[error]x");
        assert_eq!(escape("###vso["), "#\\u{23}\\u{23}vso[");
        assert_eq!(escape("ab\u{202e}dc"), "ab\\u{202e}dc");
        assert_eq!(escape("\u{9b}31m"), "\\u{9b}31m");
    }

    proptest! {
        #[test]
        fn no_active_character_is_left(text in any::<String>()) {
            let safe = escape(&text);
            prop_assert!(!safe.contains(is_active));
            prop_assert!(!safe.contains("##"));
            prop_assert!(!safe.trim_start().starts_with("::"));
        }
    }
}
