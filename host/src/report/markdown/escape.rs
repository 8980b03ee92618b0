//! Texts that mean nothing to Markdown, as GitHub and GitLab read it.

use crate::text::escape::escape;

/// At most as many characters of one text are written.
const LENGTH: usize = 600;

/// Writes a text in one line in which nothing is markup: no emphasis, code, link, table cell, HTML, formula,
/// mention or reference.
///
/// Mentions and references are found after the escapes have been resolved, so a character of no width
/// stands behind their signs.
pub fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len() + text.len() / 8);
    let mut characters = text.chars();
    let head: String = characters.by_ref().take(LENGTH).collect();
    for c in escape(&head).chars() {
        match c {
            '&' => inert.push_str("&amp;"),
            '<' => inert.push_str("&lt;"),
            '>' => inert.push_str("&gt;"),
            '@' => inert.push_str("@&#8203;"),
            '#' => inert.push_str("\\#&#8203;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => {
                inert.push('\\');
                inert.push(c);
            }
            c => inert.push(c),
        }
    }
    if characters.next().is_some() {
        inert.push('…');
    }
    inert
}

/// Writes a text as code. The element, not backticks: they can't be escaped within.
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", inert(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text() {
        assert_eq!(inert("a|b `c` *d* _e_"), "a\\|b \\`c\\` \\*d\\* \\_e\\_");
        assert_eq!(inert("<b>&amp;"), "&lt;b&gt;&amp;amp;");
        assert_eq!(
            inert("@team #12 ![x](y)"),
            "@&#8203;team \\#&#8203;12 \\!\\[x\\](y)"
        );
        assert_eq!(inert("a\n# b"), "a\\\\n\\#&#8203; b");
        assert_eq!(inert("\u{1b}[31m"), "\\\\u{1b}\\[31m");
        assert_eq!(inert("Größe: 5 µs"), "Größe: 5 µs");
    }

    #[test]
    fn a_long_text_is_cut() {
        let text = inert(&"ü".repeat(LENGTH + 1));
        assert_eq!(text.chars().count(), LENGTH + 1);
        assert!(text.ends_with('…'));
    }
}
