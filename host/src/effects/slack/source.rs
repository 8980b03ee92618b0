//! Where the URL of the webhook comes from.

use std::env::{self, VarError};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use crate::effects::http::is_url;

/// How much of a file is read, in bytes. A URL is shorter.
const LONGEST: u64 = 8 << 10;

/// A text that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes an `http` or `https` URL. Blanks around it are dropped.
    fn url(text: &str) -> Option<Self> {
        let text = text.trim();
        is_url(text).then(|| Self(text.to_owned()))
    }

    /// The text, for the one who sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where the URL of a webhook comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A variable of the environment.
    Variable(String),
    /// A file with the URL and nothing else; blanks around it are dropped.
    File(PathBuf),
}

impl Source {
    /// Reads the URL.
    ///
    /// # Errors
    ///
    /// If it is missing, or no `http` or `https` URL. The error names the variable or the file, and
    /// holds nothing of what is in it.
    pub fn read(&self) -> Result<Secret, String> {
        let (text, place) = match self {
            Self::Variable(name) => (variable(name)?, format!("the variable `{name}`")),
            Self::File(path) => {
                let place = format!("the file `{}`", path.display());
                let mut text = String::new();
                // What is cut off here was no URL.
                File::open(path)
                    .and_then(|file| file.take(LONGEST).read_to_string(&mut text))
                    .map_err(|error| {
                        format!("{place} with the Slack URL can't be read: {error}")
                    })?;
                (text, place)
            }
        };
        Secret::url(&text).ok_or_else(|| {
            format!(
                "{place} holds no `http` or `https` URL: put the webhook's there, and nothing else"
            )
        })
    }
}

fn variable(name: &str) -> Result<String, String> {
    // The error that says it is no UTF-8 would print it.
    env::var(name).map_err(|error| match error {
        VarError::NotPresent => format!("the variable `{name}` with the Slack URL is not set"),
        VarError::NotUnicode(_) => format!("the variable `{name}` with the Slack URL is not UTF-8"),
    })
}

#[cfg(test)]
impl Secret {
    pub(super) fn test(url: &str) -> Self {
        Self::url(url).expect("a URL")
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
        let secret = Source::File(path).read().expect("a URL");
        assert_eq!(secret.expose(), "https://hooks.example/T0/B0/s3cret");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn what_is_missing_is_named() {
        let variable = Source::Variable("GREENLIGHT_TEST_UNSET".to_owned());
        assert_eq!(
            variable.read(),
            Err("the variable `GREENLIGHT_TEST_UNSET` with the Slack URL is not set".to_owned())
        );
        // Every test has this one, and it is no URL.
        let variable = Source::Variable("PATH".to_owned());
        assert_eq!(
            variable.read(),
            Err(
                "the variable `PATH` holds no `http` or `https` URL: put the webhook's \
                 there, and nothing else"
                    .to_owned()
            )
        );
        let folder = tempfile::tempdir().expect("a folder");
        let error = Source::File(folder.path().join("none")).read();
        assert!(
            error
                .expect_err("no file")
                .contains("none` with the Slack URL can't be read")
        );
    }

    proptest! {
        #[test]
        fn errors_and_debug_hold_nothing_of_it(path in "[0-9A-Z]{12,40}", scheme in 0_usize..4) {
            let scheme = ["https://", "ftp://", "", "https://a b "][scheme];
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("url");
            fs::write(&file, format!("{scheme}hooks.example/{path}")).expect("a file");
            let said = format!("{:?}", Source::File(file).read());
            prop_assert!(!said.contains(&path));
            prop_assert!(!said.contains("hooks.example"));
        }
    }
}
