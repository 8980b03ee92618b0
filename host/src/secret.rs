//! Secrets: passwords, tokens, and URLs that are passwords.
//!
//! A secret is read from a variable or a file right before it is used, so that a replaced one works at once. It
//! never appears in output or errors.

use std::env::{self, VarError};
use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, Explain as _};
use crate::http::is_url;
use crate::limits::{self, file};

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes an `http` or `https` URL. Blanks around it are dropped.
    fn url(text: &str) -> Option<Self> {
        let text = text.trim();
        is_url(text).then(|| Self(text.to_owned()))
    }

    /// Takes a token or a password, which must fit into a header. Blanks around it are dropped.
    fn token(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty() && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// The text, for sending.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The source of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable of the environment.
    Variable(String),
    /// A file that contains only the secret; blanks around it are dropped.
    File(PathBuf),
}

impl Source {
    /// Reads a URL. `what` is its name in errors: "the variable `X` with the … is not set".
    ///
    /// # Errors
    ///
    /// If it is missing, or is not an `http` or `https` URL. The error names the variable or the file, and repeats no
    /// part of its content.
    pub fn url(&self, what: &str) -> Result<Secret, Error> {
        let text = self.text(what)?;
        Secret::url(&text).ok_or_else(|| {
            Error::new(
                format!("{self} holds no `http` or `https` URL"),
                format!("put the {what} there, and nothing else"),
            )
        })
    }

    /// Reads a token or a password. `what` is its name in errors.
    ///
    /// # Errors
    ///
    /// If it is missing, empty, or has several lines. The error names the variable or the file, and repeats
    /// no part of its content.
    pub fn token(&self, what: &str) -> Result<Secret, Error> {
        let text = self.text(what)?;
        Secret::token(&text).ok_or_else(|| {
            Error::new(
                format!("{self} holds no usable {what}"),
                format!("put the {what} there on one line, and nothing else"),
            )
        })
    }

    /// The name of the variable, which commands must not inherit.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable(name) => Some(name),
            Self::File(_) => None,
        }
    }

    fn text(&self, what: &str) -> Result<String, Error> {
        let help = "set it, or name another variable or file in the configuration";
        match self {
            // The text of `NotUnicode` would contain the secret, so it is no cause.
            Self::Variable(name) => env::var(name).map_err(|error| {
                let why = match error {
                    VarError::NotPresent => "is not set",
                    VarError::NotUnicode(_) => "is not UTF-8",
                };
                Error::new(format!("{self} with the {what} {why}"), help)
            }),
            Self::File(path) => {
                let text = file::read_text(path, &limits::SECRET);
                text.explain(format_args!("{self} with the {what} can't be read"), help)
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "the variable `{name}`"),
            Self::File(path) => write!(f, "the file `{}`", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_holds_the_url_and_blanks() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("url");
        fs::write(&path, " https://hooks.example/T0/B0/s3cret\n").expect("a file");
        let secret = Source::File(path).url("Slack URL").expect("a URL");
        assert_eq!(secret.expose(), "https://hooks.example/T0/B0/s3cret");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn what_is_missing_is_named() {
        let variable = Source::Variable("GREENLIGHT_TEST_UNSET".to_owned());
        assert_eq!(
            variable.url("Slack URL"),
            Err(Error::new(
                "the variable `GREENLIGHT_TEST_UNSET` with the Slack URL is not set",
                "set it, or name another variable or file in the configuration"
            ))
        );
        // Every test has this one, and it is no URL.
        let variable = Source::Variable("PATH".to_owned());
        assert_eq!(
            variable.url("Slack URL"),
            Err(Error::new(
                "the variable `PATH` holds no `http` or `https` URL",
                "put the Slack URL there, and nothing else"
            ))
        );
        let folder = tempfile::tempdir().expect("a folder");
        let error = Source::File(folder.path().join("none")).url("Slack URL");
        assert!(
            error
                .expect_err("no file")
                .message
                .contains("none` with the Slack URL can't be read")
        );
    }

    #[test]
    fn a_token_is_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let source = Source::File(path.clone());
        fs::write(&path, "\n hush hush\r\n").expect("a file");
        assert_eq!(
            source.token("token").expect("a token").expose(),
            "hush hush"
        );
        for text in ["", " \n", "hush\nhush", "hush\0"] {
            fs::write(&path, text).expect("a file");
            let error = source.token("Jenkins token").expect_err(text);
            let error = error.line();
            assert!(error.contains("put the Jenkins token there"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        assert_eq!(source.variable(), None);
        assert_eq!(Source::Variable("A".to_owned()).variable(), Some("A"));
    }

    proptest! {
        #[test]
        fn errors_and_debug_hold_nothing_of_it(path in "[0-9A-Z]{12,40}", scheme in 0_usize..4) {
            let scheme = ["https://", "ftp://", "", "https://a b "][scheme];
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("url");
            fs::write(&file, format!("{scheme}hooks.example/{path}")).expect("a file");
            let said = format!("{:?}", Source::File(file).url("Slack URL"));
            prop_assert!(!said.contains(&path));
            prop_assert!(!said.contains("hooks.example"));
        }
    }
}
