//! `[[environment]]`: the table as the file has it, and as it is used.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::Config;
use super::discover::DiscoverTable;
use super::tls::Base;
use super::values::{self, Span, Wrong};
use super::watch::{Metric, WatchTable};
#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::history::MOST_NODES;
use crate::contract::settings;
use crate::contract::types::EnvironmentSettings;
use crate::error::Error;
use crate::http::{has_credentials, is_url};
use crate::server_settings::nodes::{Discovery, Document};
use crate::tls::Trust;

/// One environment.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[cfg_attr(test, schemars(extend("required" = ["name", "deploy"])))]
pub(super) struct EnvironmentTable {
    /// Its name, as it appears in tags.
    #[cfg_attr(test, schemars(regex(pattern = "^[a-z0-9-]+$")))]
    pub name: String,
    /// The command that deploys the release: a program and its arguments, run in the folder of the
    /// configuration without a shell.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub deploy: Vec<String>,
    /// How long the command may run; 15m unless set.
    #[serde(default = "fifteen_minutes")]
    pub deploy_time_limit: Span,
    /// Whether an interrupted deployment may be repeated; false unless set.
    #[serde(default)]
    pub deploy_repeatable: bool,
    /// The command that ends the work that the deploy command started on other machines, such as a job in a cluster. It
    /// runs before an interrupted deploy command is repeated, and after a canceled one.
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub deploy_cleanup: Option<Vec<String>>,
    /// The names of the steps that run before the deploy command, in order.
    #[serde(default)]
    pub before: Vec<String>,
    /// The names of the steps that run when every node serves the release, in order, before load tests.
    #[serde(default)]
    pub after: Vec<String>,
    /// The base URL of each node, which answers with its version.
    #[cfg_attr(test, schemars(with = "Vec<shapes::Url>", length(min = 1)))]
    #[serde(default)]
    pub nodes: Vec<String>,
    /// How the nodes are found, instead of `nodes`.
    pub discover: Option<DiscoverTable>,
    /// The path behind the URL of a node where it answers with its version; `/__version__` unless set.
    #[cfg_attr(test, schemars(regex(pattern = "^/")))]
    pub version_path: Option<String>,
    /// The JSON pointer (RFC 6901) of the commit in the answer: `/git/commit/id`; `/commit` unless set.
    #[cfg_attr(test, schemars(regex(pattern = "^/")))]
    pub version_pointer: Option<String>,
    /// How long a node may take to answer; 5s unless set.
    #[serde(default = "five_seconds")]
    pub node_time_limit: Span,
    /// A file with certificate authorities, in PEM. Only they are trusted for the nodes of this environment, in place of those of `[tls]`.
    pub ca_file: Option<PathBuf>,
    /// The number of different people who must approve a release before it is deployed there; 0 unless set.
    pub approvals: Option<u32>,
    /// Whether the author of the commit counts as one of these people; false unless set.
    pub author_may_approve: Option<bool>,
    /// How long an approval counts; 24h unless set.
    pub approval_lasts: Option<Span>,
    /// Consecutive rounds in which every node must serve the release; 2 unless set.
    #[cfg_attr(test, schemars(range(min = 1)))]
    pub convergence_rounds: Option<u32>,
    /// How long after the deployment every node must serve the release; 10m unless set.
    pub convergence_deadline: Option<Span>,
    /// How the environment is watched after its deployment; not watched unless set.
    pub watch: Option<WatchTable>,
}

/// How to deploy to an environment and ask its nodes.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The command that deploys, as an argument list.
    pub deploy: Vec<String>,
    /// How long the command may run.
    pub time_limit: Duration,
    /// Whether an interrupted deployment may be repeated.
    pub repeatable: bool,
    /// The command that ends the work that the deploy command started on other machines, as an argument list.
    pub cleanup: Option<Vec<String>>,
    /// The base URLs of its nodes, which are also their names; empty if they are discovered.
    pub nodes: Vec<String>,
    /// How its nodes are found, unless they are listed.
    pub discovery: Option<Discovery>,
    /// Where a node has its version.
    pub document: Document,
    /// How long a node may take to answer.
    pub node_time_limit: Duration,
    /// Which certificates of nodes are trusted.
    pub trust: Trust,
    /// The queries of the metrics that are watched, in the order of the settings.
    pub metrics: Vec<Metric>,
}

/// Checks the table of an environment, and splits it into the policy's settings and the host's. `at` is the path of
/// the table.
pub(super) fn environment(
    at: &str,
    mut table: EnvironmentTable,
    base: Base<'_>,
) -> Result<(EnvironmentSettings, Environment), Wrong> {
    let key = |name: &str| format!("{at}.{name}");
    values::command(&key("deploy"), &table.deploy)?;
    if let Some(cleanup) = &table.deploy_cleanup {
        values::command(&key("deploy-cleanup"), cleanup)?;
    }
    let discovery = table.discover.take();
    let discovery = discovery
        .map(|it| it.checked(&key("discover"), base))
        .transpose()?;
    if discovery.is_some() && !table.nodes.is_empty() {
        return Err(Wrong::new(
            key("nodes"),
            format!(
                "and `discover` both say what the nodes of `{}` are",
                table.name
            ),
            "keep one of them",
        ));
    }
    if discovery.is_none() {
        check_nodes(at, &table)?;
    }
    let document = document(at, &mut table)?;
    values::positive(&key("deploy-time-limit"), table.deploy_time_limit, "15m")?;
    values::positive(&key("node-time-limit"), table.node_time_limit, "5s")?;
    if let Some(time) = table.approval_lasts {
        values::positive(&key("approval-lasts"), time, "24h")?;
    }
    let watch = table
        .watch
        .map(|it| it.checked(&key("watch")))
        .transpose()?;
    let (watch, metrics) = watch.unzip();
    let defaults = settings::environment(&table.name);
    let agreed = EnvironmentSettings {
        approvals: table.approvals.unwrap_or(defaults.approvals),
        author_may_approve: table
            .author_may_approve
            .unwrap_or(defaults.author_may_approve),
        approval_lasts: table
            .approval_lasts
            .map_or(defaults.approval_lasts, Span::seconds),
        convergence_rounds: table
            .convergence_rounds
            .unwrap_or(defaults.convergence_rounds),
        convergence_deadline: table
            .convergence_deadline
            .map_or(defaults.convergence_deadline, Span::seconds),
        before: table.before,
        after: table.after,
        watch,
        ..defaults
    };
    let environment = Environment {
        name: table.name,
        deploy: table.deploy,
        time_limit: table.deploy_time_limit.duration(),
        repeatable: table.deploy_repeatable,
        cleanup: table.deploy_cleanup,
        nodes: table.nodes,
        discovery,
        document,
        node_time_limit: table.node_time_limit.duration(),
        trust: base.trust("environment", table.ca_file),
        metrics: metrics.unwrap_or_default(),
    };
    Ok((agreed, environment))
}

/// Checks the list of nodes.
fn check_nodes(at: &str, table: &EnvironmentTable) -> Result<(), Wrong> {
    let key = |name: &str| format!("{at}.{name}");
    if table.nodes.is_empty() {
        return Err(Wrong::new(
            key("nodes"),
            format!("is missing or empty for `{}`", table.name),
            "list the base URL of each node, or find the nodes with `[environment.discover]`; greenlight reads the \
             deployed version from the `/__version__` of each node",
        ));
    }
    if let Some(place) = table.nodes.iter().position(|it| has_credentials(it)) {
        // The error does not quote the URL, because it can contain a password.
        return Err(Wrong::new(
            key(&format!("nodes.{place}")),
            "has a node with a user or a password, which every report would show",
            "write the URL without the part before `@`, and let the nodes answer `/__version__` without a password",
        ));
    }
    if let Some((place, node)) = table.nodes.iter().enumerate().find(|(_, it)| !is_url(it)) {
        return Err(Wrong::new(
            key(&format!("nodes.{place}")),
            format!("has a node that is not a URL: `{node}`"),
            "write the URL with its scheme: `https://stage-1.example.org`",
        ));
    }
    if table.nodes.len() > MOST_NODES {
        return Err(Wrong::new(
            key("nodes"),
            format!("has more than {MOST_NODES} nodes for `{}`", table.name),
            "list a sample of the nodes",
        ));
    }
    Ok(())
}

/// Where a node has its version.
fn document(at: &str, table: &mut EnvironmentTable) -> Result<Document, Wrong> {
    let key = |name: &str| format!("{at}.{name}");
    let defaults = Document::default();
    let path = table.version_path.take();
    if path.as_ref().is_some_and(|it| !it.starts_with('/')) {
        return Err(Wrong::new(
            key("version-path"),
            "does not begin with `/`",
            "write the path behind the URL of a node, like `/actuator/info`",
        ));
    }
    let pointer = table.version_pointer.take();
    if pointer.as_ref().is_some_and(|it| !it.starts_with('/')) {
        return Err(Wrong::new(
            key("version-pointer"),
            "is not a JSON pointer",
            "write the keys that lead to the commit, each after a `/`: `/git/commit/id`",
        ));
    }
    Ok(Document {
        path: path.unwrap_or(defaults.path),
        pointer,
    })
}

const fn fifteen_minutes() -> Span {
    Span::of(15 * 60)
}

const fn five_seconds() -> Span {
    Span::of(5)
}
impl Config {
    /// The names of the environments, in order.
    pub fn names(&self) -> Vec<&str> {
        let environments = self.settings.environments.iter();
        environments.map(|it| it.name.as_str()).collect()
    }

    /// Checks that an environment has this name.
    ///
    /// # Errors
    ///
    /// If no environment has this name.
    pub fn check_name(&self, name: &str) -> Result<(), Error> {
        let names = self.names();
        if names.contains(&name) {
            return Ok(());
        }
        Err(Error::new(
            format!("unknown environment `{name}`"),
            format!("the environments are {}", names.join(", ")),
        ))
    }
}
