//! `--export KIND[=FILE]`: writes the answer of a command where later steps of the CI system read it.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::Output;
use super::replace::replace;
use super::{Error, Exit};
use crate::facts::ci::{self, System};
use crate::limits;
use crate::report::export::{Findings, Name, github, variables};
use crate::text::escape::escape;

/// The default file for a dotenv report of GitLab.
const DOTENV: &str = "greenlight.env";

/// Which exports are written.
#[derive(Debug, Default, Args)]
pub struct ExportArguments {
    /// Write the answer where later steps of the CI system read it; repeatable: `auto` (what the system
    /// supports), `bash-env[=FILE]`, `github-output[=FILE]`, `github-annotations`, `github-summary[=FILE]`,
    /// `dotenv=FILE` or `circleci-parameters=FILE`.
    #[arg(long = "export", value_name = "KIND[=FILE]", value_parser = export)]
    exports: Vec<Wanted>,
}

/// One export, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Auto,
    To(Kind, PathBuf),
    /// To the file that the kind's variable names.
    Usual(Kind),
    Annotations,
}

/// A form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    BashEnv,
    GitHubOutput,
    GitHubSummary,
    Dotenv,
    CircleCiParameters,
}

impl Kind {
    const ALL: [(Self, &'static str); 5] = [
        (Self::BashEnv, "bash-env"),
        (Self::GitHubOutput, "github-output"),
        (Self::GitHubSummary, "github-summary"),
        (Self::Dotenv, "dotenv"),
        (Self::CircleCiParameters, "circleci-parameters"),
    ];

    /// The variable with which the CI system names the file, if it has one.
    fn variable(self) -> Option<&'static str> {
        match self {
            Self::BashEnv => Some("BASH_ENV"),
            Self::GitHubOutput => Some("GITHUB_OUTPUT"),
            Self::GitHubSummary => Some("GITHUB_STEP_SUMMARY"),
            Self::Dotenv | Self::CircleCiParameters => None,
        }
    }

    /// The file that its variable names.
    fn usual(self) -> Option<PathBuf> {
        let named = env::var_os(self.variable()?)?;
        (!named.is_empty()).then(|| PathBuf::from(named))
    }
}

/// Exports whose files are known.
#[derive(Debug, Default)]
struct Exports {
    files: Vec<(Kind, PathBuf)>,
    annotations: bool,
}

impl ExportArguments {
    /// Runs a command, and exports what it found. A command that ended without an answer exports empty values.
    ///
    /// # Errors
    ///
    /// If a file is not known, which is checked before the command runs; otherwise those of the command, or else
    /// if an export can't be written.
    pub fn around(
        &self,
        command: &'static str,
        names: &[Name],
        output: &mut Output,
        answer: impl FnOnce(&mut Findings, &mut Output) -> Result<Exit, Error>,
    ) -> Result<Exit, Error> {
        let exports = self.open(output)?;
        let mut found = Findings::new(command, names);
        let ended = answer(&mut found, output);
        exports.write(found, ended, output)
    }

    /// Finds the files, before the command runs.
    ///
    /// # Errors
    ///
    /// If a file is not known.
    fn open(&self, output: &Output) -> Result<Exports, Error> {
        let mut exports = Exports::default();
        for wanted in &self.exports {
            match wanted {
                Wanted::Auto => exports.add_usual(output)?,
                Wanted::To(kind, file) => exports.files.push((*kind, file.clone())),
                Wanted::Usual(kind) => {
                    let file = kind.usual().ok_or_else(|| unknown(*kind))?;
                    exports.files.push((*kind, file));
                }
                Wanted::Annotations => exports.annotations = true,
            }
        }
        exports.files.dedup();
        Ok(exports)
    }
}

impl Exports {
    /// Adds the exports of the CI system that this process runs in.
    fn add_usual(&mut self, output: &Output) -> Result<(), Error> {
        let found = ci::of_process(ci::detect)?;
        let kinds: &[Kind] = match found {
            Some((System::CircleCi, _)) => &[Kind::BashEnv],
            Some((System::GitHub, _)) => {
                self.annotations = true;
                &[Kind::GitHubOutput, Kind::GitHubSummary]
            }
            Some((System::GitLab, _)) => {
                self.files.push((Kind::Dotenv, PathBuf::from(DOTENV)));
                return Ok(());
            }
            Some((system, _)) => {
                output.note(&format!(
                    "note: {} reads no values from a step; `--export auto` writes nothing\n",
                    system.title()
                ));
                return Ok(());
            }
            None => {
                output.note("note: no CI system was found; `--export auto` writes nothing\n");
                return Ok(());
            }
        };
        for kind in kinds {
            match (kind.usual(), kind.variable()) {
                (Some(file), _) => self.files.push((*kind, file)),
                (None, Some(variable)) => output.note(&format!(
                    "note: `{variable}` is not set; `--export auto` writes nothing there\n"
                )),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Writes the findings of a command, and returns its result. A command that failed writes empty values, which
    /// replace those of an earlier command.
    ///
    /// # Errors
    ///
    /// Those of the command, or else if an export can't be written.
    fn write(
        &self,
        mut answer: Findings,
        ended: Result<Exit, Error>,
        output: &Output,
    ) -> Result<Exit, Error> {
        if let Err(error) = &ended {
            let (message, help) = (error.message.clone(), error.help.clone());
            answer.failed(message, help);
        }
        if self.annotations {
            // They are asked for, so `--quiet` keeps them.
            output.error(&github::annotations(answer.command, &answer.notices));
        }
        let mut written = Ok(());
        for (kind, file) in &self.files {
            let one = write(*kind, file, &answer).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("failed to write `{}`: {error}", file.display()),
                )
            });
            written = written.and(one);
            if *kind == Kind::Dotenv
                && fs::metadata(file).is_ok_and(|it| it.len() >= variables::DOTENV_LIMIT)
            {
                // An instance can be configured to accept more, so this is a warning. GitLab drops a file that is too long.
                output.note(&format!(
                    "warning: `{}` is longer than the 5 KiB that GitLab accepts by default\n",
                    escape(&file.display().to_string())
                ));
            }
        }
        match (ended, written) {
            (Ok(_), Err(error)) => Err(error.into()),
            (Err(ended), Err(error)) => {
                output.error(&Error::from(error).text());
                Err(ended)
            }
            (ended, Ok(())) => ended,
        }
    }
}

fn write(kind: Kind, file: &Path, answer: &Findings) -> io::Result<()> {
    match kind {
        Kind::BashEnv => append(file, &variables::shell(&answer.values)),
        Kind::GitHubOutput => append(file, &github::outputs(&answer.values)),
        Kind::GitHubSummary => append(file, &github::summary(answer)),
        Kind::Dotenv => merge(file, |held| variables::dotenv(held, &answer.values)),
        Kind::CircleCiParameters => merge(file, |held| variables::parameters(held, &answer.values)),
    }
}

/// Appends lines to a file, whose last line another step may have left without a line end.
fn append(file: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(file)?;
    let mut text = text.to_owned();
    if !ends_a_line(&mut file)? {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())
}

/// Whether a file is empty or ends with a line end. A pipe, which can't be sought in, counts as one that does.
fn ends_a_line(file: &mut File) -> io::Result<bool> {
    let mut last = [0];
    if !file.metadata()?.is_file() || file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Replaces a file with its contents and the values.
pub(crate) fn merge(
    file: &Path,
    merged: impl FnOnce(&str) -> Result<String, String>,
) -> io::Result<()> {
    let held = match limits::file::read_text(file, &limits::EXPORTED) {
        Ok(held) => held,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    replace(file, merged(&held).map_err(io::Error::other)?.as_bytes())
}

fn unknown(kind: Kind) -> Error {
    let variable = kind.variable().unwrap_or_default();
    let word = Kind::ALL.iter().find(|(it, _)| *it == kind);
    let word = word.map_or("", |(_, word)| *word);
    Error::new(
        format!("`--export {word}` has no file: `{variable}` is not set"),
        format!("name one with `--export {word}=FILE`, or leave it to `--export auto`"),
    )
}

/// Parses an export.
fn export(text: &str) -> Result<Wanted, String> {
    let expected = || {
        "expected `auto`, `bash-env[=FILE]`, `github-output[=FILE]`, `github-annotations`, \
         `github-summary[=FILE]`, `dotenv=FILE` or `circleci-parameters=FILE`"
            .to_owned()
    };
    let (word, file) = match text.split_once('=') {
        Some((word, file)) if !file.is_empty() => (word, Some(PathBuf::from(file))),
        Some(_) => return Err(expected()),
        None => (text, None),
    };
    match (word, file) {
        ("auto", None) => Ok(Wanted::Auto),
        ("github-annotations", None) => Ok(Wanted::Annotations),
        (word, file) => {
            let kind = Kind::ALL.iter().find(|(_, known)| *known == word);
            let (kind, _) = kind.ok_or_else(expected)?;
            match file {
                Some(file) => Ok(Wanted::To(*kind, file)),
                None if kind.variable().is_some() => Ok(Wanted::Usual(*kind)),
                None => Err(expected()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_a_public_interface() {
        let file = || PathBuf::from("a=b");
        for (text, wanted) in [
            ("auto", Wanted::Auto),
            ("github-annotations", Wanted::Annotations),
            ("bash-env", Wanted::Usual(Kind::BashEnv)),
            ("bash-env=a=b", Wanted::To(Kind::BashEnv, file())),
            ("github-output", Wanted::Usual(Kind::GitHubOutput)),
            ("github-output=a=b", Wanted::To(Kind::GitHubOutput, file())),
            ("github-summary", Wanted::Usual(Kind::GitHubSummary)),
            (
                "github-summary=a=b",
                Wanted::To(Kind::GitHubSummary, file()),
            ),
            ("dotenv=a=b", Wanted::To(Kind::Dotenv, file())),
            (
                "circleci-parameters=a=b",
                Wanted::To(Kind::CircleCiParameters, file()),
            ),
        ] {
            assert_eq!(export(text), Ok(wanted), "{text}");
        }
        for text in [
            "",
            "dotenv",
            "circleci-parameters",
            "bash-env=",
            "auto=a",
            "github-annotations=a",
            "x=a",
        ] {
            export(text).expect_err(text);
        }
    }

    #[test]
    fn lines_are_appended_to_whole_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("env");
        append(&file, "a\n").expect("written");
        fs::write(&file, "a\nb").expect("written");
        append(&file, "c\n").expect("written");
        append(&file, "d\n").expect("written");
        assert_eq!(fs::read_to_string(&file).expect("read"), "a\nb\nc\nd\n");
    }
}
