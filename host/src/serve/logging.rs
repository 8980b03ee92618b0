//! The log of the server: one line per event on standard error, as text or as JSON.
//!
//! A line has the time in UTC, the level, the message, and the fields of the event and of the spans around it.
//! Text from webhooks, registries and CI systems is in fields, and is escaped in both formats.

use std::fmt;
use std::io::Write as _;

use clap::ValueEnum;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::clock;
use crate::error::Error;
use crate::text::escape::escape;
use crate::text::{json, time};

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people: time, level, message, `name=value`.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// The least severe level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Events that need a person.
    Error,
    /// Also refused webhooks, failures that are retried, and releases that were not promoted.
    Warn,
    /// Also stored webhooks, deployment requests and their states, starts and ends of deployments.
    Info,
    /// Also details of each step.
    Debug,
    /// Everything.
    Trace,
}

/// Starts to log, for the rest of the process. Panics are logged, too.
///
/// # Errors
///
/// If the process logs already.
pub fn start(format: LogFormat, level: LogLevel) -> Result<(), Error> {
    let to_standard_error = |line: &str| {
        // The page and the metrics work without standard error.
        let _ = std::io::stderr().write_all(line.as_bytes());
    };
    let subscriber = subscriber(format, level, to_standard_error);
    tracing::subscriber::set_global_default(subscriber).map_err(|error| {
        let message = format!("failed to start the log: {error}");
        Error::new(message, "report this as a fault of greenlight")
    })?;
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let location = panic.location().map(ToString::to_string);
        tracing::error!(
            thread = thread.name(),
            location,
            reason = panic.payload_as_str(),
            "a thread panicked; restart the server and report the fault"
        );
    }));
    Ok(())
}

/// Logs the error that ends the server.
pub fn failed(error: &Error) {
    tracing::error!(reason = error.message, help = error.help, "server failed");
}

fn subscriber<W: Fn(&str) + Send + Sync + 'static>(
    format: LogFormat,
    level: LogLevel,
    write: W,
) -> impl Subscriber + Send + Sync {
    Registry::default()
        .with(LevelFilter::from_level(level.into()))
        .with(Lines { format, write })
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Writes a line for each event.
struct Lines<W> {
    format: LogFormat,
    write: W,
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&str) + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                // The scope goes from the innermost span outwards; an inner value counts.
                fields.fill_from(of_span);
            }
        }
        event.record(&mut fields);
        let line = Line {
            at: clock::milliseconds(),
            level: event.metadata().level(),
            target: event.metadata().target(),
            span: context.lookup_current().map(|span| span.name()),
            message: fields.take_message(),
            fields,
        };
        let text = match self.format {
            LogFormat::Text => line.text(),
            // A map with texts as keys can be written.
            LogFormat::Json => json::line(&line).unwrap_or_default(),
        };
        (self.write)(&text);
    }
}

/// Fields and their values, in the order in which they were recorded. A name occurs once.
#[derive(Debug, Default)]
struct Fields(Vec<(&'static str, Value)>);

impl Fields {
    fn set(&mut self, name: &'static str, value: Value) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    fn fill_from(&mut self, other: &Self) {
        for (name, value) in &other.0 {
            if self.0.iter().all(|(known, _)| known != name) {
                self.0.push((name, value.clone()));
            }
        }
    }

    fn take_message(&mut self) -> String {
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
struct Line<'a> {
    /// Milliseconds since 1970.
    at: u64,
    level: &'a Level,
    target: &'a str,
    span: Option<&'static str>,
    message: String,
    fields: Fields,
}

impl Line<'_> {
    fn text(&self) -> String {
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
    use std::sync::{Arc, Mutex};

    use super::*;

    const HOSTILE: &str = "a\x1b[31m\n{\"level\":\"info\"}\u{202e}\u{2028}\u{9b}\"##[error]";

    /// What is logged while an action runs.
    fn logged(format: LogFormat, level: LogLevel, action: impl FnOnce()) -> String {
        let text = Arc::new(Mutex::new(String::new()));
        let lines = Arc::clone(&text);
        let write = move |line: &str| lines.lock().expect("the text").push_str(line);
        tracing::subscriber::with_default(subscriber(format, level, write), action);
        let text = text.lock().expect("the text");
        text.clone()
    }

    fn delivery() {
        let span = tracing::error_span!("delivery", delivery = 7, source = tracing::field::Empty);
        let _entered = span.enter();
        span.record("source", "distribution");
        let none: Option<&str> = None;
        tracing::warn!(
            repository = "shop",
            tag = HOSTILE,
            digest = none,
            "retry-at" = %1,
            "webhook refused"
        );
    }

    fn without_time(line: &str) -> &str {
        let (time, rest) = line.split_once(' ').expect("a time");
        assert_eq!(
            (time.len(), &time[10..11], &time[23..]),
            (24, "T", "Z"),
            "{time}"
        );
        rest
    }

    #[test]
    fn text_has_the_fields_of_the_span_and_of_the_event_in_one_line() {
        let text = logged(LogFormat::Text, LogLevel::Info, delivery);
        assert_eq!(
            without_time(&text),
            "warn  webhook refused delivery=7 source=distribution repository=shop \
             tag=\"a\\u{1b}[31m\\n{\\\"level\\\":\\\"info\\\"}\\u{202e}\\u{2028}\\u{9b}\\\"#\\u{23}[error]\" \
             retry-at=1\n"
        );
    }

    #[test]
    fn the_line_of_the_documentation_has_this_format() {
        let page = include_str!("../../docs/operations.md");
        let (_, block) = page.split_once("```log\n").expect("a block");
        let text = logged(LogFormat::Text, LogLevel::Info, || {
            let span = tracing::error_span!("delivery", delivery = 7, source = "distribution");
            let _entered = span.enter();
            tracing::info!(
                repository = "example/shop",
                tag = "stage-1f0c",
                "push event stored"
            );
        });
        let line = block.split_inclusive('\n').next().expect("a line");
        assert_eq!(without_time(line), without_time(&text));
    }

    #[test]
    fn json_has_them_as_keys_of_one_harmless_object() {
        let text = logged(LogFormat::Json, LogLevel::Info, delivery);
        let line = text.strip_suffix('\n').expect("a line");
        assert!(!line.contains(crate::text::escape::is_active), "{line}");
        assert!(!line.contains("##"), "{line}");
        let mut object: Value = serde_json::from_str(line).expect("JSON");
        let timestamp = object["timestamp"].take();
        without_time(&format!("{} ", timestamp.as_str().expect("a text")));
        assert_eq!(
            object,
            serde_json::json!({
                "timestamp": null,
                "level": "warn",
                "target": module_path!(),
                "span": "delivery",
                "message": "webhook refused",
                "delivery": 7,
                "source": "distribution",
                "repository": "shop",
                "tag": HOSTILE,
                "retry-at": "1",
            })
        );
    }

    #[test]
    fn a_value_of_an_inner_span_or_of_the_event_replaces_the_outer_one() {
        let text = logged(LogFormat::Text, LogLevel::Info, || {
            let _outer = tracing::error_span!("outer", tag = "a", request = 1).entered();
            let _inner = tracing::error_span!("inner", tag = "b").entered();
            tracing::info!("one");
            tracing::info!(tag = "c", "two");
        });
        let lines: Vec<_> = text.lines().map(without_time).collect();
        assert_eq!(
            lines,
            ["info  one tag=b request=1", "info  two tag=c request=1"]
        );
    }

    #[test]
    fn less_severe_events_are_left_out_and_spans_are_kept() {
        let all = || {
            let _span = tracing::error_span!("span", number = 1).entered();
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
            tracing::trace!("t");
        };
        for (place, level) in LogLevel::value_variants().iter().enumerate() {
            let text = logged(LogFormat::Text, *level, all);
            assert_eq!(text.lines().count(), place + 1, "{text}");
            assert!(
                text.lines().all(|line| line.ends_with(" number=1")),
                "{text}"
            );
        }
    }

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
