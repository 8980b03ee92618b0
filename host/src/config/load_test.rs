//! `[load-test]` or `[[load-test]]`: the tables, their rules, and the load tests of each environment.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::thresholds::{self, NamedThresholdsTable, ThresholdsTable};
use super::values::{self, Span, Wrong};
use crate::contract::settings::{self, LOAD_TEST};
use crate::contract::types::{EnvironmentSettings, LoadTestSettings};
use crate::facts::load_test::{Format, REQUESTS};

/// The load tests of the file: one table, or a list of tables.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadTests {
    pub(super) tables: Vec<LoadTestTable>,
    /// Whether the file has a list.
    is_list: bool,
}

#[cfg(test)]
impl schemars::JsonSchema for LoadTests {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LoadTests".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = generator.subschema_for::<LoadTestTable>();
        schemars::json_schema!({
            "description": "One load test, or a list of them.",
            "anyOf": [table, { "type": "array", "items": table }],
        })
    }
}

impl<'de> Deserialize<'de> for LoadTests {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TablesReader)
    }
}

struct TablesReader;

impl<'de> Visitor<'de> for TablesReader {
    type Value = LoadTests;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table, or a list of tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LoadTests, A::Error> {
        Ok(LoadTests {
            tables: vec![LoadTestTable::deserialize(MapAccessDeserializer::new(map))?],
            is_list: false,
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<LoadTests, A::Error> {
        Ok(LoadTests {
            tables: Vec::deserialize(SeqAccessDeserializer::new(list))?,
            is_list: true,
        })
    }
}

/// How a load test runs.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoadTestTable {
    /// Its name; `load-test` unless set. Two load tests can't have the same name.
    #[cfg_attr(test, schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,47}$")))]
    #[serde(default = "default_name")]
    pub name: String,
    /// The names of the environments in which it runs; the first environment unless set.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub environments: Option<Vec<String>>,
    /// The command that runs it: a program and its arguments, run in the folder of the configuration
    /// without a shell.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub command: Vec<String>,
    /// How long the command may run; 1h unless set.
    #[serde(default = "an_hour")]
    pub time_limit: Span,
    /// The command that ends what the load test started elsewhere, such as a swarm in a cluster. It runs before an
    /// interrupted load test is repeated, and after a canceled one.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub cleanup: Option<Vec<String>>,
    /// Whether an interrupted load test may be repeated; true unless set.
    #[serde(default = "yes")]
    pub repeatable: bool,
    /// The tool that writes the results.
    pub format: Format,
    /// The JSON file with the results. A relative path starts in the folder of the run, `GREENLIGHT_FOLDER`. If the file is
    /// missing there, the path starts in the folder of the configuration. The same is true for the other files.
    pub results: PathBuf,
    /// Locust's `stats_history.csv`, for the curves.
    pub history: Option<PathBuf>,
    /// Locust's `stats.csv`, which is read if the JSON file is missing.
    pub stats: Option<PathBuf>,
    /// Locust's `exceptions.csv`.
    pub exceptions: Option<PathBuf>,
    /// k6: the metrics that count as requests; `http_reqs` unless set. A test without HTTP needs other metrics:
    /// `grpc_req_duration`, `ws_sessions`, `browser_http_req_duration`, `iterations`, or a metric of the script.
    #[cfg_attr(test, schemars(length(min = 1)))]
    #[serde(default = "http_requests")]
    pub requests: Vec<String>,
    /// The exit statuses that mean that the command succeeded; only 0 unless set. Locust ends with 1 if any request
    /// failed, even if `max-failures` allows the failures: add 1, or run Locust with `--exit-code-on-error 0`.
    #[cfg_attr(test, schemars(length(min = 1)))]
    #[serde(default = "zero")]
    pub success_exit_status: Vec<i32>,
    /// What all requests together must reach to pass.
    #[serde(default)]
    pub thresholds: ThresholdsTable,
    /// What the requests of one name must reach in addition.
    #[serde(default)]
    pub threshold: Vec<NamedThresholdsTable>,
}

impl LoadTestTable {
    /// The built-in load test, in place of the one with this name.
    pub fn built_in(
        name: &str,
        environments: Vec<String>,
        command: Vec<String>,
        format: Format,
        (results, history): (PathBuf, PathBuf),
    ) -> Self {
        Self {
            name: name.to_owned(),
            environments: Some(environments),
            command,
            time_limit: Span::of(60),
            cleanup: None,
            repeatable: true,
            format,
            results,
            history: Some(history),
            stats: None,
            exceptions: None,
            requests: http_requests(),
            success_exit_status: zero(),
            thresholds: ThresholdsTable::default(),
            threshold: Vec::new(),
        }
    }

    /// Whether it runs in an environment, the first one or another one.
    pub(super) fn is_in(&self, environment: &str, is_first: bool) -> bool {
        match &self.environments {
            Some(names) => names.iter().any(|it| it == environment),
            None => is_first,
        }
    }

    /// Its settings as the contract has them.
    pub(super) fn contract(&self) -> LoadTestSettings {
        LoadTestSettings {
            name: self.name.clone(),
            thresholds: self.thresholds.contract(),
            by_name: self
                .threshold
                .iter()
                .map(NamedThresholdsTable::contract)
                .collect(),
        }
    }
}

fn default_name() -> String {
    LOAD_TEST.to_owned()
}

fn http_requests() -> Vec<String> {
    vec![REQUESTS.to_owned()]
}

fn zero() -> Vec<i32> {
    vec![0]
}

const fn an_hour() -> Span {
    Span::of(60 * 60)
}

const fn yes() -> bool {
    true
}

/// Gives each environment the load tests of the file that run in it, in the order of the file. Without load tests in the
/// file, the first environment has one with default thresholds.
pub(super) fn assign(tests: &[LoadTestTable], environments: &mut [EnvironmentSettings]) {
    for (place, environment) in environments.iter_mut().enumerate() {
        let tests = tests.iter();
        let own = tests.filter(|it| it.is_in(&environment.name, place == 0));
        environment.load_tests = own.map(LoadTestTable::contract).collect();
    }
    if let Some(first) = environments.first_mut().filter(|_| tests.is_empty()) {
        first.load_tests = vec![settings::load_test(LOAD_TEST)];
    }
}

impl LoadTests {
    /// Checks the rules that the types of the tables do not express. `environments` are those of the settings.
    pub(super) fn check(&self, environments: &[EnvironmentSettings]) -> Result<(), Wrong> {
        for (place, test) in self.tables.iter().enumerate() {
            let at = self.at(place);
            check(&at, test)?;
            let key = |key: &str| format!("{at}.{key}");
            if !values::is_name(&test.name) {
                return Err(Wrong::new(
                    key("name"),
                    format!("is not the name of a load test: `{}`", test.name),
                    values::NAME_HELP,
                ));
            }
            if self.tables[..place].iter().any(|it| it.name == test.name) {
                return Err(Wrong::new(
                    key("name"),
                    format!("is used twice: `{}`", test.name),
                    "give each load test a `name` of its own; without the key, the name is `load-test`",
                ));
            }
            for (index, name) in test.environments.iter().flatten().enumerate() {
                check_environment(&key("environments"), (index, name), test, environments)?;
            }
            thresholds::check(&at, &test.thresholds, &test.threshold)?;
        }
        Ok(())
    }

    /// The path of a table.
    pub(super) fn at(&self, place: usize) -> String {
        if self.is_list {
            format!("load-test.{place}")
        } else {
            "load-test".to_owned()
        }
    }
}

/// Checks a name in the list of environments of a load test. `at` is the path of the list.
fn check_environment(
    at: &str,
    (index, name): (usize, &String),
    test: &LoadTestTable,
    environments: &[EnvironmentSettings],
) -> Result<(), Wrong> {
    let key = format!("{at}.{index}");
    if !environments.iter().any(|it| it.name == *name) {
        let known: Vec<_> = environments
            .iter()
            .map(|it| format!("`{}`", it.name))
            .collect();
        return Err(Wrong::new(
            key,
            format!("names an environment that is not configured: `{name}`"),
            format!("use one of {}", known.join(", ")),
        ));
    }
    let before = test.environments.iter().flatten().take(index);
    if before.into_iter().any(|it| it == name) {
        return Err(Wrong::new(
            key,
            format!("names an environment twice: `{name}`"),
            "remove one of them",
        ));
    }
    Ok(())
}

fn check(at: &str, test: &LoadTestTable) -> Result<(), Wrong> {
    let key = |key: &str| format!("{at}.{key}");
    values::command(&key("command"), &test.command)?;
    if let Some(cleanup) = &test.cleanup {
        values::command(&key("cleanup"), cleanup)?;
    }
    values::positive(&key("time-limit"), test.time_limit, "1h")?;
    if test.requests.is_empty() {
        return Err(Wrong::new(
            key("requests"),
            "is empty",
            "list the metrics that count as requests, or remove the key to count `http_reqs`",
        ));
    }
    if test.environments.as_ref().is_some_and(Vec::is_empty) {
        return Err(Wrong::new(
            key("environments"),
            "is empty",
            "list the environments in which the load test runs, or remove the key for the first one",
        ));
    }
    if !test.success_exit_status.contains(&0) {
        return Err(Wrong::new(
            key("success-exit-status"),
            "does not contain 0, so a load test that exits with 0 would be neither a success nor a failure",
            "add 0: `success-exit-status = [0, 1]`",
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "load_test_tests.rs"]
mod tests;
