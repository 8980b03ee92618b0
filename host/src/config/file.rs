//! The tables of `greenlight.toml`, as the file has them.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer, de};

use super::environment::EnvironmentTable;
use super::facts::FactsTable;
use super::load_test::LoadTests;
use super::messages::{ReportTable, SlackTable};
use super::metrics::MetricsTable;
use super::policy::PolicyTable;
use super::serve::ServeTable;
use super::step::StepTable;
use super::tls::TlsTable;
use super::values::{self, Span, Wrong};
#[cfg(test)]
use crate::contract::fields::ByName;
use crate::contract::names::{Named as _, names};
use crate::contract::types::{LoadTestAction, Settings};
use crate::window::table::WindowTable;

/// The settings of a team, and how its deployments run.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    /// The environments, in order: the last one is production.
    #[serde(default)]
    pub environment: Vec<EnvironmentTable>,
    /// The load tests: one table, or a list of tables.
    #[serde(default)]
    pub load_test: LoadTests,
    /// Commands that run before or after the deployment to an environment.
    #[serde(default)]
    pub step: Vec<StepTable>,
    /// When deployments may begin in an environment.
    #[serde(default)]
    pub window: Vec<WindowTable>,
    /// The metrics server that environments are watched with.
    pub metrics: Option<MetricsTable>,
    /// Which builds are published, and what a message without a label means.
    #[serde(default)]
    pub release: ReleaseTable,
    /// The policy that decides, and its parameters.
    #[serde(default)]
    pub policy: PolicyTable,
    /// What the policy is told about a release.
    pub facts: Option<FactsTable>,
    /// Where notifications are sent.
    pub slack: Option<SlackTable>,
    /// Where people can read reports.
    #[serde(default)]
    pub report: ReportTable,
    /// Where events are recorded.
    #[serde(default)]
    pub journal: JournalTable,
    /// Which certificates of servers are trusted, and the certificate of this program.
    #[serde(default)]
    pub tls: TlsTable,
    /// What `greenlight serve` receives, and how it starts deployments.
    pub serve: Option<ServeTable>,
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
    /// After this time a release that has not ended is stopped; 7 days (168h) unless set. Time in which a window or a
    /// person holds the release does not count.
    pub deadline: Option<Span>,
}

impl ReleaseTable {
    /// Writes what the policy receives into the settings.
    pub(super) fn apply(self, settings: &mut Settings) -> Result<(), Wrong> {
        if let Some(branch) = self.publish_branch {
            settings.publish_branch = branch;
        }
        settings.required_jobs = self.required_jobs;
        if let Some(action) = self.default_action {
            settings.default_action = action.0;
        }
        if let Some(interval) = self.poll_interval {
            settings.poll_interval = interval.seconds();
        }
        if let Some(deadline) = self.deadline {
            values::positive("release.deadline", deadline, "168h")?;
            settings.deadline = Some(deadline.seconds());
        }
        Ok(())
    }
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

impl Default for JournalTable {
    fn default() -> Self {
        Self {
            location: None,
            folder: None,
            lease: Span::of(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn a_deadline_is_positive() {
        let text = "[release]\ndeadline = \"0s\"";
        let error = Config::parse(text, Path::new("/srv")).expect_err("no time at all");
        let said = "line 2: `release.deadline` must be greater than 0";
        assert!(error.message.contains(said), "{error}");
    }
}
