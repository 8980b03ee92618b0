//! Characters that hide or reorder text, made visible in a whole page.

use std::fmt::Write as _;

use crate::text::escape::is_active;

/// Writes every active character as `\u{…}`, save line feeds and tabs, which are blanks to a browser.
///
/// This goes over the page when it is complete, so that no text can be forgotten: what is written instead
/// means nothing to HTML, be it in text or in an attribute, and the page's own source has none.
pub fn visible(page: String) -> String {
    let active = |c: char| is_active(c) && !matches!(c, '\n' | '\t');
    if !page.contains(active) {
        return page;
    }
    let mut text = String::with_capacity(page.len() + page.len() / 8);
    for c in page.chars() {
        if active(c) {
            // Writing into a string can't fail.
            let _ = write!(text, "\\u{{{:x}}}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_hides() {
        let page = "<p title=\"a\u{202e}b\">\u{1b}[31m\r\n\u{0}ä</p>";
        assert_eq!(
            visible(page.to_owned()),
            "<p title=\"a\\u{202e}b\">\\u{1b}[31m\\u{d}\n\\u{0}ä</p>"
        );
    }
}
