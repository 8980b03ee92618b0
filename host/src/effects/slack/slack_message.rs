//! Formats a message for Slack.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::is_url;

/// Source of the limits: <https://docs.slack.dev/reference/block-kit/blocks/section-block>.
const SECTION: usize = 3000;
const FIELD: usize = 2000;
const FIELDS: usize = 10;

/// A message about a deployment. In its texts, Slack's markup for bold text and code works; links and mentions don't.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Message {
    /// `info`, `warning` or `failure`.
    pub urgency: String,
    /// What happened.
    pub text: String,
    /// What the release is: the subject of its commit and its author.
    #[serde(default)]
    pub release: Option<String>,
    /// Facts, as name and value. Slack shows ten: of a longer list, nine are shown and the others counted.
    #[serde(default)]
    pub facts: Vec<(String, String)>,
    /// What failed.
    #[serde(default)]
    pub failure: Option<Failed>,
    /// The texts of earlier notices, if this message replaces an earlier message; the oldest first.
    #[serde(default)]
    pub earlier: Vec<String>,
    /// What to do now.
    #[serde(default)]
    pub to_do: Vec<String>,
    /// Links to more information: the text of each link, and its URL. If a URL is not an `http` or `https` URL, Slack
    /// shows it as text.
    #[serde(default)]
    pub links: Vec<(String, String)>,
}

/// A step that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Failed {
    /// The step and how it ended; not empty.
    pub step: String,
    /// The last lines of its output.
    pub lines: Vec<String>,
}

/// The body of the request.
///
/// Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>; notifications show `text`, the
/// channel shows `blocks`.
pub fn payload(message: &Message) -> Value {
    let emoji = match message.urgency.as_str() {
        "failure" => ":x:",
        "warning" => ":warning:",
        _ => ":information_source:",
    };
    let room = SECTION - width(emoji) - 1;
    let text = format!("{emoji} {}", escaped(&message.text, room));
    let mut blocks = vec![section(&text)];
    let release = message.release.as_deref().unwrap_or_default();
    // A section must not be empty.
    if !release.is_empty() {
        blocks.push(section(&escaped(release, SECTION)));
    }
    let fields = fields(&message.facts);
    if !fields.is_empty() {
        blocks.push(json!({"type": "section", "fields": fields}));
    }
    if let Some(failure) = &message.failure {
        blocks.push(section(&failed(failure)));
    }
    for list in [&message.earlier, &message.to_do] {
        if !list.is_empty() {
            blocks.push(section(&listed(list)));
        }
    }
    if !message.links.is_empty() {
        let links = message.links.iter().map(|(word, link)| linked(word, link));
        let links: Vec<_> = links.collect();
        blocks.push(section(&clipped(&links, "  ")));
    }
    json!({"text": text, "blocks": blocks})
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// Formats the failed step and the last lines of its output. If not all of the lines fit, the first ones are left out.
fn failed(failure: &Failed) -> String {
    let step = escaped(&failure.step, SECTION / 4);
    let fence = "```";
    let room = SECTION - width(&step) - 2 * width(fence) - 3;
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for line in failure.lines.iter().rev() {
        // Backquotes in the output must not end the block.
        let line = escaped(&line.replace('`', "'"), SECTION / 8);
        length += width(&line) + 1;
        if length > room {
            break;
        }
        lines.push(line);
    }
    if lines.is_empty() {
        return step;
    }
    lines.reverse();
    format!("{step}\n{fence}\n{}\n{fence}", lines.join("\n"))
}

fn listed(list: &[String]) -> String {
    let items = list.iter();
    let items: Vec<_> = items
        .map(|it| format!("• {}", escaped(it, SECTION / 4)))
        .collect();
    clipped(&items, "\n")
}

/// Joins as many texts as fit into a section.
fn clipped(texts: &[String], between: &str) -> String {
    let mut whole = String::new();
    for text in texts {
        let between = if whole.is_empty() { "" } else { between };
        if width(&whole) + width(between) + width(text) > SECTION {
            break;
        }
        whole.push_str(between);
        whole.push_str(text);
    }
    whole
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

fn linked(word: &str, link: &str) -> String {
    // These characters end a link or its URL; a valid URL contains none of them.
    let plain = is_url(link) && !link.contains(['<', '>', '|']);
    let whole = format!("<{}|{}>", escaped(link, usize::MAX), escaped(word, FIELD));
    if plain && width(&whole) <= SECTION {
        whole
    } else {
        escaped(&format!("{word}: {link}"), SECTION)
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
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>). A plain `@here` is a mention only if names
/// are linked; it is disabled as well.
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
mod tests;
