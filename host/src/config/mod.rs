//! `greenlight.toml`: what a team sets, and how its deployments are done.
//!
//! Settings are the policy's business and are handed to it as they are; commands, addresses and paths
//! are the host's. A key that is not known is refused with the nearest one that is: one with a typing
//! error would be a rule that nobody reads. Described by `host/schemas/config.json`.

mod duration;
mod file;
pub mod remote;
mod serve;
pub mod server;
mod unknown;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contract::history::MOST_NODES;
use crate::contract::settings;
use crate::contract::types::{EnvironmentSettings, Settings, Thresholds};
use crate::contract::validate::is_digest;
use crate::facts::Error;
use crate::http::is_url;

pub use file::{LoadTestTable as LoadTest, PolicyTable as Policy};
pub use serve::Serve;

/// The JSON Schema of the file.
#[cfg(test)]
pub(crate) fn schema(generator: schemars::SchemaGenerator) -> schemars::Schema {
    generator.into_root_schema_for::<file::File>()
}

/// The name of the file, in the folder where a deployment is started.
pub const FILE: &str = "greenlight.toml";

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// Everything that the file says, with the defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the file: commands run in it, and paths start from it.
    pub folder: PathBuf,
    /// What the policy is told.
    pub settings: Settings,
    /// How each environment is deployed to, in order.
    pub environments: Vec<Environment>,
    /// How the load test runs.
    pub load_test: Option<LoadTest>,
    /// Which policy decides, unless it is the bundled one.
    pub policy: Option<Policy>,
    /// Where the address of Slack's webhook is found.
    pub slack: Option<crate::secret::Source>,
    /// Where the journal is: a path, or the URL of a database.
    pub journal: String,
    /// The folder for logs and results.
    pub records: PathBuf,
    /// How long a lease holds without being renewed.
    pub lease: Duration,
    /// How registries' webhooks are taken in, if they are.
    pub serve: Option<Serve>,
}

/// How an environment is deployed to and asked.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The command that deploys, an argument list.
    pub deploy: Vec<String>,
    /// How long it may take.
    pub time_limit: Duration,
    /// Whether a deployment that was cut off may be done again.
    pub repeatable: bool,
    /// Base URLs of its nodes, which are their names, too.
    pub nodes: Vec<String>,
    /// How long a node may take to answer.
    pub node_time_limit: Duration,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it can't be read, is not TOML, has a key that is not known, or says what can't be meant.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display();
        let size = fs::metadata(path).map(|it| it.len());
        let text = match size {
            Ok(size) if size > LONGEST => {
                return Err(Error::new(
                    format!("`{name}` is longer than {} MiB", LONGEST >> 20),
                    "name the configuration, not a log or an image",
                ));
            }
            _ => fs::read_to_string(path).map_err(|error| {
                Error::new(
                    format!("failed to read the configuration from `{name}`: {error}"),
                    "write a `greenlight.toml`, name another file with `--config`, or try \
                     `greenlight run --local`, which needs none",
                )
            })?,
        };
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        Self::parse(&text, folder.unwrap_or(Path::new(".")))
            .map_err(|(why, help)| Error::new(format!("failed to read `{name}`: {why}"), help))
    }

    /// Reads the text of a file that stands in a folder.
    ///
    /// # Errors
    ///
    /// What is wrong, and what to do about it.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, (String, String)> {
        let file: file::File = toml::from_str(text).map_err(|error| unknown::explained(&error))?;
        Self::filled(file, folder)
    }

    fn filled(file: file::File, folder: &Path) -> Result<Self, (String, String)> {
        let wrong = |why: &str, help: &str| Err((why.to_owned(), help.to_owned()));
        let mut settings = settings::defaults();
        if let Some(branch) = file.release.publish_branch {
            settings.publish_branch = branch;
        }
        settings.required_jobs = file.release.required_jobs;
        if let Some(action) = file.release.default_action {
            settings.default_action = action.0;
        }
        if let Some(interval) = file.release.poll_interval {
            settings.poll_interval = interval.seconds();
        }
        if let Some(test) = &file.load_test {
            settings.thresholds = test.thresholds.contract();
        }
        settings.environments.clear();
        let mut environments = Vec::new();
        for table in file.environment {
            let (agreed, environment) = environment(table)?;
            settings.environments.push(agreed);
            environments.push(environment);
        }
        if let Some(test) = &file.load_test
            && test.command.first().is_none_or(String::is_empty)
        {
            return wrong(
                "`command` of the load test names no program",
                "write it as a list: the program, then its arguments",
            );
        }
        if file
            .load_test
            .as_ref()
            .is_some_and(|it| it.time_limit.seconds() == 0)
        {
            return wrong(
                "the time limit of the load test is 0",
                "leave it out for 1h, or write how long it may take",
            );
        }
        if let Some(policy) = &file.policy
            && !is_digest(&policy.digest)
        {
            return wrong(
                "the policy's `digest` is not `sha256:` and 64 lowercase hexadecimal digits",
                "take it from `greenlight policy inspect FILE`",
            );
        }
        if file.journal.lease.seconds() == 0 {
            return wrong(
                "a lease of 0 keeps nobody out",
                "leave it out for 30s, or write how long a crashed holder may block the next one",
            );
        }
        let slack = match file.slack {
            None => None,
            Some(table) => Some(table.source(folder).ok_or_else(|| {
                (
                    "`slack` needs either `url-variable` or `url-file`".to_owned(),
                    "name the variable or the file that holds the webhook's URL; the URL itself is \
                     a secret"
                        .to_owned(),
                )
            })?),
        };
        let records = folder.join(file.journal.folder.unwrap_or_else(|| ".greenlight".into()));
        let journal = match file.journal.location {
            Some(location) => location,
            None => records.join("journal.db").to_string_lossy().into_owned(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            settings,
            environments,
            load_test: file.load_test,
            policy: file.policy,
            slack,
            journal,
            records,
            lease: file.journal.lease.duration(),
            serve: file.serve.map(|it| it.checked(folder)).transpose()?,
        })
    }

    /// The environment of a name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|it| it.name == name)
    }
}

/// What the policy is told of an environment, and how it is deployed to.
fn environment(
    table: file::EnvironmentTable,
) -> Result<(EnvironmentSettings, Environment), (String, String)> {
    let wrong = |why: &str, help: &str| (why.to_owned(), help.to_owned());
    if table.deploy.first().is_none_or(String::is_empty) {
        return Err(wrong(
            &format!("`deploy` of environment `{}` names no program", table.name),
            "write it as a list: the program, then its arguments",
        ));
    }
    if table.nodes.is_empty() {
        return Err(wrong(
            &format!("environment `{}` has no `nodes`", table.name),
            "name the base URL of each node: what they answer on `/__version__` is the only \
             proof of a deployment",
        ));
    }
    if let Some(node) = table.nodes.iter().find(|it| !is_url(it)) {
        return Err(wrong(
            &format!("node `{node}` of environment `{}` is no URL", table.name),
            "write it with its scheme: `https://stage-1.example.org`",
        ));
    }
    if table.nodes.len() > MOST_NODES {
        return Err(wrong(
            &format!(
                "environment `{}` has more than {MOST_NODES} nodes",
                table.name
            ),
            "name some that stand for the others",
        ));
    }
    if table.deploy_time_limit.seconds() == 0 || table.node_time_limit.seconds() == 0 {
        return Err(wrong(
            &format!("a time limit of environment `{}` is 0", table.name),
            "leave it out for the default, or write how long it may take",
        ));
    }
    let defaults = settings::environment(&table.name);
    let agreed = EnvironmentSettings {
        convergence_rounds: table
            .convergence_rounds
            .unwrap_or(defaults.convergence_rounds),
        convergence_deadline: table
            .convergence_deadline
            .map_or(defaults.convergence_deadline, duration::Span::seconds),
        ..defaults
    };
    let environment = Environment {
        name: table.name,
        deploy: table.deploy,
        time_limit: table.deploy_time_limit.duration(),
        repeatable: table.deploy_repeatable,
        nodes: table.nodes,
        node_time_limit: table.node_time_limit.duration(),
    };
    Ok((agreed, environment))
}

impl file::ThresholdsTable {
    fn contract(&self) -> Thresholds {
        Thresholds {
            min_requests: self.min_requests,
            min_rate: self.min_rate,
            max_failures: self.max_failures,
            max_exceptions: self.max_exceptions,
            max_p95: self.max_p95,
            min_duration: self.min_duration.map(duration::Span::seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn parse(text: &str) -> Result<Config, (String, String)> {
        Config::parse(text, Path::new("/srv"))
    }

    #[test]
    fn what_is_left_out_has_defaults() {
        let config = parse(LEAST).expect("a configuration");
        let defaults = settings::defaults();
        assert_eq!(
            format!("{:?}", config.settings),
            format!("{:?}", defaults),
            "the same as without a file"
        );
        assert_eq!(config.records, Path::new("/srv/.greenlight"));
        assert_eq!(config.journal, "/srv/.greenlight/journal.db");
        assert_eq!(config.environments[0].time_limit, Duration::from_mins(15));
        assert!(!config.environments[0].repeatable);
        assert!(config.load_test.is_none() && config.slack.is_none());
    }

    #[test]
    fn everything_that_can_be_said() {
        let text = include_str!("../../../tests/cases/greenlight.toml");
        let config = parse(text).expect("a configuration");
        let settings = &config.settings;
        assert_eq!(settings.environments[0].convergence_rounds, 3);
        assert_eq!(settings.environments[0].convergence_deadline, 300);
        assert_eq!(settings.poll_interval, 5);
        assert_eq!(settings.thresholds.max_p95, Some(800));
        assert_eq!(settings.thresholds.min_duration, Some(60));
        let load = config.load_test.expect("a load test");
        assert_eq!(load.time_limit.duration(), Duration::from_mins(30));
    }

    #[test]
    fn a_key_with_a_typing_error_is_refused_with_the_nearest() {
        let (why, help) = parse(&LEAST.replace("nodes", "node")).expect_err("a typing error");
        assert!(why.contains("line 5") && why.contains("`node`"), "{why}");
        assert_eq!(help, "did you mean `nodes`?");
        let (_, help) = parse("[[enviroment]]").expect_err("a typing error");
        assert_eq!(help, "did you mean `environment`?");
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for (text, said) in [
            (
                LEAST.replace(r#"["./deploy", "stage"]"#, "[]"),
                "names no program",
            ),
            (
                LEAST.replace(r#"["./deploy", "stage"]"#, r#""./deploy stage""#),
                "expected a sequence",
            ),
            (
                LEAST.replace(r#"["http://127.0.0.1:8002"]"#, "[]"),
                "`prod` has no `nodes`",
            ),
            (
                LEAST.replace("http://127.0.0.1:8002", "www.example.org"),
                "`www.example.org` of environment `prod` is no URL",
            ),
            (
                LEAST.replace(
                    r#""http://127.0.0.1:8002""#,
                    &r#""http://127.0.0.1:8002","#.repeat(MOST_NODES + 1),
                ),
                "`prod` has more than 500 nodes",
            ),
            (
                format!("{LEAST}\nnode-time-limit = \"0s\""),
                "a time limit of environment `prod` is 0",
            ),
            (
                format!(
                    "{LEAST}\n[load-test]\ncommand = [\"x\"]\nformat = \"k6\"\nresults = \"x\"\n\
                     time-limit = \"0s\""
                ),
                "the time limit of the load test is 0",
            ),
            (
                format!("{LEAST}\n[journal]\nlease = \"0s\""),
                "a lease of 0 keeps nobody out",
            ),
            (
                format!("{LEAST}\n[slack]"),
                "either `url-variable` or `url-file`",
            ),
            (
                format!("{LEAST}\n[policy]\nfile = \"p.wasm\"\ndigest = \"x\""),
                "64 lowercase",
            ),
            (
                format!("{LEAST}\n[journal]\nlease = \"soon\""),
                "`soon` is no length of time",
            ),
            (
                format!("{LEAST}\n[journal]\nlease = \"-3s\""),
                "`-3s` is no length of time",
            ),
        ] {
            let (why, help) = parse(&text).expect_err(said);
            assert!(why.contains(said), "{why}");
            assert!(!help.is_empty());
        }
    }
}
