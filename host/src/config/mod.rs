//! `greenlight.toml`: the settings of a team, and how its deployments run.
//!
//! Settings of the policy are passed to it unchanged; commands, addresses and paths are used by the host. An
//! unknown key is an error that suggests the nearest known key, because a misspelled key would have no effect.
//! `host/schemas/config.json` describes the file.
//!
//! - `find` locates the file; `resolved` applies the precedence: flag, variable, file, default.
//! - `file`, `environment`, `load_test`, `thresholds`, `step`, `metrics`, `watch`, `policy`, `facts`,
//!   `messages`, `tls`, `serve` and `server` are the tables, `values` the checks that they share, `rules` those of the settings that are passed to the policy.
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
mod metrics;
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
mod watch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contract::settings;
use crate::contract::types::Settings;
use crate::error::Error;
use crate::journal::Location;
use crate::server_settings::MetricsSettings;
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
pub use watch::Metric;

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
    /// The metrics server that environments are watched with.
    pub metrics: Option<MetricsSettings>,
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
        let metrics = file.metrics.map(|it| it.checked(base)).transpose()?;
        metrics::check(metrics.as_ref(), &settings.environments)?;
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
            metrics,
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
mod tests;
