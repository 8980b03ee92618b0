//! Image tags: reading, writing, and why a tag is refused.
//!
//! A tag is `<environment>-<commit>` or, for the first environment, `<environment>-loadtest-<action>-<commit>`.
//! All its characters are lowercase ASCII letters, digits and hyphens. The names of environments and actions
//! are closed sets and the commit is a full hash, so a tag has one meaning or is refused: a loose reading
//! would deploy `prod-latest`.

use crate::action::{self, LOAD_TEST, with_task};
use crate::bindings::environments::Target;
use crate::bindings::types::{Evidence, LoadTestAction, Reason, Settings};
use crate::validate::{LONGEST_TAG, is_commit, is_name_character, problems};

/// The tag of the newest build. It names no commit, so it cannot be deployed.
pub const LATEST: &str = "latest";

/// Writes the tag that deploys a commit to an environment.
pub fn write(environment: &str, action: Option<LoadTestAction>, commit: &str) -> String {
    match action {
        None | Some(LoadTestAction::Skip) => format!("{environment}-{commit}"),
        Some(action) => format!("{}-{commit}", with_task(environment, action)),
    }
}

/// Reads what a tag asks for.
///
/// # Errors
///
/// The reasons why the settings are unusable, or one reason that says what is wrong with the tag and
/// which forms are expected.
pub fn resolve(tag: &str, settings: &Settings) -> Result<Target, Vec<Reason>> {
    let problems = problems(settings);
    if !problems.is_empty() {
        return Err(problems);
    }
    read(tag, settings).map_err(|refusal| vec![refusal.into_reason(tag, settings)])
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
    if tag.len() > LONGEST_TAG {
        return Err(Refusal::TooLong);
    }
    if let Some(wrong) = tag.chars().find(|c| !is_name_character(*c)) {
        return Err(Refusal::Character(wrong));
    }
    if tag == LATEST {
        return Err(Refusal::Latest);
    }
    // Names may begin alike, as `pre` and `pre-prod` do: at most one of the readings is complete, and of
    // the others the one of the longest name says what is wrong.
    let mut refusal = (0, Refusal::Environment);
    for (place, environment) in settings.environments.iter().enumerate() {
        let name = environment.name.as_str();
        let rest = tag
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('-'));
        let Some(rest) = rest else { continue };
        match read_rest(rest, place == 0, name) {
            Ok(target) => return Ok(target),
            Err(reason) if name.len() > refusal.0 => refusal = (name.len(), reason),
            Err(_) => {}
        }
    }
    Err(refusal.1)
}

/// Reads what follows the environment and its hyphen.
fn read_rest<'a>(rest: &'a str, first: bool, environment: &'a str) -> Result<Target, Refusal<'a>> {
    let (action, commit) = match rest.strip_prefix(LOAD_TEST) {
        Some(_) if !first => return Err(Refusal::NotTestedHere(environment)),
        Some(task) => {
            let (word, commit) = task.split_once('-').ok_or(Refusal::Task)?;
            (Some(action::read(word).ok_or(Refusal::Task)?), commit)
        }
        // A tag of the first environment always decides about its load test: without a task, none runs.
        None if first => (Some(LoadTestAction::Skip), rest),
        None => (None, rest),
    };
    if !is_commit(commit) {
        return Err(Refusal::Commit(commit));
    }
    Ok(Target {
        environment: environment.to_owned(),
        commit: commit.to_owned(),
        action,
    })
}

impl Refusal<'_> {
    fn into_reason(self, tag: &str, settings: &Settings) -> Reason {
        let shown: String = tag.chars().take(LONGEST_TAG).collect();
        let (code, message) = match self {
            Self::TooLong => (
                "tag-too-long",
                format!(
                    "the tag has {} bytes; a registry accepts at most {LONGEST_TAG}",
                    tag.len()
                ),
            ),
            Self::Character(c) => (
                "tag-character",
                format!(
                    "the tag contains {c:?}; release tags consist of lowercase letters, digits and hyphens"
                ),
            ),
            Self::Latest => (
                "tag-moves",
                format!("`{LATEST}` follows the newest build and names no commit"),
            ),
            Self::Environment => (
                "tag-environment",
                format!(
                    "the tag does not begin with the name of an environment: {}",
                    listed(settings)
                ),
            ),
            Self::NotTestedHere(environment) => (
                "tag-task",
                format!(
                    "only the first environment is load tested; a tag of `{environment}` cannot ask for it"
                ),
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
    use crate::fixtures::{SHA, environment, settings};
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

    #[test]
    fn names_may_have_hyphens_and_begin_alike() {
        let read = |names: &[&str], tag: String| {
            let mut settings = settings();
            settings.environments = names.iter().map(|name| environment(name)).collect();
            resolve(&tag, &settings)
                .map(|target| (target.environment, target.action))
                .map_err(|reasons| reasons[0].code.clone())
        };
        let skipped = |name: &str| Ok((name.to_owned(), Some(LoadTestAction::Skip)));
        let plain = |name: &str| Ok((name.to_owned(), None));
        let names = ["pre-prod", "prod"];
        assert_eq!(read(&names, format!("pre-prod-{SHA}")), skipped("pre-prod"));
        assert_eq!(read(&names, format!("prod-{SHA}")), plain("prod"));
        for names in [["pre", "pre-prod"], ["pre", "pre-loadtest"]] {
            assert_eq!(read(&names, format!("pre-{SHA}")), skipped("pre"));
            assert_eq!(read(&names, format!("{}-{SHA}", names[1])), plain(names[1]));
            let tested = Ok(("pre".to_owned(), Some(LoadTestAction::Warn)));
            assert_eq!(read(&names, format!("pre-loadtest-warn-{SHA}")), tested);
        }
        let names = ["pre", "pre-prod"];
        let refused = |tag: &str| read(&names, tag.to_owned());
        assert_eq!(
            refused(&format!("pre-prod-loadtest-warn-{SHA}")),
            Err("tag-task".to_owned())
        );
        assert_eq!(refused("pre-prod-latest"), Err("tag-commit".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(commit in "[0-9a-f]{40}|[0-9a-f]{64}", n in 0_usize..3) {
            let action = action::ALL[n];
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
