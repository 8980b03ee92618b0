//! Values that several tables share: durations, commands, URLs and secrets, and the error for an invalid one.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};

use crate::http::is_url;
use crate::secret::Source;

/// Why a value is invalid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The path of the key, with places in lists from 0: `environment.0.name`.
    pub key: String,
    /// What is wrong with the value.
    pub why: String,
    /// What to write instead.
    pub help: String,
}

impl Wrong {
    /// Makes an error about the value of a key.
    pub fn new(key: impl Into<String>, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            why: why.into(),
            help: help.into(),
        }
    }
}

/// Whether a text can be the name of a step or a load test. Such a name is part of file names, variables and reports.
pub fn is_name(name: &str) -> bool {
    (1..=48).contains(&name.len())
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// What to write for a name that [`is_name`] refuses.
pub const NAME_HELP: &str =
    "use 1 to 48 lowercase letters, digits and hyphens, and no hyphen at the start";

/// Checks that a command names a program.
pub fn command(key: &str, command: &[String]) -> Result<(), Wrong> {
    if command.first().is_none_or(String::is_empty) {
        return Err(Wrong::new(
            key,
            "is an empty command",
            "write a list of the program and its arguments: `[\"./deploy\", \"stage\"]`",
        ));
    }
    Ok(())
}

/// Checks that a duration is longer than 0. `default` is the value if the key is missing.
pub fn positive(key: &str, duration: Span, default: &str) -> Result<(), Wrong> {
    if duration.seconds() == 0 {
        return Err(Wrong::new(
            key,
            "must be greater than 0",
            format!("write a duration like `90s`, or leave the key out for {default}"),
        ));
    }
    Ok(())
}

/// Checks a URL, and returns it without a trailing slash. It must not contain a query, a fragment or a user.
pub fn url(key: &str, text: &str) -> Result<String, Wrong> {
    let trimmed = text.trim_end_matches('/');
    if is_url(trimmed) && !trimmed.contains(['?', '#', '@']) {
        return Ok(trimmed.to_owned());
    }
    // The part before an `@` may be a password, so the message does not repeat the text.
    Err(Wrong::new(
        key,
        "is not a URL that consists of scheme, host and path",
        "write a URL like `https://host.example.org`; credentials have keys of their own",
    ))
}

/// Checks that exactly one of two keys names the place of a secret. `what` is the first word of the keys:
/// `token` for `token-variable` and `token-file`.
pub fn secret(
    table: &str,
    what: &str,
    place: (Option<String>, Option<PathBuf>),
    folder: &Path,
) -> Result<Source, Wrong> {
    match place {
        (Some(name), None) => Ok(Source::Variable(name)),
        (None, Some(file)) => Ok(Source::File(folder.join(file))),
        (Some(_), Some(_)) => Err(Wrong::new(
            table,
            format!("has both `{what}-variable` and `{what}-file`"),
            "remove one of them",
        )),
        (None, None) => Err(Wrong::new(
            table,
            format!("needs either `{what}-variable` or `{what}-file`"),
            format!(
                "name the variable or the file that holds the {what}; never write the {what} itself here"
            ),
        )),
    }
}

/// A duration, not negative, of at most a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(Duration);

impl Span {
    /// So many seconds.
    pub const fn of(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// The duration.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// In seconds, rounded up, so that a deadline is never early.
    pub fn seconds(self) -> u32 {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0);
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

/// Writes it as in a configuration, in whole seconds, rounded up.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        let units = [
            (seconds / 3600, "h"),
            (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
        ];
        let mut parts = units.iter().filter(|(count, _)| *count > 0);
        let Some((count, unit)) = parts.next() else {
            return f.write_str("0s");
        };
        write!(f, "{count}{unit}")?;
        parts.try_for_each(|(count, unit)| write!(f, " {count}{unit}"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const YEAR: Duration = Duration::from_hours(365 * 24);
        let text = String::deserialize(deserializer)?;
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|it| Duration::try_from(it).ok())
            .filter(|it| *it <= YEAR)
            .map(Self)
            .ok_or_else(|| {
                de::Error::custom(format!(
                    "`{text}` is not a duration of at most a year; write `90s`, `10m` or `1h 30m`"
                ))
            })
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A length of time: `90s`, `10m`, `1h 30m`.",
            "type": "string",
            "minLength": 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(Span::of(3).seconds(), 3);
        assert_eq!(Span(Duration::from_millis(1200)).seconds(), 2);
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for (seconds, text) in [
            (0, "0s"),
            (10, "10s"),
            (600, "10m"),
            (5400, "1h 30m"),
            (3601, "1h 1s"),
        ] {
            assert_eq!(Span::of(seconds).to_string(), text);
            let read: SignedDuration = text.parse().expect("a duration");
            assert_eq!(u64::try_from(read.as_secs()), Ok(seconds));
        }
    }
}
