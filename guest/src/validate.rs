//! Validates names and settings. Each rule of the contract is checked here and nowhere else in the policy.

mod watch;

use crate::action;
use crate::bindings::types::{Evidence, Reason, Settings, Thresholds};
use crate::reason::codes::SETTINGS_INVALID;

/// The longest tag that a registry accepts, in bytes.
///
/// Source: the OCI distribution specification, `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub const LONGEST_TAG: usize = 128;

/// The longest name of an environment, in bytes: its longest tag, with `-loadtest-abort-` and a SHA-256
/// commit, must fit into [`LONGEST_TAG`].
pub const LONGEST_ENVIRONMENT: usize = LONGEST_TAG - "-loadtest-abort-".len() - 64;

/// Tells whether a text is a full git commit hash: 40 (SHA-1) or 64 (SHA-256) lowercase hexadecimal digits.
///
/// Short hashes are refused, because their meaning changes as a repository grows.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Tells whether a character can be part of a release tag, and of the name of an environment: a
/// lowercase ASCII letter, a digit or a hyphen.
pub fn is_name_character(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '-')
}

/// Checks the name of an environment: 1 to 48 lowercase ASCII letters, digits and hyphens, of which the
/// first is not a hyphen.
///
/// Tags begin with the name, and registries accept no tag that begins with a hyphen.
///
/// # Errors
///
/// The first rule that the name breaks, as a sentence.
pub fn environment(name: &str) -> Result<(), String> {
    // A message shows what fits on a line, whatever was given.
    let shown = || -> String { name.chars().take(LONGEST_ENVIRONMENT).collect() };
    if name.is_empty() {
        Err("the name of an environment is empty".to_owned())
    } else if let Some(wrong) = name.chars().find(|c| !is_name_character(*c)) {
        Err(format!(
            "the name of environment {:?} contains {wrong:?}; only lowercase letters, digits and hyphens \
             are allowed",
            shown()
        ))
    } else if name.starts_with('-') {
        Err(format!(
            "the name of environment `{}` begins with a hyphen",
            shown()
        ))
    } else if name.len() > LONGEST_ENVIRONMENT {
        Err(format!(
            "the name of environment `{}…` has {} characters; at most {LONGEST_ENVIRONMENT} are \
             allowed",
            shown(),
            name.len()
        ))
    } else {
        Ok(())
    }
}

/// Lists everything in the settings that makes them unusable; empty for usable settings.
pub fn problems(settings: &Settings) -> Vec<Reason> {
    let mut problems = Vec::new();
    let mut problem = |setting: &str, message: String| {
        let reason = Reason::new(SETTINGS_INVALID, message);
        let reason = reason.on(Evidence::Setting(setting.to_owned()));
        if !problems.contains(&reason) {
            problems.push(reason);
        }
    };
    let names: Vec<_> = settings
        .environments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    if names.len() < 2 {
        problem(
            "environments",
            format!(
                "at least 2 environments are required, {} given",
                names.len()
            ),
        );
    }
    for (place, name) in names.iter().enumerate() {
        if let Err(message) = environment(name) {
            problem("environments", message);
        } else if names.iter().take(place).any(|other| other == name) {
            problem(
                "environments",
                format!("environment `{name}` is listed twice"),
            );
        }
    }
    if let Some(name) = ambiguous(&names) {
        problem(
            "environments",
            format!(
                "the tags of environment `{name}` would read as load test tags of the first one"
            ),
        );
    }
    for environment in &settings.environments {
        let name = &environment.name;
        for (setting, value) in [
            ("convergence-rounds", environment.convergence_rounds),
            ("min-nodes", environment.min_nodes),
            ("approval-lasts", environment.approval_lasts),
        ] {
            if value == 0 {
                problem(
                    setting,
                    format!("`{setting}` of environment `{name}` must be at least 1"),
                );
            }
        }
        let mut known: Vec<&str> = Vec::new();
        for test in &environment.load_tests {
            if known.contains(&test.name.as_str()) {
                problem(
                    "load-tests",
                    format!(
                        "load test `{}` of environment `{name}` is listed twice",
                        test.name
                    ),
                );
            }
            known.push(&test.name);
            let by_name = test.by_name.iter().map(|it| &it.thresholds);
            for thresholds in by_name.chain([&test.thresholds]) {
                for (setting, message) in thresholds_problems(thresholds) {
                    problem(setting, message);
                }
            }
        }
    }
    for environment in &settings.environments {
        if let Some(watch) = &environment.watch {
            for (setting, message) in watch::problems(watch, &environment.name) {
                problem(setting, message);
            }
        }
    }
    if settings.poll_interval == 0 {
        problem(
            "poll-interval",
            "`poll-interval` must be at least 1 second".to_owned(),
        );
    }
    problems
}

/// Lists the thresholds that can't be used, each with a sentence. Infinity can never be reached or exceeded; like NaN
/// it is a mistake in a configuration file.
fn thresholds_problems(thresholds: &Thresholds) -> Vec<(&'static str, String)> {
    let numbers = [
        (
            "min-rate",
            thresholds.min_rate,
            "number of requests per second",
        ),
        ("max-mean", thresholds.max_mean, "number of milliseconds"),
        ("max-increase", thresholds.max_increase, "number"),
        ("max-failure-share", thresholds.max_failure_share, "number"),
    ];
    let mut problems = Vec::new();
    for (setting, value, of) in numbers {
        let is_share = setting == "max-failure-share";
        let Some(value) = value else { continue };
        if !value.is_finite() || value < 0.0 || (is_share && value > 1.0) {
            let limit = if is_share {
                "from 0 to 1"
            } else {
                "at least 0"
            };
            problems.push((setting, format!("`{setting}` must be a {of}, {limit}")));
        }
    }
    problems
}

/// Finds an environment whose name is the beginning of a load test tag of the first environment, so that
/// one tag would have two meanings.
fn ambiguous<'a>(names: &[&'a str]) -> Option<&'a str> {
    let (first, others) = names.split_first()?;
    others.iter().copied().find(|name| {
        // Most names begin otherwise; only for the others the tags are made.
        name.starts_with(first)
            && action::ALL
                .iter()
                .any(|action| action::with_task(first, *action) == *name)
    })
}

#[cfg(test)]
mod tests {
    use super::{environment, is_commit, problems};
    use crate::bindings::types::Settings;
    use crate::fixtures::{self, settings};

    fn first(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = settings();
        change(&mut settings);
        let problems = problems(&settings);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].code, "settings-invalid");
        problems[0].message.clone()
    }

    #[test]
    fn commits_are_full_lowercase_hashes() {
        assert!(is_commit(&"a".repeat(40)));
        assert!(is_commit(&"0123456789abcdef".repeat(4)));
        for wrong in ["", "latest", "abc1234", &"A".repeat(40), &"g".repeat(40)] {
            assert!(!is_commit(wrong), "{wrong}");
        }
        assert!(!is_commit(&"a".repeat(41)));
        assert!(!is_commit(&format!("{}\n", "a".repeat(39))));
    }

    #[test]
    fn names_of_environments_are_checked_by_one_rule() {
        for name in ["stage", "pre-prod", "9", "a--b-", &"x".repeat(48)] {
            assert_eq!(environment(name), Ok(()), "{name}");
        }
        for (name, expected) in [
            ("", "the name of an environment is empty"),
            ("-a", "the name of environment `-a` begins with a hyphen"),
            ("Prod", "contains 'P'; only lowercase letters"),
            ("a_b", "contains '_'"),
            ("a b", "contains ' '"),
            ("a\n", "environment \"a\\n\" contains '\\n'"),
            ("ä", "contains 'ä'"),
            (&"x".repeat(49), "has 49 characters; at most 48 are allowed"),
        ] {
            let message = environment(name).expect_err(name);
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn usable_settings_have_no_problem() {
        assert_eq!(problems(&settings()), []);
    }

    #[test]
    fn environments_must_be_two_different_names() {
        let named = |names: &'static [&str]| {
            first(|s| {
                s.environments = names
                    .iter()
                    .map(|name| fixtures::environment(name))
                    .collect();
            })
        };
        assert_eq!(named(&[]), "at least 2 environments are required, 0 given");
        assert_eq!(
            named(&["prod"]),
            "at least 2 environments are required, 1 given"
        );
        assert_eq!(named(&["stage", ""]), "the name of an environment is empty");
        assert_eq!(named(&["", "", "a"]), "the name of an environment is empty");
        assert_eq!(named(&["a", "b", "a"]), "environment `a` is listed twice");
        assert_eq!(
            named(&["stage", "stage-loadtest-abort"]),
            "the tags of environment `stage-loadtest-abort` would read as load test tags of the first one"
        );
    }

    #[test]
    fn numbers_must_make_sense() {
        assert_eq!(
            first(|s| s.environments[0].convergence_rounds = 0),
            "`convergence-rounds` of environment `stage` must be at least 1"
        );
        assert_eq!(
            first(|s| s.poll_interval = 0),
            "`poll-interval` must be at least 1 second"
        );
        for rate in [f64::NAN, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                first(|s| s.environments[0].load_tests[0].thresholds.min_rate = Some(rate)),
                "`min-rate` must be a number of requests per second, at least 0"
            );
        }
    }

    #[test]
    fn all_problems_are_listed_at_once() {
        let mut settings = settings();
        settings.environments.truncate(1);
        settings.environments[0].convergence_rounds = 0;
        assert_eq!(problems(&settings).len(), 2);
    }
}
