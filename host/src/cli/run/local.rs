//! `greenlight run --local`: the whole pipeline on this machine.

use super::{Arguments, Deployment};
use crate::cli::output::Output;
use crate::cli::{Error, Exit};
use crate::contract::environments::Build;
use crate::contract::settings;
use crate::effects::shutdown::Shutdown;
use crate::facts::{git, message};
use crate::local::{self, Nodes};
use crate::sandbox::{BUNDLED_COMPONENT, Policy, Use, digest_of};

pub fn run(arguments: &Arguments, shutdown: &Shutdown, output: &mut Output) -> Result<Exit, Error> {
    let repo = arguments.repo.as_deref();
    let commit = git::commit(repo, "HEAD")?;
    let policy = Policy::bundled(Use::Often)?;
    let settings = settings::defaults();
    let reading = message::from_commit(&commit)?;
    let format = arguments.format.format;
    let labels = match policy.parse(&reading.message, settings.default_action)? {
        Ok(labels) => labels,
        Err(reasons) => return crate::cli::resolve::refuse(format, reasons, output),
    };
    let build = Build {
        commit: commit.id.clone(),
        branch: Some(settings.publish_branch.clone()),
        action: labels.action,
        jobs: Vec::new(),
    };
    let tags = match policy.tags(&build, &settings)? {
        Ok(tags) => tags,
        Err(reasons) => return crate::cli::resolve::refuse(format, reasons, output),
    };
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
    let config = local::config(&program, folder.path(), &nodes);
    let deployment = Deployment {
        config: &config,
        policy: &policy,
        digest: digest_of(BUNDLED_COMPONENT),
        shutdown,
        arguments,
    };
    deployment.begin(tags.first().map_or("", String::as_str), output)
}

fn impossible(error: &std::io::Error) -> Error {
    Error::new(
        format!("failed to start the built-in nodes: {error}"),
        "the system is out of ports, threads or disk space; try again later",
    )
}
