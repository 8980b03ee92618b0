//! `greenlight.toml`: the settings of a team, and how its deployments run.
//!
//! Settings of the policy are passed to it unchanged; commands, addresses and paths are used by the host. An
//! unknown key is an error that suggests the nearest known key, because a misspelled key would have no effect.
//! `host/schemas/config.json` describes the file.
//!
//! - `find` locates the file; `resolved` applies the precedence: flag, variable, file, default.
//! - `file`, `environment`, `load_test`, `thresholds`, `step`, `policy`, `facts`, `messages`, `tls`, `serve` and `server` are
//!   the tables, `values` the checks that they share, `rules` those of the settings that are passed to the policy.
//! - `places` finds the line of a key for messages, `shown` lists every setting with its source.

mod approver;
mod discover;
mod environment;
mod facts;
mod file;
mod find;
#[cfg(test)]
pub(crate) use find::named;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod load_test;
mod messages;
mod places;
mod policy;
pub mod resolved;
mod rules;
mod secret_variables;
mod serve;
pub mod server;
pub mod shown;
mod step;
mod thresholds;
mod tls;
mod values;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contract::settings;
use crate::contract::types::Settings;
use crate::error::Error;
use crate::journal::Location;
use crate::window::Window;
use places::Places;
use tls::Base;
use values::Wrong;

pub use environment::Environment;
pub use facts::Facts;
pub use file::Labels;
pub use load_test::LoadTestTable as LoadTest;
pub use messages::{ReportUrl, Slack};
pub use policy::PolicyFile;
pub use serve::Serve;
pub use step::Step;

/// The JSON Schema of the file.
#[cfg(test)]
pub(crate) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<file::File>()
}

/// The name of the file.
pub const FILE: &str = "greenlight.toml";

/// The configuration, with defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the file: commands run in it, and paths start from it.
    pub folder: PathBuf,
    /// The settings that are passed to the policy.
    pub settings: Settings,
    /// How each environment is deployed to, in order.
    pub environments: Vec<Environment>,
    /// How each load test runs.
    pub load_tests: Vec<LoadTest>,
    /// When deployments may begin.
    pub windows: Vec<Window>,
    /// How each step runs.
    pub steps: Vec<Step>,
    /// Where facts come from, apart from git, the CI system and the command line.
    pub facts: Option<Facts>,
    /// Whose labels count.
    pub labels: Labels,
    /// Which policy decides, unless it is the bundled one.
    pub policy: Option<PolicyFile>,
    /// How messages to people are sent.
    pub slack: Option<Slack>,
    /// The URL of reports, for links in messages.
    pub report_url: Option<ReportUrl>,
    /// Where the journal is: a path, or the URL of a database.
    pub journal: String,
    /// The folder for logs and results.
    pub records: PathBuf,
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// The settings of `greenlight serve`, if the file has the table.
    pub serve: Option<Serve>,
}

impl Config {
    /// Parses the file that was found.
    fn read(found: &find::Found) -> Result<Self, Error> {
        let path = found.path.display();
        Self::parse(&found.text, found.folder())
            .map_err(|error| error.within(format_args!("failed to read `{path}`")))
    }

    /// Parses the text of a file in a folder.
    ///
    /// # Errors
    ///
    /// A message with the line and the key of the wrong value, and a help text.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Error> {
        let file: file::File =
            toml::from_str(text).map_err(|error| places::explained(&error, text))?;
        Self::filled(file, folder).map_err(|wrong| {
            let key = places::shown(&wrong.key);
            let line = Places::of(text).line(&wrong.key);
            let line = line.map_or_else(String::new, |line| format!("line {line}: "));
            Error::new(format!("{line}`{key}` {}", wrong.why), wrong.help)
        })
    }

    fn filled(file: file::File, folder: &Path) -> Result<Self, Wrong> {
        let mut settings = settings::defaults();
        let labels = file.release.labels;
        file.release.apply(&mut settings)?;
        // A file may leave out the environments; they have the default names then.
        if !file.environment.is_empty() {
            settings.environments.clear();
        }
        let steps = step::checked(file.step)?;
        let trust = file.tls.checked(folder)?;
        let base = Base {
            folder,
            trust: &trust,
        };
        let mut environments = Vec::new();
        for (place, table) in file.environment.into_iter().enumerate() {
            let at = format!("environment.{place}");
            let (agreed, environment) = environment::environment(&at, table, base)?;
            step::check_lists(&at, &agreed, &steps)?;
            settings.environments.push(agreed);
            environments.push(environment);
        }
        rules::check(&settings)?;
        file.load_test.check(&settings.environments)?;
        let load_tests = file.load_test.tables;
        load_test::assign(&load_tests, &mut settings.environments);
        let windows = rules::windows(file.window, &settings)?;
        let policy = file.policy.component(folder)?;
        settings.parameters = file.policy.parameters()?;
        values::positive("journal.lease", file.journal.lease, "30s")?;
        let records = folder.join(file.journal.folder.unwrap_or_else(|| RECORDS.into()));
        let journal = match file.journal.location {
            Some(location) => match location.parse() {
                Ok(Location::File(path)) => folder.join(path).to_string_lossy().into_owned(),
                Ok(Location::Postgres(_)) => location,
                Err(why) => {
                    return Err(Wrong::new(
                        "journal.location",
                        format!("can't be used: {why}"),
                        "write a path, or `postgres://USER@HOST/DATABASE`",
                    ));
                }
            },
            None => records.join("journal.db").to_string_lossy().into_owned(),
        };
        let mut config = Self {
            folder: folder.to_owned(),
            settings,
            environments,
            load_tests,
            windows,
            steps,
            facts: file.facts.map(facts::FactsTable::checked).transpose()?,
            labels,
            policy,
            slack: file.slack.map(|it| it.checked(base)).transpose()?,
            report_url: file.report.checked()?,
            journal,
            records,
            lease: file.journal.lease.duration(),
            serve: file.serve.map(|it| it.checked(base)).transpose()?,
        };
        config.withhold();
        Ok(config)
    }

    /// Whether the file is for commands that deploy on this machine: it describes an environment, or how `serve`
    /// starts deployments here.
    pub fn deploys(&self) -> bool {
        let serves_here = |it: &Serve| it.elsewhere.is_none();
        !self.environments.is_empty() || self.serve.as_ref().is_some_and(serves_here)
    }

    /// The environment of a name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|it| it.name == name)
    }

    /// The load test of a name, if it runs in an environment of this name.
    pub fn load_test(&self, environment: &str, name: &str) -> Option<&LoadTest> {
        let first = self.settings.environments.first();
        let is_first = first.is_some_and(|it| it.name == environment);
        let mut tests = self.load_tests.iter();
        tests.find(|it| it.name == name && it.is_in(environment, is_first))
    }

    /// The step of a name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|it| it.name == name)
    }
}

/// The default folder for the journal, logs and results.
const RECORDS: &str = ".greenlight";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::history::MOST_NODES;

    const LEAST: &str = r#"
        [[environment]]
        name = "stage"
        deploy = ["./deploy", "stage"]
        nodes = ["http://127.0.0.1:8001"]

        [[environment]]
        name = "prod"
        deploy = ["./deploy", "prod"]
        nodes = ["http://127.0.0.1:8002"]
    "#;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, Path::new("/srv"))
    }

    fn refused(text: &str, said: &str) {
        let Error { message, help, .. } = parse(text).expect_err(said);
        assert!(message.contains(said) && !help.is_empty(), "{message}");
    }

    #[test]
    fn missing_keys_have_defaults() {
        let config = parse(LEAST).expect("a configuration");
        assert_eq!(config.settings, settings::defaults());
        assert_eq!(config.records, Path::new("/srv/.greenlight"));
        assert_eq!(config.journal, "/srv/.greenlight/journal.db");
        assert_eq!(config.environments[0].time_limit, Duration::from_mins(15));
        assert!(!config.environments[0].repeatable);
        assert!(config.load_tests.is_empty() && config.slack.is_none());
    }

    #[test]
    fn every_key_is_read() {
        let text = include_str!("../../../tests/cases/greenlight.toml");
        let config = parse(text).expect("a configuration");
        let settings = &config.settings;
        let stage = &settings.environments[0];
        assert!(stage.convergence_rounds == 3 && stage.convergence_deadline == 300);
        let prod = &settings.environments[1];
        assert_eq!((prod.approvals, prod.approval_lasts), (2, 8 * 60 * 60));
        assert!(prod.author_may_approve && stage.approvals == 0 && settings.poll_interval == 5);
        assert_eq!(settings.deadline, Some(24 * 60 * 60));
        let thresholds = &settings.environments[0].load_tests[0].thresholds;
        assert_eq!(thresholds.max_p95, Some(800));
        assert_eq!(thresholds.min_duration, Some(60));
        let load = config.load_test("stage", "load-test").expect("a load test");
        assert_eq!(load.time_limit.duration(), Duration::from_mins(30));
    }

    #[test]
    fn a_misspelled_key_is_refused_with_the_nearest_key() {
        let error = parse(&LEAST.replace("nodes", "node")).expect_err("a typing error");
        let (why, help) = (error.message, error.help);
        assert!(why.contains("line 5") && why.contains("`node`"), "{why}");
        assert_eq!(help, "did you mean `nodes`?");
        let help = parse("[[enviroment]]").expect_err("a typing error").help;
        assert_eq!(help, "did you mean `environment`?");
    }

    #[test]
    fn invalid_values_are_refused() {
        for (text, said) in [
            (
                LEAST.replace("stage\"\n", "Stage\"\n"),
                "line 3: `environment.name` is not the name of an environment: `Stage`",
            ),
            (
                LEAST.replace("\"prod\"\n", "\"stage\"\n"),
                "line 8: `environment.name` is used twice: `stage`",
            ),
            (
                format!("{LEAST}\nconvergence-rounds = 0"),
                "`environment.convergence-rounds` must be greater than 0",
            ),
            (
                format!("{LEAST}\napproval-lasts = \"0s\""),
                "line 12: `environment.approval-lasts` must be greater than 0",
            ),
            (
                format!("{LEAST}\n[release]\npoll-interval = \"0s\""),
                "`release.poll-interval` must be greater than 0",
            ),
            (
                format!("{LEAST}\n[release]\ndeadline = \"0s\""),
                "`release.deadline` must be greater than 0",
            ),
            (
                LEAST.replace(r#"["./deploy", "stage"]"#, "[]"),
                "line 4: `environment.deploy` is an empty command",
            ),
            (
                format!("{LEAST}\ndeploy-cleanup = []"),
                "`environment.deploy-cleanup` is an empty command",
            ),
            (
                LEAST.replace(r#"["./deploy", "stage"]"#, r#""./deploy stage""#),
                "`environment.deploy`: expected a list, not",
            ),
            (
                format!("{LEAST}\nnode-time-limit = \"0s\""),
                "`environment.node-time-limit` must be greater than 0",
            ),
            (
                format!(
                    "{LEAST}\n[load-test]\ncommand = [\"x\"]\nformat = \"k6\"\nresults = \"x\"\n\
                     time-limit = \"0s\""
                ),
                "`load-test.time-limit` must be greater than 0",
            ),
            (
                format!(
                    "{LEAST}\n[load-test]\ncommand = [\"x\"]\nformat = \"k6\"\nresults = \"x\"\n\
                     success-exit-status = [1]"
                ),
                "`load-test.success-exit-status` does not contain 0",
            ),
            (
                format!("{LEAST}\n[journal]\nlease = \"0s\""),
                "`journal.lease` must be greater than 0",
            ),
            (
                format!("{LEAST}\n[slack]"),
                "`slack` needs either `url-variable` or `url-file`",
            ),
            (
                format!("{LEAST}\n[policy]\nfile = \"p.wasm\"\ndigest = \"x\""),
                "64 lowercase",
            ),
            (
                format!("{LEAST}\n[journal]\nlease = \"soon\""),
                "`journal.lease`: `soon` is not a duration",
            ),
            (
                format!("{LEAST}\n[journal]\nlease = \"-3s\""),
                "`journal.lease`: `-3s` is not a duration",
            ),
        ] {
            refused(&text, said);
        }
    }

    #[test]
    fn invalid_nodes_are_refused() {
        for (text, said) in [
            (
                LEAST.replace(r#"["http://127.0.0.1:8002"]"#, "[]"),
                "line 10: `environment.nodes` is missing or empty for `prod`",
            ),
            (
                LEAST.replace("http://127.0.0.1:8002", "www.example.org"),
                "line 10: `environment.nodes` has a node that is not a URL: `www.example.org`",
            ),
            (
                LEAST.replace("http://127.0.0.1:8002", "http://ada:hush@127.0.0.1:8002"),
                "line 10: `environment.nodes` has a node with a user or a password",
            ),
            (
                LEAST.replace(
                    r#""http://127.0.0.1:8002""#,
                    &r#""http://127.0.0.1:8002","#.repeat(MOST_NODES + 1),
                ),
                "more than 500 nodes for `prod`",
            ),
        ] {
            refused(&text, said);
        }
    }
}
