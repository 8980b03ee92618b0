//! The whole pipeline on one machine: nodes, deployments and load that are built in.
//!
//! A configuration like any other drives the deployment; its commands are this program itself. So it does the
//! same as a deployment to real nodes.

mod children;
mod load;
mod nodes;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use children::{DEPLOY, LOAD, run_as_child};
pub use nodes::Nodes;

use crate::config::resolved::Resolved;
use crate::config::{Config, Environment, LoadTest};
use crate::contract::types::Settings;
use crate::facts::load_test::Format;

/// Nodes of each environment.
const NODES: usize = 2;

/// The settings of a pipeline over built-in nodes: those of the configuration, except that nodes next door are
/// asked every second. Without a configuration, limits that fit the built-in load.
pub fn settings(resolved: &Resolved) -> Settings {
    let mut settings = resolved.settings.clone();
    settings.poll_interval = 1;
    if resolved.config().is_none() {
        for environment in &mut settings.environments {
            environment.convergence_deadline = 60;
        }
        settings.thresholds.min_requests = 20;
    }
    settings
}

/// Makes the configuration of a pipeline over built-in nodes.
///
/// `program` is this program, `folder` a folder for its files.
pub fn config(program: &Path, folder: &Path, nodes: &Nodes, settings: Settings) -> Config {
    let program = program.to_string_lossy().into_owned();
    let environments = settings.environments.iter();
    let environments = environments
        .map(|it| Environment {
            name: it.name.clone(),
            deploy: vec![program.clone(), DEPLOY.to_owned(), nodes.control(&it.name)],
            time_limit: Duration::from_mins(1),
            repeatable: true,
            nodes: nodes.urls(&it.name),
            node_time_limit: Duration::from_secs(2),
        })
        .collect();
    let results = PathBuf::from("results.json");
    let history = PathBuf::from("results_stats_history.csv");
    Config {
        folder: folder.to_owned(),
        environments,
        load_test: Some(LoadTest::built_in(
            vec![
                program,
                LOAD.to_owned(),
                results.to_string_lossy().into_owned(),
                history.to_string_lossy().into_owned(),
            ],
            Format::Locust,
            results,
            history,
        )),
        policy: None,
        slack: None,
        journal: folder.join("journal.db").to_string_lossy().into_owned(),
        records: folder.to_owned(),
        lease: Duration::from_secs(30),
        serve: None,
        settings,
    }
}
