//! `greenlight live`: what is live in each environment.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::{Error, Exit};
#[cfg(test)]
use crate::contract::fields::Commit as Hash;
use crate::deployment::live::{self, Live, Recorded};
use crate::deployment::sentence;
use crate::effects::shutdown::Shutdown;
use crate::text::escape::escape;
use crate::text::number::short;
use crate::text::{json, time};

/// Show what is live in each environment: ask its nodes, and read the journal.
///
/// Before the first deployment, what all nodes of an environment serve is recorded as its baseline. Later releases are
/// compared with it, and `rollback-advice` goes back to it. `--set` records it where nodes can't say what they serve.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Record that this commit is live: a full hash.
    #[arg(long, value_name = "COMMIT", value_parser = super::args::commit, requires_all = ["environment", "by"])]
    set: Option<String>,
    /// Record it for this environment.
    #[arg(long, value_name = "NAME", requires = "set")]
    environment: Option<String>,
    /// Record this name as the person who says so.
    #[arg(long, value_name = "NAME", value_parser = super::args::person, requires = "set")]
    by: Option<String>,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// What `greenlight live --format json` prints: what is live in each environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct LiveDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The environments of the configuration, in order.
    environments: Vec<EnvironmentDocument>,
}

/// One environment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "LiveEnvironment"))]
struct EnvironmentDocument {
    /// The name of the environment.
    environment: String,
    /// The commit that all of its nodes serve; null if they serve several, or if one does not say.
    #[cfg_attr(test, schemars(with = "Option<Hash>"))]
    commit: Option<String>,
    /// When its nodes were asked, in milliseconds since 1970.
    at: u64,
    /// The answer of each node.
    nodes: Vec<NodeDocument>,
    /// What was brought there last; null if the journal has no record.
    recorded: Option<RecordedDocument>,
}

/// The answer of a node.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, schemars(rename = "LiveNode"))]
struct NodeDocument {
    /// Its base URL.
    name: String,
    /// The commit that it serves; null if it does not say.
    #[cfg_attr(test, schemars(with = "Option<Hash>"))]
    commit: Option<String>,
    /// Why there is no usable answer; null if there is one.
    unreachable: Option<String>,
}

/// What was brought to an environment last.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct RecordedDocument {
    /// The commit.
    #[cfg_attr(test, schemars(with = "Hash"))]
    commit: String,
    /// When its deploy command started, or when the baseline was recorded, in milliseconds since 1970.
    at: u64,
    /// The number of the deployment; null for a baseline.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: Option<u64>,
    /// The person who set the baseline; null for a deployment, and for a baseline that the nodes gave.
    by: Option<String>,
}

impl LiveDocument {
    const SCHEMA: &'static str = "greenlight.live/2";
}

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let shutdown = Shutdown::on_signals()?;
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    if let (Some(commit), Some(environment), Some(by)) =
        (&arguments.set, &arguments.environment, &arguments.by)
    {
        live::set(&config, environment, commit, by)?;
    }
    let all = live::ask(&config, &shutdown)?;
    let document = LiveDocument {
        schema: LiveDocument::SCHEMA,
        environments: all.into_iter().map(Into::into).collect(),
    };
    match arguments.format.format {
        Format::Human => output.text(&human(&document)),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

impl From<Live> for EnvironmentDocument {
    fn from(live: Live) -> Self {
        let mut served = live.nodes.iter().map(|it| it.commit.as_ref());
        let first = served.next().flatten();
        let commit = first.filter(|first| served.all(|it| it == Some(first)));
        Self {
            environment: live.environment,
            commit: commit.cloned(),
            at: live.at,
            recorded: live.recorded.map(Into::into),
            nodes: live
                .nodes
                .into_iter()
                .map(|it| NodeDocument {
                    name: it.name,
                    commit: it.commit,
                    unreachable: it.unreachable,
                })
                .collect(),
        }
    }
}

impl From<Recorded> for RecordedDocument {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Deployment(it) => Self {
                commit: it.commit,
                at: it.at,
                deployment: Some(it.deployment),
                by: None,
            },
            Recorded::Baseline(it) => Self {
                commit: it.commit,
                at: it.at,
                deployment: None,
                by: it.by,
            },
        }
    }
}

fn human(document: &LiveDocument) -> String {
    let mut text = String::new();
    // Writing into a string can't fail.
    for it in &document.environments {
        let name = escape(&it.environment);
        let served = it.nodes.iter().map(|node| node.commit.as_deref());
        let recorded = it.recorded.as_ref();
        let release = recorded.map_or("", |it| it.commit.as_str());
        let _ = writeln!(text, "{}", sentence::of_nodes(&name, served, release));
        for node in &it.nodes {
            if let Some(why) = &node.unreachable {
                let _ = writeln!(text, "  {}: {}", escape(&node.name), escape(why));
            }
        }
        let _ = match recorded {
            None => writeln!(
                text,
                "  no record: set it with `greenlight live --set COMMIT --environment {name} --by NAME`"
            ),
            Some(it) => {
                let source = match (it.deployment, &it.by) {
                    (Some(number), _) => format!("by deployment {number}"),
                    (None, Some(by)) => format!("set by {}", escape(by)),
                    (None, None) => "a baseline from the nodes".to_owned(),
                };
                let (commit, at) = (short(&it.commit), time::instant(it.at));
                writeln!(text, "  recorded: {commit}, {source}, {at}")
            }
        };
    }
    text
}
