//! The log of the server: one line per event on standard error, as text or as JSON.
//!
//! `log_line` has the formats. Text from webhooks, registries and CI systems is in fields of an event.

use std::io::Write as _;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::log_line::{Fields, Line};
use crate::clock;
use crate::error::{Error, Explain as _};
use crate::text::json;

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
    tracing::subscriber::set_global_default(subscriber).explain(
        "failed to start the log",
        "report this as a fault of greenlight",
    )?;
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

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
}
