//! The whole pipeline on one machine: nodes, deployments and load that are built in.
//!
//! Nothing here is special to the deployment: it is driven by a configuration like everybody's, whose
//! commands are this program itself. So what is seen is what a real one does.

mod children;
mod load;
mod nodes;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use children::{DEPLOY, LOAD, run_as_child};
pub use nodes::Nodes;

use crate::config::{Config, Environment, LoadTest};
use crate::contract::settings;
use crate::facts::load_test::Format;

/// Nodes of each environment.
const NODES: usize = 2;

/// Makes the configuration of a pipeline over built-in nodes.
///
/// `program` is this program, `folder` a folder for its files.
pub fn config(program: &Path, folder: &Path, nodes: &Nodes) -> Config {
    let mut settings = settings::defaults();
    settings.poll_interval = 1;
    for environment in &mut settings.environments {
        environment.convergence_deadline = 60;
    }
    settings.thresholds.min_requests = 20;
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
