//! Whether the settings can be used at all.

use crate::bindings::types::{Evidence, Reason, Settings};
use crate::reason::codes::SETTINGS_INVALID;

/// The longest name whose tags a registry takes: what is left of 128 bytes beside `-loadtest-abort-` and
/// a SHA-256 commit.
const LONGEST_NAME: usize = 128 - 16 - 64;

/// Names everything in the settings that keeps an answer from meaning anything; empty if they are
/// usable.
pub fn problems(settings: &Settings) -> Vec<Reason> {
    let mut problems = Vec::new();
    let mut problem = |setting: &str, message: String| {
        problems
            .push(Reason::new(SETTINGS_INVALID, message).on(Evidence::Setting(setting.to_owned())));
    };

    let environments: Vec<_> = settings.environments.iter().map(|it| &it.name).collect();
    if environments.len() < 2 {
        problem(
            "environments",
            format!(
                "at least 2 environments are needed, {} given",
                environments.len()
            ),
        );
    }
    let plain = |name: &str| {
        name.bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if let Some(name) = environments.iter().find(|name| !plain(name)) {
        problem(
            "environments",
            format!("environment {name:?} has more than lowercase letters, digits and hyphens"),
        );
    }
    if environments.iter().any(|name| name.len() > LONGEST_NAME) {
        problem(
            "environments",
            format!("an environment has at most {LONGEST_NAME} letters, or its tags are too long"),
        );
    }
    if settings.poll_interval == 0 {
        problem(
            "poll-interval",
            "at least 1 second has to pass before asking again".to_owned(),
        );
    }
    if environments.iter().any(|name| name.is_empty()) {
        problem("environments", "an environment has no name".to_owned());
    }
    let twice = environments.iter().enumerate().find(|(place, name)| {
        !name.is_empty() && environments.iter().take(*place).any(|other| other == *name)
    });
    if let Some((_, name)) = twice {
        problem(
            "environments",
            format!("environment `{name}` is named twice"),
        );
    }
    if let Some(hasty) = settings
        .environments
        .iter()
        .find(|it| it.convergence_rounds == 0)
    {
        problem(
            "convergence-rounds",
            format!(
                "at least 1 round is needed to see that `{}` has converged",
                hasty.name
            ),
        );
    }
    // An infinite rate could never be reached; like NaN it is a slip in a configuration file.
    if settings
        .thresholds
        .min_rate
        .is_some_and(|rate| !rate.is_finite() || rate < 0.0)
    {
        problem(
            "min-rate",
            "the required rate is not a number of requests per second".to_owned(),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::problems;
    use crate::bindings::types::Settings;
    use crate::fixtures::{environment, settings};

    fn first(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = settings();
        change(&mut settings);
        let problems = problems(&settings);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].code, "settings-invalid");
        problems[0].message.clone()
    }

    #[test]
    fn usable_settings_have_no_problem() {
        assert_eq!(problems(&settings()), []);
    }

    #[test]
    fn environments_must_be_two_different_names() {
        let named = |names: &'static [&str]| {
            first(|s| s.environments = names.iter().map(|name| environment(name)).collect())
        };
        assert_eq!(named(&[]), "at least 2 environments are needed, 0 given");
        assert_eq!(
            named(&["prod"]),
            "at least 2 environments are needed, 1 given"
        );
        assert_eq!(named(&["stage", ""]), "an environment has no name");
        assert_eq!(named(&["", "", "a"]), "an environment has no name");
        assert_eq!(named(&["a", "b", "a"]), "environment `a` is named twice");
    }

    #[test]
    fn numbers_must_make_sense() {
        assert!(first(|s| s.environments[0].convergence_rounds = 0).contains("at least 1 round"));
        for rate in [f64::NAN, -1.0, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(first(|s| s.thresholds.min_rate = Some(rate)).contains("not a number"));
        }
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let mut settings = settings();
        settings.environments.truncate(1);
        settings.environments[0].convergence_rounds = 0;
        assert_eq!(problems(&settings).len(), 2);
    }
}
