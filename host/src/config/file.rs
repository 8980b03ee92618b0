//! The tables of `greenlight.toml`, as the file has them.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::duration::Span;
use super::serve::ServeTable;
use crate::contract::names::Named as _;
use crate::contract::types::LoadTestAction;
use crate::facts::load_test::Format;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    #[serde(default)]
    pub environment: Vec<EnvironmentTable>,
    pub load_test: Option<LoadTestTable>,
    #[serde(default)]
    pub release: ReleaseTable,
    pub policy: Option<PolicyTable>,
    pub slack: Option<SlackTable>,
    #[serde(default)]
    pub journal: JournalTable,
    pub serve: Option<ServeTable>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct EnvironmentTable {
    pub name: String,
    pub deploy: Vec<String>,
    #[serde(default = "fifteen_minutes")]
    pub deploy_time_limit: Span,
    #[serde(default)]
    pub deploy_repeatable: bool,
    #[serde(default)]
    pub nodes: Vec<String>,
    #[serde(default = "five_seconds")]
    pub node_time_limit: Span,
    pub convergence_rounds: Option<u32>,
    pub convergence_deadline: Option<Span>,
}

/// How the load test runs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LoadTestTable {
    /// The command that runs it, an argument list.
    pub command: Vec<String>,
    /// How long it may take.
    #[serde(default = "an_hour")]
    pub time_limit: Span,
    /// Whether one that was cut off may run again.
    #[serde(default = "yes")]
    pub repeatable: bool,
    /// Which tool's files are read.
    pub format: Format,
    /// Where the tool writes its results.
    pub results: PathBuf,
    /// Where it writes its curves.
    pub history: Option<PathBuf>,
    /// Where it writes its statistics as CSV.
    pub stats: Option<PathBuf>,
    /// Where it writes its exceptions as CSV.
    pub exceptions: Option<PathBuf>,
    /// What it must reach.
    #[serde(default)]
    pub thresholds: ThresholdsTable,
}

/// What a load test must reach.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ThresholdsTable {
    pub(super) min_requests: u64,
    pub(super) min_rate: Option<f64>,
    pub(super) max_failures: u64,
    pub(super) max_exceptions: u64,
    pub(super) max_p95: Option<u64>,
    pub(super) min_duration: Option<Span>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ReleaseTable {
    pub publish_branch: Option<String>,
    #[serde(default)]
    pub required_jobs: Vec<String>,
    pub default_action: Option<Action>,
    pub poll_interval: Option<Span>,
}

/// Which policy decides: a component, and the digest that it must have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PolicyTable {
    pub file: PathBuf,
    pub digest: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SlackTable {
    pub url_variable: Option<String>,
    pub url_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct JournalTable {
    pub location: Option<String>,
    pub folder: Option<PathBuf>,
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
            repeatable: true,
            format,
            results,
            history: Some(history),
            stats: None,
            exceptions: None,
            thresholds: ThresholdsTable::default(),
        }
    }
}

impl Default for ThresholdsTable {
    fn default() -> Self {
        let thresholds = crate::contract::settings::defaults().thresholds;
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

const fn fifteen_minutes() -> Span {
    Span::of(15 * 60)
}

const fn an_hour() -> Span {
    Span::of(60 * 60)
}

const fn five_seconds() -> Span {
    Span::of(5)
}

const fn yes() -> bool {
    true
}
