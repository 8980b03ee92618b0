//! `greenlight policy`: inspects, checks and exports policy components.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::args::{Format, FormatArguments, compiler};
use super::configuration::{self, ConfigArguments, EnvironmentsArgument, PolicyArguments};
use super::output::Output;
use super::table::{self, TableDocument};
use super::{Error, Exit};
use crate::config::resolved::Flags;
use crate::contract::fields::Digest;
use crate::sandbox::{
    BUNDLED_COMPONENT, Failure, Inspection, Policy, Use, inspect, limits, profile, read,
};
use crate::text::escape::escape;
use crate::text::json;

/// Inspect, check or export a policy component.
#[derive(Debug, Subcommand)]
pub enum Command {
    Inspect(InspectArguments),
    Check(CheckArguments),
    Export(ExportArguments),
    Table(TableArguments),
}

/// Print digest, world, imports, exports and limits of a policy.
#[derive(Debug, Args)]
pub struct InspectArguments {
    /// Inspect the component in this file [default: the one of `[policy]`, or the bundled one]
    /// [env: `GREENLIGHT_POLICY`].
    #[arg(conflicts_with = "config")]
    file: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    format: FormatArguments,
}

/// Check that a file is a policy: a component that has no imports, exports the policy's world, and answers.
///
/// The questions use the settings of the configuration.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Check the component in this file.
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArguments,
}

/// Write the bundled policy to a file, as a component.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Write to this file, which must not exist.
    file: PathBuf,
}

/// Print the decision table: what the policy decides for each tag, stage and load test, and what windows, people and steps
/// change.
#[derive(Debug, Args)]
pub struct TableArguments {
    #[command(flatten)]
    format: FormatArguments,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    environments: EnvironmentsArgument,
}

/// What `greenlight policy inspect --format json` prints: a policy component, and the limits of each call.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct PolicyDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The world that it exports.
    #[cfg_attr(test, schemars(extend("const" = WORLD)))]
    world: &'static str,
    /// The digest of the component.
    digest: Digest,
    /// The size of the component, in bytes.
    #[cfg_attr(test, schemars(range(min = 1)))]
    size: usize,
    /// Its imports. A policy has none.
    #[cfg_attr(test, schemars(length(max = 0)))]
    imports: Vec<String>,
    /// Its exports.
    #[cfg_attr(
        test,
        schemars(length(min = 1), inner(length(min = 1)), extend("uniqueItems" = true))
    )]
    exports: Vec<String>,
    /// The limits of one call, and of compiling the component.
    limits: LimitsDocument,
}

/// The limits of a policy.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct LimitsDocument {
    /// Units of fuel of one call, about one WebAssembly instruction each.
    fuel: u64,
    /// The time of one call, in milliseconds.
    deadline_ms: u64,
    /// The memory of one call, in bytes.
    memory_bytes: u64,
    /// The stack of one call, in bytes.
    stack_bytes: u64,
    /// The size of an answer, in bytes.
    returned_bytes: u64,
    /// The size of a component, in bytes.
    file_bytes: u64,
    /// The time to compile a component, in seconds.
    compile_seconds: u64,
    /// The memory to compile a component, in bytes.
    compile_memory_bytes: u64,
}

impl PolicyDocument {
    const SCHEMA: &'static str = "greenlight.policy/3";
}

/// The world that a policy exports. A test compares it with `wit/`.
const WORLD: &str = "greenlight:policy/policy@0.2.0";

pub fn run(command: &Command, output: &mut Output) -> Result<Exit, Error> {
    match command {
        Command::Inspect(arguments) => inspect_policy(arguments, output),
        Command::Check(arguments) => check(arguments, output),
        Command::Export(arguments) => export(&arguments.file, output),
        Command::Table(arguments) => print_table(arguments, output),
    }
}

fn inspect_policy(arguments: &InspectArguments, output: &mut Output) -> Result<Exit, Error> {
    let bytes = if let Some(file) = &arguments.file {
        Some(read(file)?)
    } else {
        let resolved = configuration::resolve(&arguments.config.flags(None), output)?;
        let file = resolved.policy.as_ref().map(configuration::component);
        file.transpose()?.map(|(bytes, _)| bytes)
    };
    let (policy, bytes) = match bytes {
        None => (Policy::bundled(Use::Once)?, BUNDLED_COMPONENT.to_vec()),
        Some(bytes) => (Policy::from_bytes(&bytes, &compiler()?)?, bytes),
    };
    // The types of its functions are checked only when it is instantiated.
    policy.sandbox()?;
    let document = document(inspect(&policy, &bytes));
    match arguments.format.format {
        Format::Human => output.text(&human(&document)),
        Format::Json => output.text(&json::pretty(&document)?),
    }
    Ok(Exit::Go)
}

fn document(inspection: Inspection) -> PolicyDocument {
    let milliseconds = u64::try_from(profile::DEADLINE.as_millis()).unwrap_or(u64::MAX);
    PolicyDocument {
        schema: PolicyDocument::SCHEMA,
        world: WORLD,
        digest: Digest(inspection.digest),
        size: inspection.size,
        imports: inspection.imports,
        exports: inspection.exports,
        limits: LimitsDocument {
            fuel: profile::FUEL,
            deadline_ms: milliseconds,
            memory_bytes: profile::MEMORY_LIMIT as u64,
            stack_bytes: profile::WASM_STACK as u64,
            returned_bytes: profile::HOSTCALL_FUEL as u64,
            file_bytes: crate::limits::COMPONENT.bytes,
            compile_seconds: limits::COMPILE_TIME.as_secs(),
            compile_memory_bytes: limits::COMPILE_MEMORY,
        },
    }
}

fn human(document: &PolicyDocument) -> String {
    let limits = &document.limits;
    let exports: Vec<_> = document
        .exports
        .iter()
        .map(|name| format!("  {}\n", escape(name)))
        .collect();
    format!(
        "world: {}\ndigest: {}\nsize: {} bytes\nimports: none\nexports:\n{}limits of one call:\n  \
         fuel: {} units\n  time: {} s\n  memory: {} MiB\n  stack: {} KiB\n  returned: {} KiB\n",
        document.world,
        document.digest.0,
        document.size,
        exports.concat(),
        limits.fuel,
        limits.deadline_ms / 1000,
        limits.memory_bytes >> 20,
        limits.stack_bytes >> 10,
        limits.returned_bytes >> 10,
    )
}

fn check(arguments: &CheckArguments, output: &mut Output) -> Result<Exit, Error> {
    let file = arguments.file.as_path();
    let settings = configuration::resolve(&arguments.config.flags(None), output)?.settings;
    let name = file.display().to_string();
    let outcome = read(file)
        .and_then(|bytes| Policy::from_bytes(&bytes, &compiler()?))
        .map_err(Error::from)
        .and_then(|policy| table::questions(&policy, &settings));
    match outcome {
        Ok(count) => {
            output.text(&format!(
                "{} is a usable policy: it answered {count} questions\n",
                escape(&name)
            ));
            Ok(Exit::Go)
        }
        // "No" is an answer of this command. A file that can't be read is an error, as in every command.
        Err(error) => match error.cause() {
            None | Some(Failure::Unreadable(_) | Failure::Host(_)) => Err(error),
            Some(failure) => {
                output.text(&format!(
                    "{} is not a usable policy: {}\n",
                    escape(&name),
                    escape(&failure.to_string())
                ));
                Ok(Exit::Stop)
            }
        },
    }
}

fn export(file: &Path, output: &mut Output) -> Result<Exit, Error> {
    let name = file.display();
    let mut target = std::fs::File::create_new(file).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Error::new(
            format!("`{name}` already exists"),
            "name another file, or remove this one first",
        ),
        _ => Error::new(
            format!("failed to create `{name}`: {error}"),
            "name a file in an existing folder with write permission",
        ),
    })?;
    target.write_all(BUNDLED_COMPONENT)?;
    target.sync_all()?;
    output.note(&format!(
        "wrote the bundled policy to {}\n",
        escape(&name.to_string())
    ));
    Ok(Exit::Go)
}

fn print_table(arguments: &TableArguments, output: &mut Output) -> Result<Exit, Error> {
    let flags = Flags {
        environments: &arguments.environments.environments,
        ..arguments.policy.flags(None)
    };
    let resolved = configuration::resolve(&flags, output)?;
    let policy = configuration::policy(&resolved, Use::Often)?;
    let rows = table::rows(&policy, &resolved.settings)?;
    let gates = table::gates(&policy, &resolved.settings)?;
    match arguments.format.format {
        Format::Human => {
            let last = resolved.settings.environments.last();
            let last = last.map_or("", |it| it.name.as_str());
            output.text(&table::text(&rows, &gates, last));
        }
        Format::Json => output.text(&json::pretty(&TableDocument {
            schema: TableDocument::SCHEMA,
            rows,
            gates,
        })?),
    }
    Ok(Exit::Go)
}
