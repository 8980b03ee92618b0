//! Formats a message for Slack.

use serde_json::{Value, json};

use crate::http::is_url;

/// Source of the limits: <https://docs.slack.dev/reference/block-kit/blocks/section-block>.
const SECTION: usize = 3000;
const FIELD: usize = 2000;
const FIELDS: usize = 10;

/// A message about a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `info`, `warning` or `failure`.
    pub urgency: &'static str,
    /// What happened. Slack's markup for bold text and code works in it; links and mentions don't.
    pub text: String,
    /// Facts, as name and value. Slack shows ten: of a longer list, nine are shown and the others counted.
    pub facts: Vec<(String, String)>,
    /// An `http` or `https` URL with more information. Any other text is shown as text.
    pub link: Option<String>,
}

/// The body of the request.
///
/// Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; notifications show `text`, the
/// channel shows `blocks`.
pub fn payload(message: &Message) -> Value {
    let emoji = match message.urgency {
        "failure" => ":x:",
        "warning" => ":warning:",
        _ => ":information_source:",
    };
    let room = SECTION - width(emoji) - 1;
    let text = format!("{emoji} {}", escaped(&message.text, room));
    let mut blocks = vec![json!({"type": "section", "text": mrkdwn(&text)})];
    let fields = fields(&message.facts);
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if let Some(link) = &message.link {
        blocks.push(json!({"type": "section", "text": mrkdwn(&linked(link))}));
    }
    json!({"text": text, "blocks": blocks})
}

fn fields(facts: &[(String, String)]) -> Vec<Value> {
    let shown = if facts.len() > FIELDS {
        FIELDS - 1
    } else {
        facts.len()
    };
    let mut fields: Vec<_> = facts[..shown]
        .iter()
        .map(|(name, value)| {
            // Names are short; most of the room is for the value.
            let name = format!("*{}*\n", escaped(name, FIELD / 4));
            let value = escaped(value, FIELD - width(&name));
            mrkdwn(&(name + &value))
        })
        .collect();
    if shown < facts.len() {
        fields.push(mrkdwn(&format!("… and {} more", facts.len() - shown)));
    }
    fields
}

fn linked(link: &str) -> String {
    // These characters end a link or its URL; a valid URL contains none of them.
    let plain = is_url(link) && !link.contains(['<', '>', '|']);
    let whole = format!("<{}|More>", escaped(link, usize::MAX));
    if plain && width(&whole) <= SECTION {
        whole
    } else {
        escaped(&format!("More: {link}"), SECTION)
    }
}

/// Source: <https://docs.slack.dev/reference/block-kit/composition-objects/text-object>; with `verbatim`,
/// plain text is not searched for URLs, channels and mentions.
fn mrkdwn(text: &str) -> Value {
    json!({"type": "mrkdwn", "text": text, "verbatim": true})
}

/// The end of a text that was cut.
const CUT: &str = "…";

/// A character without width that prevents a mention by `@here`.
const JOINER: char = '\u{2060}';

const MENTIONS: [&str; 4] = ["here", "channel", "everyone", "group"];

/// Escapes a text, and cuts it to at most `limit` characters. Slack counts UTF-16 code units, as browsers do.
///
/// Source: `&`, `<` and `>` are the only characters to escape, and every link and mention begins with one
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>). A plain `@here` is a mention only if names are
/// linked; it is disabled as well.
pub fn escaped(text: &str, limit: usize) -> String {
    let mut safe = String::new();
    let mut length = 0;
    // The place to cut if the rest does not fit.
    let mut cut = 0;
    for (at, c) in text.char_indices() {
        let before = safe.len();
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '@' if is_mention(&text[at + 1..]) => safe.extend(['@', JOINER]),
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

fn is_mention(rest: &str) -> bool {
    MENTIONS.iter().any(|name| {
        rest.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(text: &str) -> Message {
        Message {
            urgency: "failure",
            text: text.to_owned(),
            facts: Vec::new(),
            link: None,
        }
    }

    #[test]
    fn a_message_in_blocks() {
        let message = Message {
            facts: vec![("tag".to_owned(), "<prod>".to_owned())],
            link: Some("https://ci.example/1?a=b&c=d".to_owned()),
            ..message("`stage` & <!channel>")
        };
        let text = ":x: `stage` &amp; &lt;!channel&gt;";
        let mrkdwn = |text| json!({"type": "mrkdwn", "text": text, "verbatim": true});
        assert_eq!(
            payload(&message),
            json!({
                "text": text,
                "blocks": [
                    {"type": "section", "text": mrkdwn(text)},
                    {"type": "section", "fields": [mrkdwn("*tag*\n&lt;prod&gt;")]},
                    {"type": "section", "text": mrkdwn("<https://ci.example/1?a=b&amp;c=d|More>")},
                ],
            })
        );
    }

    #[test]
    fn urgency_is_an_emoji() {
        for (urgency, emoji) in [
            ("info", ":information_source:"),
            ("warning", ":warning:"),
            ("failure", ":x:"),
        ] {
            let message = Message {
                urgency,
                ..message("done")
            };
            assert_eq!(payload(&message)["text"], format!("{emoji} done"));
        }
    }

    #[test]
    fn what_is_no_link_is_text() {
        for link in ["javascript:x", "https://a/|b", "https://a/<!here>"] {
            let message = Message {
                link: Some(link.to_owned()),
                ..message("")
            };
            let payload = payload(&message);
            let text = payload["blocks"][1]["text"]["text"].as_str();
            assert_eq!(text, Some(&*escaped(&format!("More: {link}"), 99)));
        }
    }

    #[test]
    fn ten_fields_and_no_more() {
        for (count, fields, last) in [(10, 10, "*9*\nv"), (11, 10, "… and 2 more")] {
            let facts = (0..count).map(|n| (n.to_string(), "v".to_owned()));
            let message = Message {
                facts: facts.collect(),
                ..message("")
            };
            let payload = payload(&message);
            let found = payload["blocks"][1]["fields"].as_array().expect("fields");
            assert_eq!(found.len(), fields);
            assert_eq!(found[fields - 1]["text"], last);
        }
    }

    proptest! {
        #[test]
        fn limits_hold_and_mentions_are_inert(
            text in "(<!channel>|@here|&|x|👍){0,9}",
            times in prop::sample::select(vec![1_usize, 400, 2000]),
            count in 0_usize..14,
        ) {
            let text = text.repeat(times);
            let message = Message {
                facts: vec![(text.clone(), text.clone()); count],
                link: Some(format!("https://a/{text}")),
                ..message(&text)
            };
            let payload = payload(&message);
            prop_assert!(!payload.to_string().contains("<!"));
            prop_assert!(!payload.to_string().contains("@here"));
            for block in payload["blocks"].as_array().expect("blocks") {
                let fields = block["fields"].as_array();
                prop_assert!(fields.is_none_or(|fields| fields.len() <= FIELDS));
                for field in fields.into_iter().flatten() {
                    prop_assert!(width(field["text"].as_str().expect("text")) <= FIELD);
                }
                let text = block["text"]["text"].as_str().unwrap_or("x");
                prop_assert!((1..=SECTION).contains(&width(text)));
            }
        }
    }

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
            prop_assert!(!MENTIONS.iter().any(mention));
            let rest = safe.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            prop_assert!(!rest.contains('&'), "{}", safe);
        }
    }
}
