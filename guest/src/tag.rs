//! Image tags, both ways.
//!
//! `<environment>-<commit>` or, for the first environment, `<environment>-loadtest-<action>-<commit>`.
//! The sets are closed and the commit is a full hash, so a tag is read in one way or refused: a loose
//! reading deploys `prod-latest`.

use crate::bindings::environments::Target;
use crate::bindings::types::{Evidence, LoadTestAction, Reason, Settings};
use crate::commit::is_commit;
use crate::settings::problems;

/// The longest tag that a registry takes, in bytes.
///
/// Source: the OCI distribution specification, `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
const LONGEST: usize = 128;

/// The task that a tag can carry.
const LOAD_TEST: &str = "loadtest-";

/// The tag that follows the newest build. It names no commit, so nothing can be deployed by it.
pub const LATEST: &str = "latest";

/// Writes the tag that asks for a commit in an environment.
pub fn write(environment: &str, action: Option<LoadTestAction>, commit: &str) -> String {
    match action {
        None | Some(LoadTestAction::Skip) => format!("{environment}-{commit}"),
        Some(action) => format!("{environment}-{LOAD_TEST}{}-{commit}", word(action)),
    }
}

/// Reads what a tag asks for.
///
/// # Errors
///
/// What makes the settings unusable, or else one reason, which says what is wrong with the tag and what
/// was expected.
pub fn resolve(tag: &str, settings: &Settings) -> Result<Target, Vec<Reason>> {
    let problems = problems(settings);
    if !problems.is_empty() {
        return Err(problems);
    }
    read(tag, settings).map_err(|refusal| vec![refusal.into_reason(tag, settings)])
}

/// The word that tags and labels use for an action.
pub fn word(action: LoadTestAction) -> &'static str {
    match action {
        LoadTestAction::Abort => "abort",
        LoadTestAction::Skip => "skip",
        LoadTestAction::Warn => "warn",
    }
}

enum Refusal<'a> {
    TooLong,
    Character(char),
    Latest,
    Environment,
    NotTestedHere(&'a str),
    Task,
    Commit(&'a str),
}

fn read<'a>(tag: &'a str, settings: &'a Settings) -> Result<Target, Refusal<'a>> {
    if tag.len() > LONGEST {
        return Err(Refusal::TooLong);
    }
    if let Some(wrong) = tag
        .chars()
        .find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-'))
    {
        return Err(Refusal::Character(wrong));
    }
    if tag == LATEST {
        return Err(Refusal::Latest);
    }
    let (place, environment, rest) = settings
        .environments
        .iter()
        .enumerate()
        .find_map(|(place, environment)| {
            let name = &environment.name;
            let rest = tag.strip_prefix(name.as_str())?.strip_prefix('-')?;
            Some((place, name, rest))
        })
        .ok_or(Refusal::Environment)?;
    let (action, commit) = match rest.strip_prefix(LOAD_TEST) {
        Some(_) if place != 0 => return Err(Refusal::NotTestedHere(environment)),
        Some(task) => {
            let (action, commit) = task.split_once('-').ok_or(Refusal::Task)?;
            (Some(read_word(action).ok_or(Refusal::Task)?), commit)
        }
        // A tag of the first environment always decides about its load test: without a task, none runs.
        None if place == 0 => (Some(LoadTestAction::Skip), rest),
        None => (None, rest),
    };
    if !is_commit(commit) {
        return Err(Refusal::Commit(commit));
    }
    Ok(Target {
        environment: environment.clone(),
        commit: commit.to_owned(),
        action,
    })
}

fn read_word(text: &str) -> Option<LoadTestAction> {
    [
        LoadTestAction::Abort,
        LoadTestAction::Skip,
        LoadTestAction::Warn,
    ]
    .into_iter()
    .find(|action| word(*action) == text)
}

impl Refusal<'_> {
    fn into_reason(self, tag: &str, settings: &Settings) -> Reason {
        let shown: String = tag.chars().take(LONGEST).collect();
        let (code, message) = match self {
            Self::TooLong => (
                "tag-too-long",
                format!(
                    "the tag has {} bytes; a registry takes {LONGEST}",
                    tag.len()
                ),
            ),
            Self::Character(c) => (
                "tag-character",
                format!("the tag has a character that no release tag has: {c:?}"),
            ),
            Self::Latest => (
                "tag-moves",
                format!("`{LATEST}` follows the newest build and names no commit"),
            ),
            Self::Environment => (
                "tag-environment",
                format!(
                    "the tag does not begin with an environment: {}",
                    listed(settings)
                ),
            ),
            Self::NotTestedHere(environment) => (
                "tag-task",
                format!("no load test runs in `{environment}`, so its tags can't ask for one"),
            ),
            Self::Task => (
                "tag-task",
                "`loadtest-` is not followed by `abort`, `skip` or `warn` and a commit".to_owned(),
            ),
            Self::Commit("") => ("tag-commit", "the tag names no commit".to_owned()),
            Self::Commit(commit) => (
                "tag-commit",
                format!("`{commit}` is not a full commit hash"),
            ),
        };
        Reason::new(code, message)
            .on(Evidence::Tag(shown))
            .help(expected(settings))
    }
}

fn listed(settings: &Settings) -> String {
    let names: Vec<_> = settings
        .environments
        .iter()
        .map(|it| format!("`{}`", it.name))
        .collect();
    names.join(", ")
}

fn expected(settings: &Settings) -> String {
    let mut forms = Vec::new();
    for (place, environment) in settings.environments.iter().enumerate() {
        let environment = &environment.name;
        forms.push(format!("`{environment}-<commit>`"));
        if place == 0 {
            forms.push(format!(
                "`{environment}-{LOAD_TEST}<abort|skip|warn>-<commit>`"
            ));
        }
    }
    format!(
        "expected {}, with all 40 (or 64) lowercase hexadecimal digits of the commit",
        forms.join(" or ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{SHA, settings};
    use proptest::prelude::*;

    fn code(tag: &str) -> String {
        let reasons = resolve(tag, &settings()).expect_err(tag);
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].help.is_some());
        reasons[0].code.clone()
    }

    #[test]
    fn reads_what_is_documented() {
        for (tag, environment, action) in [
            (format!("stage-{SHA}"), "stage", Some(LoadTestAction::Skip)),
            (
                format!("stage-loadtest-abort-{SHA}"),
                "stage",
                Some(LoadTestAction::Abort),
            ),
            (
                format!("stage-loadtest-warn-{SHA}"),
                "stage",
                Some(LoadTestAction::Warn),
            ),
            (
                format!("stage-loadtest-skip-{SHA}"),
                "stage",
                Some(LoadTestAction::Skip),
            ),
            (format!("prod-{SHA}"), "prod", None),
        ] {
            let target = resolve(&tag, &settings()).expect(&tag);
            assert_eq!(target.environment, environment, "{tag}");
            assert_eq!(target.commit, SHA, "{tag}");
            assert_eq!(target.action, action, "{tag}");
        }
    }

    #[test]
    fn refuses_the_rest_and_says_which_part() {
        for (tag, expected) in [
            (LATEST.to_owned(), "tag-moves"),
            ("prod-latest".to_owned(), "tag-commit"),
            ("stage-loadtest".to_owned(), "tag-commit"),
            ("stage-loadtest-".to_owned(), "tag-task"),
            ("stage-".to_owned(), "tag-commit"),
            (String::new(), "tag-environment"),
            (format!("prod-{SHA}\n"), "tag-character"),
            (format!("prod-{SHA}\0"), "tag-character"),
            (format!("Prod-{SHA}"), "tag-character"),
            (format!("qa-{SHA}"), "tag-environment"),
            (format!("stage{SHA}"), "tag-environment"),
            (format!("stage-smoketest-warn-{SHA}"), "tag-commit"),
            (format!("stage-loadtest-run-{SHA}"), "tag-task"),
            (format!("prod-loadtest-warn-{SHA}"), "tag-task"),
            (format!("prod-{}", &SHA[..7]), "tag-commit"),
            (format!("prod-{SHA}-{SHA}"), "tag-commit"),
            ("a".repeat(129), "tag-too-long"),
        ] {
            assert_eq!(code(&tag), expected, "{tag:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_forms_that_are_expected() {
        let reasons = resolve("prod-latest", &settings()).expect_err("loose");
        let help = reasons[0].help.as_deref().expect("help");
        for form in [
            "`stage-<commit>`",
            "`stage-loadtest-<abort|skip|warn>-<commit>`",
            "`prod-<commit>`",
        ] {
            assert!(help.contains(form), "{help}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(commit in "[0-9a-f]{40}|[0-9a-f]{64}", n in 0_usize..3) {
            let action = [LoadTestAction::Abort, LoadTestAction::Skip, LoadTestAction::Warn][n];
            let target = resolve(&write("stage", Some(action), &commit), &settings()).expect("ours");
            prop_assert_eq!(target.action, Some(action));
            prop_assert_eq!(&target.commit, &commit);
            let target = resolve(&write("prod", None, &commit), &settings()).expect("ours");
            prop_assert_eq!(target.environment, "prod");
        }

        #[test]
        fn what_is_read_has_the_documented_form(tag in "(stage|prod|qa)?-?(loadtest-)?(abort-|skip-|run-)?[0-9a-fA-F\n]{38,42}") {
            if let Ok(target) = resolve(&tag, &settings()) {
                prop_assert!(tag.starts_with(&target.environment));
                prop_assert!(tag.ends_with(&target.commit));
                prop_assert!(is_commit(&target.commit));
            }
        }
    }
}
