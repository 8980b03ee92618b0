//! `greenlight journal`: verifies the journal, and exports the records of a deployment.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::{Format, FormatArguments};
use super::configuration::{self, ConfigArguments};
use super::output::Output;
use super::{Error, Exit, progress};
use crate::contract::fields::{ByName, Commit, Digest};
use crate::contract::promotion::Conclusion;
use crate::deployment::log;
use crate::deployment::verify::{self, Verified};
use crate::error::Kind;
use crate::journal::open_inbox;
use crate::text::escape::escape;
use crate::text::json;

/// Verify the journal, or export the records of a deployment.
#[derive(Debug, Subcommand)]
pub enum Command {
    Verify(VerifyArguments),
    Export(ExportArguments),
}

/// Check that nothing in the journal is damaged or missing.
///
/// The command compares records, deployment requests, push events, messages, leases and baselines with their checksums,
/// and their numbers with the stored numbers. It changes nothing, except that it migrates a journal of an earlier
/// version of greenlight.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// Write the records of a deployment as JSON Lines.
///
/// The first line describes the deployment. Each other line is one record, as stored.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Export the deployment with this number.
    #[arg(value_parser = super::args::deployment)]
    number: u64,
    #[command(flatten)]
    config: ConfigArguments,
}

/// What `greenlight journal verify --format json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct VerifyDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// How many deployments the journal has.
    deployments: u64,
    /// How many records the intact deployments have. Records of damaged deployments are not counted.
    records: u64,
    /// How many deployment requests the inbox has.
    deployment_requests: u64,
    /// Each damaged or missing part of the journal; empty if the journal is intact.
    damage: Vec<DamageDocument>,
}

/// A damaged or missing part of the journal.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct DamageDocument {
    /// The number of the damaged deployment; null if the damage does not belong to a deployment.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: Option<u64>,
    /// A description of the damage.
    what: String,
}

/// A line that `greenlight journal export` prints: the first describes the deployment, each other is a record.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the lines are written one by one")]
pub(super) enum Line {
    Deployment(DeploymentDocument),
    Record(RecordDocument),
}

/// The deployment, in the first line.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "DeploymentLine"))]
#[serde(rename_all = "kebab-case")]
pub(super) struct DeploymentDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The number of the deployment.
    #[cfg_attr(test, schemars(range(min = 1)))]
    number: u64,
    /// The tag of the release.
    tag: String,
    /// The digest of the image; null if it is unknown.
    digest: Option<Digest>,
    /// The commit of the release.
    commit: Commit,
    /// When the deployment began, in milliseconds since 1970.
    began: u64,
    /// How the deployment ended; null if it has not ended.
    conclusion: Option<ByName<Conclusion>>,
    /// The idempotency key of the deployment; null without an idempotency key.
    request: Option<String>,
    /// The number of records, one in each following line.
    records: u64,
}

/// A record of the deployment.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "RecordLine"))]
#[serde(rename_all = "kebab-case")]
pub(super) struct RecordDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The number of the deployment.
    #[cfg_attr(test, schemars(range(min = 1)))]
    deployment: u64,
    /// The position of the record in the deployment, from 1.
    #[cfg_attr(test, schemars(range(min = 1)))]
    position: u64,
    /// When the record was made, in milliseconds since 1970.
    at: u64,
    /// The content of the record, as stored. Its keys depend on the version of greenlight that wrote it.
    record: serde_json::Map<String, serde_json::Value>,
}

impl VerifyDocument {
    const SCHEMA: &'static str = "greenlight.journal-verify/2";
}

impl DeploymentDocument {
    const SCHEMA: &'static str = "greenlight.journal-export/3";
}

impl RecordDocument {
    const SCHEMA: &'static str = "greenlight.journal-record/2";
}

pub fn run(command: &Command, output: &mut Output) -> Result<Exit, Error> {
    match command {
        Command::Verify(arguments) => verify(arguments, output),
        Command::Export(arguments) => export(arguments, output),
    }
}

fn verify(arguments: &VerifyArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let mut verified = Verified::default();
    if let Some(mut store) = log::look(&config)? {
        let mut inbox = open_inbox(&log::location(&config)?)?;
        let bar = progress::bar(output, false, "deployments", || Some(0));
        let mut tell = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        verified = verify::verify(store.as_mut(), inbox.as_mut(), &mut tell)?;
        bar.finish_and_clear();
    }
    let exit = if verified.damage.is_empty() {
        Exit::Go
    } else {
        Exit::Stop
    };
    match arguments.format.format {
        Format::Human => output.text(&human(&verified)),
        Format::Json => output.text(&json::pretty(&VerifyDocument::new(verified))?),
    }
    Ok(exit)
}

fn human(verified: &Verified) -> String {
    let damage = verified.damage.iter().map(|it| {
        let what = escape(&it.what);
        match it.deployment {
            Some(number) => format!("deployment {number}: {what}\n"),
            None => format!("{what}\n"),
        }
    });
    let result = if verified.damage.is_empty() {
        "nothing is damaged"
    } else {
        "the journal is damaged"
    };
    let counts = format!(
        "{result}: {} deployments, {} records, {} deployment requests\n",
        verified.deployments, verified.records, verified.requests
    );
    damage.chain([counts]).collect()
}

impl VerifyDocument {
    fn new(verified: Verified) -> Self {
        let damage = verified.damage.into_iter().map(|it| DamageDocument {
            deployment: it.deployment,
            what: it.what,
        });
        Self {
            schema: Self::SCHEMA,
            deployments: verified.deployments,
            records: verified.records,
            deployment_requests: verified.requests,
            damage: damage.collect(),
        }
    }
}

fn export(arguments: &ExportArguments, output: &mut Output) -> Result<Exit, Error> {
    let config =
        configuration::resolve_without_policy(&arguments.config.flags(None), output)?.required()?;
    let number = arguments.number;
    let mut store = log::look(&config)?;
    let header = match store.as_deref_mut() {
        Some(store) => store.deployment(number)?,
        None => None,
    };
    let (Some(store), Some(header)) = (store.as_deref_mut(), header) else {
        return Err(Error::new(
            format!("deployment {number} does not exist"),
            "list deployments with `greenlight status`",
        ));
    };
    let rows = store.records(number)?;
    let bar = progress::bar(output, true, "records", || Some(rows.len() as u64));
    let deployment = DeploymentDocument {
        schema: DeploymentDocument::SCHEMA,
        number,
        tag: header.tag,
        digest: header.digest.map(Digest),
        commit: Commit(header.commit),
        began: header.began,
        conclusion: header.conclusion.map(ByName),
        request: header.request,
        records: rows.len() as u64,
    };
    output.text(&json::line(&deployment)?);
    for row in rows {
        let position = row.position;
        let record = serde_json::from_str(&row.body).map_err(|error| {
            Error::of(
                Kind::Journal,
                format!("record {position} of deployment {number} is not a JSON object: {error}"),
                "use the version of greenlight that wrote it",
            )
        })?;
        output.text(&json::line(&RecordDocument {
            schema: RecordDocument::SCHEMA,
            deployment: number,
            position,
            at: row.at,
            record,
        })?);
        if output.is_long() {
            output.flush()?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Exit::Go)
}
