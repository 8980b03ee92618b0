//! Text that Slack shows and does not obey.

/// Ends a text that was cut.
const CUT: &str = "…";

/// A character of no width that keeps `@here` from being a mention.
const JOINER: char = '\u{2060}';

const EVERYBODY: [&str; 4] = ["here", "channel", "everyone", "group"];

/// Escapes a text, and cuts it to at most `limit` characters. Slack counts as browsers do, in UTF-16.
///
/// Source: `&`, `<` and `>` are the only characters to escape, and begin whatever does something
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>). Plain `@here` is one only where
/// names are linked; it is made inert as well.
pub fn escaped(text: &str, limit: usize) -> String {
    let mut safe = String::new();
    let mut length = 0;
    // Where to cut if the rest does not fit.
    let mut cut = 0;
    for (at, c) in text.char_indices() {
        let before = safe.len();
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' if calls_everybody(&text[at + 1..]) => safe.extend(['@', JOINER]),
            c => safe.push(c),
        }
        length += width(&safe[before..]);
        if length > limit {
            safe.truncate(cut);
            safe.push_str(CUT);
            return safe;
        }
        if length + width(CUT) <= limit {
            cut = safe.len();
        }
    }
    safe
}

/// The length of a text as Slack counts it.
pub fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

fn calls_everybody(rest: &str) -> bool {
    EVERYBODY.iter().any(|name| {
        rest.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_does_something_is_escaped() {
        assert_eq!(escaped("a & b < c > d", 99), "a &amp; b &lt; c &gt; d");
        assert_eq!(
            escaped("<!channel> <@U1> &lt;", 99),
            "&lt;!channel&gt; &lt;@U1&gt; &amp;lt;"
        );
        assert_eq!(
            escaped("@here @Channel a@b.c @heré", 99),
            "@\u{2060}here @\u{2060}Channel a@b.c @heré"
        );
    }

    #[test]
    fn a_cut_leaves_whole_characters() {
        assert_eq!(escaped("abcdef", 6), "abcdef");
        assert_eq!(escaped("abcdefg", 6), "abcde…");
        assert_eq!(escaped("a<b", 6), "a&lt;b");
        assert_eq!(escaped("a<bc", 6), "a&lt;…");
        assert_eq!(escaped("ab<c", 6), "ab…");
        assert_eq!(escaped("👍👍👍", 5), "👍👍…");
    }

    proptest! {
        #[test]
        fn inert_and_never_too_long(
            text in "([a-z&<>@!👍]|<!channel>|@here|@everyone){0,60}",
            limit in 1_usize..80,
        ) {
            let safe = escaped(&text, limit);
            prop_assert!(width(&safe) <= limit);
            prop_assert!(!safe.contains(['<', '>']));
            let mention = |name: &&str| safe.contains(&["@", name].concat());
            prop_assert!(!EVERYBODY.iter().any(mention));
            let rest = safe.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            prop_assert!(!rest.contains('&'), "{}", safe);
        }
    }
}
