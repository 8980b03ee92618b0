//! The tables of `greenlight.toml`, as the file has them.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::environment::EnvironmentTable;
use super::messages::{ReportTable, SlackTable};
use super::serve::ServeTable;
use super::values::Span;
#[cfg(test)]
use crate::contract::fields::{ByName, Digest};
use crate::contract::names::{Named as _, names};
use crate::contract::settings;
use crate::contract::types::LoadTestAction;
use crate::facts::load_test::{Format, REQUESTS};
use crate::window::table::WindowTable;

/// The settings of a team, and how its deployments run.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// The environments, in order: the first one is load tested, the last one is production.
    #[serde(default)]
    pub environment: Vec<EnvironmentTable>,
    /// The load test of the first environment.
    pub load_test: Option<LoadTestTable>,
    /// When deployments may begin in an environment.
    #[serde(default)]
    pub window: Vec<WindowTable>,
    /// Which builds are published, and what a message without a label means.
    #[serde(default)]
    pub release: ReleaseTable,
    /// The policy that decides; the bundled one unless set.
    pub policy: Option<PolicyTable>,
    /// Where notifications are sent.
    pub slack: Option<SlackTable>,
    /// Where people can read reports.
    #[serde(default)]
    pub report: ReportTable,
    /// Where events are recorded.
    #[serde(default)]
    pub journal: JournalTable,
    /// What `greenlight serve` receives, and how it starts deployments.
    pub serve: Option<ServeTable>,
}

/// How the load test runs.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoadTestTable {
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
    /// The JSON file with the results. A relative path starts in the folder of the run, `GREENLIGHT_FOLDER`; a file
    /// that is not there is looked for in the folder of the configuration. So do the other files.
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
    /// What it must reach to pass.
    #[serde(default)]
    pub thresholds: ThresholdsTable,
}

/// What a load test must reach to pass.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ThresholdsTable {
    /// The minimum number of requests; 1 unless set.
    pub(super) min_requests: u64,
    /// The minimum number of requests per second.
    #[cfg_attr(test, schemars(range(min = 0)))]
    pub(super) min_rate: Option<f64>,
    /// The maximum number of failed requests; 0 unless set.
    pub(super) max_failures: u64,
    /// The maximum number of exceptions in the test's own code; 0 unless set.
    pub(super) max_exceptions: u64,
    /// The maximum of the 95th percentile of the response time, in milliseconds.
    pub(super) max_p95: Option<u64>,
    /// The minimum duration of the test.
    pub(super) min_duration: Option<Span>,
}

/// Which builds are published, and what a message without a label means.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReleaseTable {
    /// The branch whose builds are published; `main` unless set.
    pub publish_branch: Option<String>,
    /// Jobs that must have passed in a build that is published.
    #[serde(default)]
    pub required_jobs: Vec<String>,
    /// What a failed load test means if the message has no label; `warn` unless set.
    #[cfg_attr(test, schemars(with = "Option<ByName<LoadTestAction>>"))]
    pub default_action: Option<Action>,
    /// Whose labels count; `deployed-commit` unless set.
    #[serde(default)]
    pub labels: Labels,
    /// The time between two rounds in which the nodes are asked for their version; 10s unless set.
    pub poll_interval: Option<Span>,
}

/// Whose labels count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "LabelScope"))]
#[serde(rename_all = "kebab-case")]
pub enum Labels {
    /// The label of the commit that is deployed.
    #[default]
    DeployedCommit,
    /// The strictest label of all commits since the live release.
    SinceLive,
}

names! {
    Labels { DeployedCommit = "deployed-commit", SinceLive = "since-live" }
}

/// Which policy decides: a component, and the digest that it must have.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyTable {
    /// The file of the component.
    pub file: PathBuf,
    /// The digest that the component must have: `sha256:` and 64 hexadecimal digits.
    #[cfg_attr(test, schemars(with = "Digest"))]
    pub digest: String,
}

/// Where events are recorded.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct JournalTable {
    /// A path, from the folder of the configuration, or `postgres://USER@HOST/DATABASE`; `journal.db` in `folder`
    /// unless set.
    pub location: Option<String>,
    /// The folder for logs and results; `.greenlight` unless set.
    pub folder: Option<PathBuf>,
    /// How long an environment stays locked after its process has ended; 30s unless set.
    pub lease: Span,
}

/// A load test action by its word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action(pub LoadTestAction);

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        LoadTestAction::from_name(&text).map(Self).ok_or_else(|| {
            de::Error::custom(format!(
                "unknown action `{text}`; write `abort`, `skip` or `warn`"
            ))
        })
    }
}

impl LoadTestTable {
    /// The built-in load test.
    pub fn built_in(
        command: Vec<String>,
        format: Format,
        results: PathBuf,
        history: PathBuf,
    ) -> Self {
        Self {
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
        }
    }
}

impl Default for ThresholdsTable {
    fn default() -> Self {
        let thresholds = settings::thresholds();
        Self {
            min_requests: thresholds.min_requests,
            min_rate: thresholds.min_rate,
            max_failures: thresholds.max_failures,
            max_exceptions: thresholds.max_exceptions,
            max_p95: thresholds.max_p95,
            min_duration: None,
        }
    }
}

impl Default for JournalTable {
    fn default() -> Self {
        Self {
            location: None,
            folder: None,
            lease: Span::of(30),
        }
    }
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
