//! The built-in parts of `run --local`.

use std::io;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::config::Config;
use crate::local::Nodes;

/// Lists the parts of a configuration that `run --local` replaces with built-in parts.
pub fn replaced(config: &Config) -> String {
    let parts = [
        (
            !config.environments.is_empty(),
            "nodes and deploy commands with their limits",
        ),
        (!config.steps.is_empty(), "the commands of steps"),
        (
            !config.load_tests.is_empty(),
            "the commands of load tests, their formats, results and thresholds for one name",
        ),
        (config.slack.is_some(), "Slack"),
        (
            (config.settings.environments.iter()).any(|it| it.approvals > 0),
            "the people who approve",
        ),
        (true, "the poll interval and the journal"),
    ];
    let parts = parts.iter().filter(|(is_set, _)| *is_set);
    parts.map(|(_, part)| *part).collect::<Vec<_>>().join(", ")
}

/// Starts the built-in nodes. Returns the nodes, a new temporary folder and the path of this program.
pub fn start(names: &[String], before: Option<&str>) -> io::Result<(Nodes, TempDir, PathBuf)> {
    let nodes = Nodes::start(names, before)?;
    let folder = tempfile::Builder::new().prefix("greenlight-").tempdir()?;
    Ok((nodes, folder, std::env::current_exe()?))
}
