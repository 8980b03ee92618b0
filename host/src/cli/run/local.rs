//! `greenlight run --local`: the whole pipeline on this machine.

use super::{Arguments, Deployment, load};
use crate::cli::output::Output;
use crate::cli::table::publishable;
use crate::cli::{Error, Exit, resolve};
use crate::config::Config;
use crate::config::resolved::Resolved;
use crate::effects::shutdown::Shutdown;
use crate::facts::{git, message};
use crate::local::{self, Nodes};
use crate::text::escape::escape;

pub fn run(
    arguments: &Arguments,
    resolved: &Resolved,
    shutdown: &Shutdown,
    output: &mut Output,
) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let commit = git::commit(repo, "HEAD")?;
    let (policy, digest) = load(resolved.policy.as_ref())?;
    let settings = local::settings(resolved);
    let reading = message::from_commit(&commit)?;
    let format = arguments.format.format;
    let labels = match policy.parse(&reading.message, settings.default_action)? {
        Ok(labels) => labels,
        Err(reasons) => return resolve::refuse(format, reasons, output),
    };
    let build = publishable(&commit.id, labels.action, &settings);
    let tags = match policy.tags(&build, &settings)? {
        Ok(tags) => tags,
        Err(reasons) => return resolve::refuse(format, reasons, output),
    };
    if let (Some(path), Some(config)) = (resolved.path(), resolved.config()) {
        output.note(&format!(
            "note: settings are from `{}`; `run --local` replaces {}\n",
            escape(&path.display().to_string()),
            replaced(config)
        ));
    }
    let names: Vec<String> = settings
        .environments
        .iter()
        .map(|it| it.name.clone())
        .collect();
    // The nodes serve the previous commit first, where there is one.
    let before = git::commit(repo, "HEAD^").ok().map(|it| it.id);
    let nodes = Nodes::start(&names, before.as_deref()).map_err(|error| impossible(&error))?;
    let folder = tempfile::Builder::new()
        .prefix("greenlight-")
        .tempdir()
        .map_err(|error| impossible(&error))?;
    let program = std::env::current_exe().map_err(|error| impossible(&error))?;
    let config = local::config(&program, folder.path(), &nodes, settings);
    let deployment = Deployment {
        config: &config,
        policy: &policy,
        digest,
        shutdown,
        arguments,
    };
    deployment.begin(tags.first().map_or("", String::as_str), output)
}

/// Lists the parts of a configuration that built-in ones replace.
fn replaced(config: &Config) -> String {
    let parts = [
        (!config.environments.is_empty(), "nodes, deploy commands"),
        (config.load_test.is_some(), "the load test's command"),
        (config.slack.is_some(), "Slack"),
        (true, "the poll interval and the journal"),
    ];
    let parts = parts.iter().filter(|(is_set, _)| *is_set);
    parts.map(|(_, part)| *part).collect::<Vec<_>>().join(", ")
}

fn impossible(error: &std::io::Error) -> Error {
    Error::new(
        format!("failed to start the built-in nodes: {error}"),
        "the system is out of ports, threads or disk space; try again later",
    )
}
