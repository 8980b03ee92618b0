//! Checks that several tables share, and the error that they end with.

use std::path::{Path, PathBuf};

use super::duration::Span;
use crate::http::is_url;
use crate::secret::Source;

/// Why a value can't be used.
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

/// Checks that a duration is longer than 0. `default` is the one of a key that is left out.
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

/// Checks a URL, and returns it without a slash at its end. It has neither a query nor a user.
pub fn url(key: &str, text: &str) -> Result<String, Wrong> {
    let trimmed = text.trim_end_matches('/');
    if is_url(trimmed) && !trimmed.contains(['?', '#', '@']) {
        return Ok(trimmed.to_owned());
    }
    // The part before an `@` may be a password, so the text is not repeated.
    Err(Wrong::new(
        key,
        "is not a URL of scheme, host and path",
        "write a URL like `https://ci.example.org`; credentials have keys of their own",
    ))
}

/// Checks that a secret is in exactly one place. `what` is the first word of its keys: `token`, for
/// `token-variable` and `token-file`.
pub fn secret(
    table: &str,
    what: &str,
    place: (Option<String>, Option<PathBuf>),
    folder: &Path,
) -> Result<Source, Wrong> {
    match place {
        (Some(name), None) => Ok(Source::Variable(name)),
        (None, Some(file)) => Ok(Source::File(folder.join(file))),
        _ => Err(Wrong::new(
            table,
            format!("needs either `{what}-variable` or `{what}-file`"),
            format!(
                "name the variable or the file that holds the {what}; never write the {what} itself here"
            ),
        )),
    }
}
