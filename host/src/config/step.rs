//! `[[step]]`: commands that run before or after the deployment to an environment, and the lists that name them.

use std::time::Duration;

use serde::Deserialize;

use super::values::{self, Span, Wrong};
use crate::contract::types::EnvironmentSettings;

/// A command that runs before the deployment to an environment, or after it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct StepTable {
    /// Its name, which the `before` and `after` lists of environments contain.
    #[cfg_attr(test, schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,47}$")))]
    pub name: String,
    /// The command: a program and its arguments, run in the folder of the configuration without a shell.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub command: Vec<String>,
    /// How long the command may run; 15m unless set.
    #[serde(default = "fifteen_minutes")]
    pub time_limit: Span,
    /// Whether an interrupted step may be repeated; false unless set.
    #[serde(default)]
    pub repeatable: bool,
    /// The command that ends what the step started on other machines, such as a job in a cluster. It runs before an
    /// interrupted step is repeated, and after a canceled one.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub cleanup: Option<Vec<String>>,
}

const fn fifteen_minutes() -> Span {
    Span::of(15 * 60)
}

/// How a step runs.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// The command, as an argument list.
    pub command: Vec<String>,
    /// How long the command may run.
    pub time_limit: Duration,
    /// Whether an interrupted step may be repeated.
    pub repeatable: bool,
    /// The command that ends what the step started on other machines, as an argument list.
    pub cleanup: Option<Vec<String>>,
}

/// Checks the tables of all steps.
pub(super) fn checked(tables: Vec<StepTable>) -> Result<Vec<Step>, Wrong> {
    let mut steps: Vec<Step> = Vec::new();
    for (place, table) in tables.into_iter().enumerate() {
        let key = |name: &str| format!("step.{place}.{name}");
        if !values::is_name(&table.name) {
            return Err(Wrong::new(
                key("name"),
                format!("is not the name of a step: `{}`", table.name),
                values::NAME_HELP,
            ));
        }
        if steps.iter().any(|it| it.name == table.name) {
            return Err(Wrong::new(
                key("name"),
                format!("is used twice: `{}`", table.name),
                "give each step a name of its own",
            ));
        }
        values::command(&key("command"), &table.command)?;
        if let Some(cleanup) = &table.cleanup {
            values::command(&key("cleanup"), cleanup)?;
        }
        values::positive(&key("time-limit"), table.time_limit, "15m")?;
        steps.push(Step {
            name: table.name,
            command: table.command,
            time_limit: table.time_limit.duration(),
            repeatable: table.repeatable,
            cleanup: table.cleanup,
        });
    }
    Ok(steps)
}

/// Checks that a step has a table, for each name in the lists of an environment, and that no list names one twice.
/// `at` is the path of the environment's table.
pub(super) fn check_lists(
    at: &str,
    environment: &EnvironmentSettings,
    steps: &[Step],
) -> Result<(), Wrong> {
    for (list, names) in [
        ("before", &environment.before),
        ("after", &environment.after),
    ] {
        for (place, name) in names.iter().enumerate() {
            let key = || format!("{at}.{list}.{place}");
            if !steps.iter().any(|it| it.name == *name) {
                let known: Vec<_> = steps.iter().map(|it| format!("`{}`", it.name)).collect();
                let help = match known.as_slice() {
                    [] => "add a `[[step]]` table with its `name` and `command`".to_owned(),
                    known => format!(
                        "add a `[[step]]` table with this `name`, or use one of {}",
                        known.join(", ")
                    ),
                };
                return Err(Wrong::new(
                    key(),
                    format!("names a step that is not defined: `{name}`"),
                    help,
                ));
            }
            if names[..place].contains(name) {
                return Err(Wrong::new(
                    key(),
                    format!("names a step twice: `{name}`"),
                    "remove one of them; a step that has to run twice needs two `[[step]]` tables",
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use crate::config::Config;
    use crate::error::Error;

    const SHOP: &str = r#"
[[environment]]
name = "stage"
deploy = ["./deploy"]
nodes = ["http://127.0.0.1:8001"]
before = ["migrate"]
after = ["smoke", "migrate"]

[[environment]]
name = "prod"
deploy = ["./deploy"]
nodes = ["http://127.0.0.1:8002"]

[[step]]
name = "migrate"
command = ["./migrate"]

[[step]]
name = "smoke"
command = ["./smoke", "--all"]
time-limit = "90s"
repeatable = true
cleanup = ["./end-smoke"]
"#;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, Path::new("/srv"))
    }

    #[test]
    fn steps_and_their_lists_are_read() {
        let config = parse(SHOP).expect("a configuration");
        let stage = &config.settings.environments[0];
        assert_eq!(stage.before, ["migrate"]);
        assert_eq!(stage.after, ["smoke", "migrate"]);
        assert!(config.settings.environments[1].before.is_empty());
        let migrate = config.step("migrate").expect("a step");
        assert_eq!(migrate.time_limit, Duration::from_mins(15));
        assert!(!migrate.repeatable && migrate.cleanup.is_none());
        let smoke = config.step("smoke").expect("a step");
        assert_eq!(smoke.command, ["./smoke", "--all"]);
        assert_eq!(smoke.time_limit, Duration::from_secs(90));
        assert!(smoke.repeatable && smoke.cleanup.is_some());
        assert!(config.step("other").is_none());
    }

    #[test]
    fn a_step_that_no_list_names_is_valid() {
        let text = SHOP.replace("before = [\"migrate\"]\n", "");
        let text = text.replace("after = [\"smoke\", \"migrate\"]\n", "");
        let config = parse(&text).expect("a policy may ask for the steps");
        assert!(config.step("smoke").is_some());
    }

    #[test]
    fn invalid_steps_are_refused() {
        for (from, to, said) in [
            (
                "before = [\"migrate\"]",
                "before = [\"migrat\"]",
                "line 6: `environment.before` names a step that is not defined: `migrat`",
            ),
            (
                "[\"smoke\", \"migrate\"]",
                "[\"smoke\", \"smoke\"]",
                "line 7: `environment.after` names a step twice: `smoke`",
            ),
            (
                "name = \"smoke\"",
                "name = \"migrate\"",
                "line 19: `step.name` is used twice: `migrate`",
            ),
            (
                "name = \"smoke\"",
                "name = \"Smoke test\"",
                "line 19: `step.name` is not the name of a step: `Smoke test`",
            ),
            (
                "[\"./migrate\"]",
                "[]",
                "line 16: `step.command` is an empty command",
            ),
            (
                "[\"./end-smoke\"]",
                "[\"\"]",
                "line 23: `step.cleanup` is an empty command",
            ),
            (
                "\"90s\"",
                "\"0s\"",
                "line 21: `step.time-limit` must be greater than 0",
            ),
        ] {
            assert!(SHOP.contains(from), "{from}");
            let error = parse(&SHOP.replacen(from, to, 1)).expect_err(said);
            assert!(error.message.starts_with(said), "{}", error.message);
        }
        let error = parse(&SHOP.replace("repeatable", "repeat")).expect_err("a typing error");
        assert_eq!(error.help, "did you mean `repeatable`?");
    }
}
