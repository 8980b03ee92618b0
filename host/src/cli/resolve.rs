//! `greenlight resolve`: what a tag asks for.

use clap::Args;

use super::args::{Format, FormatArguments, PolicyArguments};
use super::exports::ExportArguments;
use super::output::Output;
use super::{Error, Exit};
use crate::contract::documents::{RefusalDocument, TargetDocument};
use crate::contract::fields::{ByName, Commit};
use crate::contract::names::Named;
use crate::contract::types::Reason;
use crate::report::decision;
use crate::report::export::{Findings, Name};
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;

/// Read what an image tag asks for.
///
/// A tag that is not exactly one of the documented forms is refused, with what was expected.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The tag, without the image's name.
    tag: String,
    #[command(flatten)]
    exports: ExportArguments,
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// What it exports.
const NAMES: [Name; 4] = [
    Name::Environment,
    Name::LoadTest,
    Name::Commit,
    Name::Reason,
];

pub fn run(arguments: &Arguments, output: &mut Output) -> Result<Exit, Error> {
    let exports = arguments.exports.open(output)?;
    let mut found = Findings::new("resolve", &NAMES);
    let ended = answer(arguments, &mut found, output);
    exports.write(found, ended, output)
}

fn answer(arguments: &Arguments, found: &mut Findings, output: &mut Output) -> Result<Exit, Error> {
    let settings = arguments.policy.settings();
    let target = match arguments
        .policy
        .policy(Use::Once)?
        .resolve(&arguments.tag, &settings)?
    {
        Ok(target) => target,
        Err(reasons) => {
            found.refused(&reasons);
            return refuse(arguments.format.format, reasons, output);
        }
    };
    found.resolved(&target);
    match arguments.format.format {
        Format::Human => output.text(&format!(
            "environment: {}\nload test: {}\ncommit: {}\n",
            escape(&target.environment),
            target.action.map_or("the tag does not say", Named::name),
            escape(&target.commit)
        )),
        Format::Json => output.text(&json::pretty(&TargetDocument {
            schema: TargetDocument::SCHEMA,
            environment: target.environment,
            load_test: target.action.map(ByName),
            commit: Commit(target.commit),
        })?),
    }
    Ok(Exit::Go)
}

/// Ends with the policy's refusal: to people on standard error, to programs as a document.
pub fn refuse(format: Format, reasons: Vec<Reason>, output: &mut Output) -> Result<Exit, Error> {
    let mut text = "refused:\n".to_owned();
    for reason in &reasons {
        text.push_str(&decision::reason(reason));
    }
    output.note(&text);
    if format == Format::Json {
        output.text(&json::pretty(&RefusalDocument::new(reasons))?);
    }
    Ok(Exit::Stop)
}
