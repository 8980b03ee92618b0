//! Where a key is in the text of a configuration, and the parser's errors with that place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::error::Error;

/// The text of a configuration, with the place of each key.
pub struct Places<'a> {
    text: &'a str,
    table: Option<Spanned<DeTable<'a>>>,
}

impl<'a> Places<'a> {
    /// Parses a text. In a text that is not TOML, no key is found.
    pub fn of(text: &'a str) -> Self {
        Self {
            text,
            table: DeTable::parse(text).ok(),
        }
    }

    /// The line of a key, from 1. `key` is its path, with indexes of lists from 0: `environment.0.name`. For a
    /// key that the text does not have, the line of the nearest table around it.
    pub fn line(&self, key: &str) -> Option<usize> {
        self.find(key).0
    }

    /// The line of a key, if the text has it.
    pub fn exact(&self, key: &str) -> Option<usize> {
        match self.find(key) {
            (line, true) => line,
            (_, false) => None,
        }
    }

    /// The line of the last part of the path that the text has, and whether that is the key itself.
    fn find(&self, key: &str) -> (Option<usize>, bool) {
        let Some(table) = &self.table else {
            return (None, false);
        };
        let (mut table, mut list) = (Some(table.get_ref()), None::<&DeArray<'_>>);
        let mut line = None;
        for step in key.split('.') {
            let inner = match (table, list) {
                (Some(table), _) => table
                    .iter()
                    .find(|(name, _)| name.get_ref() == step)
                    .map(|(name, value)| (name.span(), value)),
                (None, Some(list)) => {
                    let value = step.parse().ok().and_then(|place: usize| list.get(place));
                    value.map(|value| (value.span(), value))
                }
                (None, None) => None,
            };
            let Some((span, value)) = inner else {
                return (line, false);
            };
            line = Some(self.line_at(span.start));
            table = value.get_ref().as_table();
            list = value.get_ref().as_array();
        }
        (line, true)
    }

    /// The key whose value is at a place in the text, if the parser's error is about a value.
    pub fn key_at(&self, place: &Range<usize>) -> Option<String> {
        let mut names = Vec::new();
        within(self.table.as_ref()?.get_ref(), place, &mut names);
        (!names.is_empty()).then(|| names.join("."))
    }

    /// The line of a byte, from 1.
    pub fn line_at(&self, byte: usize) -> usize {
        let before = &self.text.as_bytes()[..byte.min(self.text.len())];
        before.split(|it| *it == b'\n').count()
    }
}

/// Adds the names on the path to the innermost value that contains a place. An error about a whole table names no
/// key in it.
fn within(table: &DeTable<'_>, place: &Range<usize>, names: &mut Vec<String>) {
    for (name, value) in table {
        let tables: Vec<_> = match value.get_ref() {
            DeValue::Table(inner) => vec![inner],
            DeValue::Array(values) => values
                .iter()
                .filter_map(|it| it.get_ref().as_table())
                .collect(),
            _ => Vec::new(),
        };
        let before = names.len();
        names.push(name.get_ref().to_string());
        for inner in tables {
            within(inner, place, names);
        }
        let span = value.span();
        if names.len() > before + 1 || (span.start <= place.start && place.end <= span.end) {
            return;
        }
        names.truncate(before);
    }
}

/// The path of a key without indexes of lists: `environment.name`.
pub fn shown(key: &str) -> String {
    let steps = key
        .split('.')
        .filter(|step| !step.bytes().all(|it| it.is_ascii_digit()));
    steps.collect::<Vec<_>>().join(".")
}

/// Describes an error of the parser: a message with line and key, and a help text.
///
/// For an unknown key, the help suggests the nearest known key. Both are taken from serde's message:
/// unknown field "x", expected one of "a", "b", with backticks for quotes.
pub fn explained(error: &toml::de::Error, text: &str) -> Error {
    let help = nearest(error.message()).map_or_else(
        || "see `greenlight schema config` for the keys and their values".to_owned(),
        |name| format!("did you mean `{name}`?"),
    );
    let places = Places::of(text);
    let place = error.span().map_or_else(String::new, |span| {
        let line = places.line_at(span.start);
        match places.key_at(&span) {
            Some(key) => {
                // Every threshold has a default, so the missing key belongs to the table around the thresholds,
                // whose place in the text is that of its first inner table.
                let is_missing = error.message().starts_with("missing field");
                let outer = key.strip_suffix(".thresholds").filter(|_| is_missing);
                format!("line {line}: `{}`: ", shown(outer.unwrap_or(&key)))
            }
            None => format!("line {line}: "),
        }
    });
    let message = plain(error.message()).replace('\n', ", ");
    Error::new(format!("{place}{message}"), help)
}

/// A message of serde in the words of the documentation: types of TOML instead of types of Rust.
fn plain(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("missing field ") {
        return format!("missing key {rest}");
    }
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return format!("unknown key {rest}");
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return format!("unknown value {rest}");
    }
    // Serde also fills a table from a list, and only counts the values then.
    if message.starts_with("invalid length ") && message.contains(", expected struct ") {
        return "expected a table, not a list".to_owned();
    }
    let found = ["invalid type: ", "invalid value: "];
    let Some((found, expected)) = found
        .iter()
        .find_map(|it| message.strip_prefix(it))
        .and_then(|rest| rest.rsplit_once(", expected "))
    else {
        return message.to_owned();
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a map" => "a table",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0",
        "f32" | "f64" => "a number",
        it if it.starts_with("struct ") => "a table",
        it => it,
    };
    let found = match found {
        "sequence" => "a list".to_owned(),
        "map" => "a table".to_owned(),
        it => format!("the {it}"),
    };
    format!("expected {expected}, not {found}")
}

fn nearest(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field `")?;
    let (wrong, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    known
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[release]
publish-branch = \"trunk\"

[[environment]]
name = \"stage\"

[[environment]]
name = \"prod\"
nodes = [
  \"a\",
  \"b\",
]
";

    #[test]
    fn lines_of_keys() {
        let places = Places::of(TEXT);
        for (key, line) in [
            ("release.publish-branch", 2),
            ("environment.0.name", 5),
            ("environment.1.name", 8),
            ("environment.1.nodes.1", 11),
            ("environment.1.deploy", 7),
            ("release.default-action", 1),
        ] {
            assert_eq!(places.line(key), Some(line), "{key}");
        }
        assert_eq!(places.exact("environment.1.name"), Some(8));
        assert_eq!(places.exact("environment.1.deploy"), None);
        assert_eq!(places.line("serve.listen"), None);
        assert_eq!(Places::of("no TOML").line("release"), None);
    }

    #[test]
    fn keys_at_places() {
        let places = Places::of(TEXT);
        let at = |text: &str| {
            let start = TEXT.find(text).expect("it is there");
            places.key_at(&(start..start + text.len()))
        };
        assert_eq!(at("\"trunk\"").as_deref(), Some("release.publish-branch"));
        assert_eq!(at("\"b\"").as_deref(), Some("environment.nodes"));
        assert_eq!(shown("environment.1.nodes.0"), "environment.nodes");
    }

    #[test]
    fn the_nearest_name_if_one_is_near() {
        let said =
            |wrong: &str| format!("unknown field `{wrong}`, expected one of `deploy`, `nodes`");
        assert_eq!(nearest(&said("deplyo")), Some("deploy"));
        assert_eq!(nearest(&said("node")), Some("nodes"));
        assert_eq!(nearest(&said("color")), None);
        assert_eq!(nearest("missing field `name`"), None);
    }
}
