//! One line of the server's log, as text or as JSON: the time in UTC, the level, the message, and the fields of the
//! event and of the spans around it. Both formats are escaped.

use std::fmt;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use tracing::Level;
use tracing::field::{Field, Visit};

use crate::text::escape::escape;
use crate::text::time;

/// Fields and their values, in the order in which they were recorded. A name occurs once.
#[derive(Debug, Default)]
pub struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds the fields of another scope whose names are not known yet.
    pub fn fill_from(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            if self.0.iter().all(|(known, _)| known != name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    /// Takes the message out, which `tracing` records as a field.
    pub fn take_message(&mut self) -> String {
        let place = self.0.iter().position(|(name, _)| *name == "message");
        match place.map(|place| self.0.remove(place)) {
            Some((_, Value::String(message))) => message,
            _ => String::new(),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}

/// One event, before it is written.
pub struct Line<'a> {
    /// Milliseconds since 1970.
    pub at: u64,
    /// How severe the event is.
    pub level: &'a Level,
    /// The module of the program that logs.
    pub target: &'a str,
    /// The name of the innermost span.
    pub span: Option<&'static str>,
    /// What happened.
    pub message: String,
    /// The fields of the event and of the spans around it.
    pub fields: Fields,
}

impl Line<'_> {
    /// The line as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} {:<5} {}",
            time::exact(self.at),
            level(*self.level),
            escape(&self.message)
        );
        for (name, value) in &self.fields.0 {
            let value = match value {
                Value::String(value) => quoted(value),
                other => other.to_string(),
            };
            text.push(' ');
            text.push_str(name);
            text.push('=');
            text.push_str(&value);
        }
        text.push('\n');
        text
    }
}

/// Keys: `timestamp`, `level`, `target`, `span` inside one, `message`, and the fields.
impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &time::exact(self.at))?;
        map.serialize_entry("level", &level(*self.level))?;
        map.serialize_entry("target", self.target)?;
        if let Some(span) = self.span {
            map.serialize_entry("span", span)?;
        }
        map.serialize_entry("message", &self.message)?;
        for (name, value) in &self.fields.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

fn level(level: Level) -> String {
    level.as_str().to_lowercase()
}

/// A value in one word, or in quotes. Quotes inside it are escaped, so that its end is known.
fn quoted(value: &str) -> String {
    let safe = escape(value);
    let is_word =
        !safe.is_empty() && !safe.contains(|c: char| c.is_whitespace() || "\"=".contains(c));
    if is_word {
        safe.into_owned()
    } else {
        format!("\"{}\"", safe.replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_where_its_end_would_not_be_clear() {
        for (value, text) in [
            ("", "\"\""),
            ("a=b", "\"a=b\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
        ] {
            assert_eq!(quoted(value), text);
        }
    }
}
