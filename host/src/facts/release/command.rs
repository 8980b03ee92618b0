//! The command of `[facts]`, which prints a JSON object.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Origin, named};
use crate::child::{self, Failed};
use crate::contract::types::Fact;
use crate::error::Error;
use crate::limits;
use crate::text::escape::escape;

/// The command of `[facts]`.
pub struct Command<'a> {
    /// The program and its arguments.
    pub arguments: &'a [String],
    /// The folder that it runs in.
    pub folder: &'a Path,
    /// Variables besides those of this process.
    pub variables: &'a [(&'a str, &'a str)],
    /// The variables with secrets, which it does not receive.
    pub without: &'a [String],
    /// How long it may run.
    pub time_limit: Duration,
}

impl Command<'_> {
    /// Runs the command, and reads its facts.
    ///
    /// # Errors
    ///
    /// If it can't be started, fails, runs too long, or prints anything else than an object with names of facts.
    pub fn run(&self) -> Result<Vec<Fact>, Error> {
        let limit = limits::FACTS.within(self.time_limit);
        let Some(mut command) = child::command(self.arguments, self.folder, self.without) else {
            return Err(self.failed(format_args!("is empty"), "name a program"));
        };
        command.envs(self.variables.iter().copied());
        let printed = child::printed(&mut command, &limit).map_err(|failed| match failed {
            Failed::Run(error) => {
                let help = match error.kind() {
                    ErrorKind::TimedOut => {
                        "make it faster, or give it more time with `[facts] time-limit`"
                    }
                    ErrorKind::FileTooLarge => "print only what the policy needs",
                    _ => "check the program and its permissions; it starts in the folder of the configuration",
                };
                self.failed(format_args!("failed to run: {error}"), help)
            }
            Failed::Ended(how) => {
                let help = "correct the command; a fact that is unknown can be left out";
                self.failed(format_args!("ended with {how}"), help)
            }
        })?;
        self.read(&printed)
    }

    fn read(&self, printed: &[u8]) -> Result<Vec<Fact>, Error> {
        let object: Map<String, Value> = serde_json::from_slice(printed).map_err(|error| {
            let help = "print one object, such as {\"ticket\": \"A-1\"}, and log to standard error";
            self.failed(format_args!("did not print a JSON object: {error}"), help)
        })?;
        let facts = object.iter().map(|(name, value)| {
            named(Origin::Command, name, value).map_err(|why| {
                let help = "print it under another name, or leave it out";
                self.failed(
                    format_args!("printed a fact that can't be used: {why}"),
                    help,
                )
            })
        });
        facts.collect()
    }

    fn failed(&self, how: fmt::Arguments<'_>, help: &str) -> Error {
        let program = self.arguments.first().map_or("", String::as_str);
        Error::new(
            format!("the command of `[facts]`, `{}`, {how}", escape(program)),
            help,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Result<Vec<String>, Error> {
        let command = Command {
            arguments: &["sh", "-c", script].map(str::to_owned),
            folder: Path::new("/"),
            variables: &[("GREENLIGHT_COMMIT", "abc")],
            without: &["PATH".to_owned()],
            time_limit: Duration::from_millis(300),
        };
        let facts = command.run()?.into_iter();
        let shown = facts.map(|it| {
            assert_eq!(it.source, "command");
            format!("{}={}", it.attribute.name, it.attribute.value)
        });
        Ok(shown.collect())
    }

    #[test]
    fn an_object_is_read() {
        let script = "echo log >&2; printf '{\"of\": \"%s\", \"path\": \"%s\", \"n\": [1, 2]}' \
                      \"$GREENLIGHT_COMMIT\" \"${PATH+set}\"";
        let facts = run(script).expect("facts");
        let path = facts
            .iter()
            .find(|it| it.starts_with("path"))
            .expect("it was printed");
        // A shell gives itself a path, if it was given none. The variable is not the one of this process then.
        assert!(path == "path=\"\"" || path == "path=\"set\"");
        assert!(facts.contains(&"of=\"abc\"".to_owned()), "{facts:?}");
        assert!(facts.contains(&"n=[1,2]".to_owned()), "{facts:?}");
        assert_eq!(run("echo '{}'").expect("no facts"), [""; 0]);
    }

    #[test]
    fn everything_else_is_an_error() {
        for (script, said) in [
            ("echo no >&2; exit 3", "ended with exit status 3: no"),
            ("kill -9 $$", "ended with killed by signal 9"),
            ("echo '[]'", "did not print a JSON object"),
            ("echo '{\"a\": 1} x'", "did not print a JSON object"),
            ("echo '{\"A b\": 1}'", "`A b` is not the name of a fact"),
            (
                "echo '{\"jobs\": 1}'",
                "`jobs` is a fact that greenlight itself reads",
            ),
            ("while :; do :; done", "did not end within"),
            ("while :; do echo a; done", "failed to run"),
        ] {
            let error = run(script).expect_err(script);
            assert!(error.message.contains(said), "{}", error.message);
            assert!(
                error
                    .message
                    .starts_with("the command of `[facts]`, `sh`, ")
            );
            assert!(!error.help.is_empty());
        }
    }
}
