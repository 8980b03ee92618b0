//! A step: its variables, and the answer that its command may write.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::Error;
use super::commands::Ran;
use super::entry::Details;
use crate::contract::promotion::{EventKind, Outcome, Step, StepResult};
use crate::contract::types::Attribute;
use crate::limits;

/// The name of the file with the answer, in the folder of the run.
const ANSWER: &str = "answer.json";

/// The file that the command of a step may write its answer to. `own` is the folder of the run.
fn answer_file(own: &Path) -> PathBuf {
    own.join(ANSWER)
}

/// The variable with the path of that file.
pub(super) fn answer_variable(own: &Path) -> (String, String) {
    let file = answer_file(own).to_string_lossy().into_owned();
    ("GREENLIGHT_ANSWER".to_owned(), file)
}

/// The variables with the name and the arguments of a step.
///
/// # Errors
///
/// If two arguments have the same variable.
pub(super) fn variables(step: &Step) -> Result<Vec<(String, String)>, Error> {
    let mut variables = vec![("GREENLIGHT_STEP".to_owned(), step.name.clone())];
    for argument in &step.arguments {
        let name = variable(&argument.name);
        if variables.iter().any(|(known, _)| *known == name) {
            return Err(Error::host(
                format!(
                    "the policy gives step `{}` two arguments for the variable `{name}`",
                    step.name
                ),
                "cancel the deployment, and correct the policy",
            ));
        }
        variables.push((name, value(argument)));
    }
    Ok(variables)
}

/// The name of the variable with an argument.
fn variable(name: &str) -> String {
    let mut variable = "GREENLIGHT_ARGUMENT_".to_owned();
    variable.extend(name.chars().map(|it| match it.to_ascii_uppercase() {
        it @ ('A'..='Z' | '0'..='9') => it,
        _ => '_',
    }));
    variable
}

/// The value of an argument: a JSON text as it reads, any other JSON as it is written. A variable can't contain a NUL,
/// so a text with one stays JSON.
fn value(argument: &Attribute) -> String {
    match serde_json::from_str::<String>(&argument.value) {
        Ok(text) if !text.contains('\0') => text,
        _ => argument.value.clone(),
    }
}

/// Reads the answer of a step that has ended; `None` if its command wrote none.
///
/// # Errors
///
/// Why the file can't be used, as a fragment.
pub(crate) fn answer(file: &Path) -> Result<Option<String>, String> {
    let text = match limits::file::read_text(file, &limits::ANSWER) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("its answer can't be used: {error}")),
    };
    let text = text.trim();
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(error) => Err(format!("its answer is not JSON: {error}")),
    }
}

/// A step that has ended.
pub(super) struct Performed {
    /// The event that the policy receives.
    pub(super) kind: EventKind,
    /// The details for reports.
    pub(super) details: Details,
    /// Its outcome in words.
    pub(super) said: String,
    /// Whether it succeeded.
    pub(super) well: bool,
}

/// The result of a step. A command that succeeded with an answer that can't be used counts as failed.
pub(super) fn performed(mut ran: Ran, step: &Step, own: &Path, folder: &Path) -> Performed {
    let mut outcome = ran.outcome();
    let read = match outcome {
        Outcome::Canceled | Outcome::Unknown => Ok(None),
        Outcome::Succeeded | Outcome::Failed | Outcome::TimedOut => answer(&answer_file(own)),
    };
    let answer = read.unwrap_or_else(|why| {
        ran.details.ended = format!("{}, but {why}", ran.details.ended);
        if outcome == Outcome::Succeeded {
            outcome = Outcome::Failed;
        }
        None
    });
    let well = outcome == Outcome::Succeeded;
    let said = ran.said(ran.details.ended.clone(), folder, well);
    let result = StepResult {
        step: step.clone(),
        outcome,
        exit_status: ran.details.exit_status,
        answer,
    };
    Performed {
        kind: EventKind::Performed(result),
        details: Details::Command(ran.details),
        said,
        well,
    }
}

/// A step that the policy asks for and the configuration does not have.
pub(super) fn not_configured(step: &Step) -> Error {
    Error::host(
        format!(
            "the policy asks for step `{}` in `{}`, which the configuration does not have",
            step.name, step.environment
        ),
        format!(
            "add a `[[step]]` with `name = \"{}\"` and a `command` to the configuration",
            step.name
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn step(arguments: &[(&str, &str)]) -> Step {
        let arguments = arguments.iter().map(|(name, value)| Attribute {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        });
        Step {
            name: "canary".to_owned(),
            environment: "prod".to_owned(),
            arguments: arguments.collect(),
        }
    }

    #[test]
    fn arguments_are_variables() {
        let step = step(&[
            ("share", "10"),
            ("blue.green-mode", "\"a \\\"b\\\"\""),
            ("nul", "\"\\u0000\""),
            ("list", "[1, \"a\"]"),
        ]);
        let variables = variables(&step).expect("variables");
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            variables,
            [
                ("GREENLIGHT_STEP", "canary"),
                ("GREENLIGHT_ARGUMENT_SHARE", "10"),
                ("GREENLIGHT_ARGUMENT_BLUE_GREEN_MODE", "a \"b\""),
                ("GREENLIGHT_ARGUMENT_NUL", "\"\\u0000\""),
                ("GREENLIGHT_ARGUMENT_LIST", "[1, \"a\"]"),
            ]
        );
    }

    #[test]
    fn two_arguments_with_one_variable_are_refused() {
        let step = step(&[("a-b", "1"), ("a.b", "2")]);
        let error = variables(&step).expect_err("an error");
        let text = format!("{error:?}");
        assert!(text.contains("GREENLIGHT_ARGUMENT_A_B"), "{text}");
    }

    #[test]
    fn answers_are_json_of_a_limited_size() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = answer_file(folder.path());
        let written = |text: &[u8]| {
            fs::write(&file, text).expect("written");
            answer(&file)
        };
        assert_eq!(answer(&file), Ok(None));
        assert_eq!(
            written(b" {\"share\": 10}\n"),
            Ok(Some("{\"share\": 10}".to_owned()))
        );
        let longest = format!("\"{}\"", "a".repeat((64 << 10) - 2));
        assert_eq!(written(longest.as_bytes()), Ok(Some(longest.clone())));
        for (text, why) in [
            (format!("{longest} ").into_bytes(), "64 KiB"),
            (b"".to_vec(), "its answer is not JSON"),
            (b"{\"share\": }".to_vec(), "line 1 column 11"),
            (b"1 2".to_vec(), "its answer is not JSON"),
            (b"\"\xff\"".to_vec(), "UTF-8"),
        ] {
            let error = written(&text).expect_err(why);
            assert!(error.contains(why), "{error}");
        }
        fs::remove_file(&file).expect("removed");
        fs::create_dir(&file).expect("a folder");
        assert!(answer(&file).expect_err("a folder").contains("a folder"));
    }
}
