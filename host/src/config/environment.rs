//! `[[environment]]`: how an environment is deployed to, and when it counts as converged.

use std::time::Duration;

use super::check::{self, Wrong};
use super::duration::Span;
use super::file;
use crate::contract::history::MOST_NODES;
use crate::contract::settings;
use crate::contract::types::EnvironmentSettings;
use crate::contract::validate::{ENVIRONMENT_FORM, is_environment};
use crate::http::is_url;

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

/// What the policy is told of an environment, and how it is deployed to. `at` is the path of its table.
pub(super) fn checked(
    at: &str,
    table: file::EnvironmentTable,
) -> Result<(EnvironmentSettings, Environment), Wrong> {
    let key = |name: &str| format!("{at}.{name}");
    if !is_environment(&table.name) {
        return Err(Wrong::new(
            key("name"),
            format!("is not the name of an environment: `{}`", table.name),
            format!("use {ENVIRONMENT_FORM}"),
        ));
    }
    check::command(&key("deploy"), &table.deploy)?;
    if table.nodes.is_empty() {
        return Err(Wrong::new(
            key("nodes"),
            format!("is missing or empty for `{}`", table.name),
            "list the base URL of each node; the version that it serves at `/__version__` is the proof of a \
             deployment",
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
    check::positive(&key("deploy-time-limit"), table.deploy_time_limit, "15m")?;
    check::positive(&key("node-time-limit"), table.node_time_limit, "5s")?;
    if table.convergence_rounds == Some(0) {
        return Err(Wrong::new(
            key("convergence-rounds"),
            "must be greater than 0",
            "write a number of rounds, or leave the key out for 2",
        ));
    }
    let defaults = settings::environment(&table.name);
    let agreed = EnvironmentSettings {
        convergence_rounds: table
            .convergence_rounds
            .unwrap_or(defaults.convergence_rounds),
        convergence_deadline: table
            .convergence_deadline
            .map_or(defaults.convergence_deadline, Span::seconds),
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
