//! `[facts]`: what the policy is told about a release besides what the contract has fields for.

use std::time::Duration;

use serde::Deserialize;

use super::values::{self, Span, Wrong};

/// What the policy is told about a release besides its tag, its digest and its history. With this table, the bundled
/// policy is told facts of git and of the CI system, too.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FactsTable {
    /// A command that prints a JSON object, in which each key is the name of a fact: a program and its arguments, run in
    /// the folder of the configuration without a shell.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub command: Option<Vec<String>>,
    /// How long the command may run; 1m unless set.
    #[serde(default = "one_minute")]
    pub time_limit: Span,
}

const fn one_minute() -> Span {
    Span::of(60)
}

/// Where facts come from, apart from git, the CI system and the command line.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The command that prints facts, as an argument list.
    pub command: Option<Vec<String>>,
    /// How long the command may run.
    pub time_limit: Duration,
}

impl FactsTable {
    pub(super) fn checked(self) -> Result<Facts, Wrong> {
        if let Some(command) = &self.command {
            values::command("facts.command", command)?;
        }
        values::positive("facts.time-limit", self.time_limit, "1m")?;
        Ok(Facts {
            command: self.command,
            time_limit: self.time_limit.duration(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use crate::config::Config;

    fn parse(text: &str) -> Result<Config, crate::error::Error> {
        Config::parse(text, Path::new("/srv"))
    }

    #[test]
    fn the_command_and_its_time_limit_are_read() {
        let config = parse("[facts]\ncommand = [\"./facts\", \"-v\"]\ntime-limit = \"5s\"\n");
        let facts = config.expect("a configuration").facts.expect("facts");
        assert_eq!(facts.command.expect("a command"), ["./facts", "-v"]);
        assert_eq!(facts.time_limit, Duration::from_secs(5));
        let facts = parse("[facts]\n").expect("a configuration").facts;
        assert_eq!(facts.expect("facts").time_limit, Duration::from_mins(1));
        assert!(parse("").expect("a configuration").facts.is_none());
    }

    #[test]
    fn invalid_tables_are_refused() {
        for (table, said) in [
            (
                "command = []",
                "line 2: `facts.command` is an empty command",
            ),
            (
                "time-limit = \"0s\"",
                "line 2: `facts.time-limit` must be greater than 0",
            ),
        ] {
            let error = parse(&format!("[facts]\n{table}\n")).expect_err(said);
            assert!(error.message.starts_with(said), "{}", error.message);
        }
    }
}
