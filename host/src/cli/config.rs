//! `greenlight config`: prints each setting with its source, and checks the configuration.

mod servers;

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;

use super::args::{Format, FormatArguments};
use super::configuration::{
    self, DefaultActionArgument, EnvironmentsArgument, PolicyArguments, PublishingArguments,
};
use super::output::Output;
use super::table::{COMMIT, aligned, publishable};
use super::{Error, Exit};
use crate::config::Config;
use crate::config::resolved::{Flags, Resolved};
use crate::config::shown::{self, Setting, Source};
use crate::contract::types::{Evidence, Reason};
use crate::sandbox::Use;
use crate::text::escape::escape;
use crate::text::json;
use crate::text::number::counted;

/// Show or check the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    Show(ShowArguments),
    Check(CheckArguments),
}

/// Print each setting with its value and its source.
///
/// The source is a flag, a variable, a line of the file, or the default. Secrets are neither read nor shown.
#[derive(Debug, Args)]
pub struct ShowArguments {
    #[command(flatten)]
    from: FromArguments,
    #[command(flatten)]
    publishing: PublishingArguments,
    #[command(flatten)]
    environments: EnvironmentsArgument,
    #[command(flatten)]
    default_action: DefaultActionArgument,
    #[command(flatten)]
    format: FormatArguments,
}

/// Check the configuration, the variables that override it, and the servers that it names.
///
/// Exits with 2 if a command can't use the configuration: the policy is loaded, and asked about the settings. A file
/// without `[[environment]]` tables is checked for the commands that do not deploy. Exits with 1 if a server can't be
/// used: a node, the journal, Slack, the registry, or the CI system that runs deployments. All servers together have 15
/// seconds. Nothing is changed there.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Try no server, and read no secret.
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    from: FromArguments,
}

/// Where the configuration is.
#[derive(Debug, Args)]
struct FromArguments {
    /// Use the repository in this folder [default: the one around the current folder].
    #[arg(long, value_name = "DIR")]
    repo: Option<std::path::PathBuf>,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// What `greenlight config show --format json` prints: each setting with its value and its source.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) struct SettingsDocument {
    /// The name and version of this document.
    #[cfg_attr(test, schemars(extend("const" = Self::SCHEMA)))]
    schema: &'static str,
    /// The configuration; null without one.
    file: Option<FileDocument>,
    /// The settings that the policy receives, then the others.
    #[cfg_attr(test, schemars(length(min = 1)))]
    settings: Vec<SettingDocument>,
}

/// The configuration.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct FileDocument {
    /// Its path.
    #[cfg_attr(test, schemars(length(min = 1)))]
    path: String,
    /// What names it; `default` if no flag or variable does.
    source: SourceDocument,
}

/// One setting.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
struct SettingDocument {
    /// Its key in the file; a key of an environment has the name of the environment: `environment.stage.deploy`.
    /// `environment` lists the names.
    #[cfg_attr(test, schemars(length(min = 1)))]
    name: String,
    /// The value in effect; null if it is not set and has no default.
    #[cfg_attr(
        test,
        schemars(extend(
            "type" = ["string", "number", "boolean", "array", "null"],
            "items" = {"type": ["string", "number", "boolean"]}
        ))
    )]
    value: Value,
    /// What sets it.
    source: SourceDocument,
}

/// What sets a value.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum SourceDocument {
    /// A flag of the command line.
    Flag {
        /// The flag.
        #[cfg_attr(test, schemars(regex(pattern = "^--")))]
        name: &'static str,
    },
    /// A variable of the environment.
    Variable {
        /// The variable.
        #[cfg_attr(test, schemars(regex(pattern = "^GREENLIGHT_")))]
        name: &'static str,
    },
    /// The configuration.
    File {
        /// The line, from 1.
        #[cfg_attr(test, schemars(range(min = 1)))]
        line: usize,
    },
    /// Nothing sets it.
    Default,
}

impl SettingsDocument {
    const SCHEMA: &'static str = "greenlight.settings/2";
}

pub fn run(command: &Command, output: &mut Output) -> Result<Exit, Error> {
    match command {
        Command::Show(arguments) => show(arguments, output),
        Command::Check(arguments) => check(arguments, output),
    }
}

fn show(arguments: &ShowArguments, output: &mut Output) -> Result<Exit, Error> {
    let flags = Flags {
        publish_branch: arguments.publishing.publish_branch.as_deref(),
        required_jobs: &arguments.publishing.required_jobs,
        environments: &arguments.environments.environments,
        default_action: arguments.default_action.default_action,
        ..arguments.from.flags()
    };
    let resolved = configuration::resolve(&flags, output)?;
    let settings = shown::settings(&resolved);
    match arguments.format.format {
        Format::Human => output.text(&human(&resolved, &settings)),
        Format::Json => output.text(&json::pretty(&SettingsDocument {
            schema: SettingsDocument::SCHEMA,
            file: resolved.path().map(|path| FileDocument {
                path: path.display().to_string(),
                source: resolved.named_by().into(),
            }),
            settings: settings.into_iter().map(SettingDocument::from).collect(),
        })?),
    }
    Ok(Exit::Go)
}

fn check(arguments: &CheckArguments, output: &mut Output) -> Result<Exit, Error> {
    let resolved = configuration::resolve(&arguments.from.flags(), output)?;
    let deploys = resolved.config().is_some_and(Config::deploys);
    if deploys {
        resolved.check_deployable()?;
    }
    let policy = configuration::policy(&resolved, Use::Once)?;
    let settings = &resolved.settings;
    // This build may be published, so a reason that rests on settings alone is about the settings.
    let build = publishable(COMMIT, settings.default_action, settings);
    let reasons = policy.tags(&build, settings)?.err().unwrap_or_default();
    let is_about_settings = |reason: &&Reason| {
        let mut evidence = reason.evidence.iter();
        !reason.evidence.is_empty() && evidence.all(|it| matches!(it, Evidence::Setting(_)))
    };
    if let Some(reason) = reasons.iter().find(is_about_settings) {
        return Err(Error::new(
            format!("the policy refuses the settings: {}", reason.message),
            "list the settings and their sources with `greenlight config show`, and correct that setting",
        ));
    }
    let tried = match resolved.config() {
        Some(config) if deploys && !arguments.offline => servers::tried(servers::servers(config)),
        _ => Vec::new(),
    };
    let all = tried.len() as u64;
    let failed = tried.iter().filter(|(_, _, it)| it.is_err()).count();
    output.text(&results(tried));
    output.text(&match resolved.path() {
        Some(path) if failed > 0 => format!(
            "{} is valid, but of the {} that it names, {failed} can't be used\n",
            escape(&path.display().to_string()),
            counted(all, "server", "servers")
        ),
        Some(path) if deploys => format!("{} is valid\n", escape(&path.display().to_string())),
        Some(path) => format!(
            "{} is valid; `greenlight run` also needs `[[environment]]` tables\n",
            escape(&path.display().to_string())
        ),
        None => "no configuration; the defaults are valid; `greenlight run` and `greenlight serve` need a file\n".to_owned(),
    });
    Ok(if failed > 0 { Exit::Stop } else { Exit::Go })
}

/// The result for each server, as a table.
fn results(tried: Vec<(String, String, servers::Tried)>) -> String {
    let rows = tried.into_iter().map(|(what, address, result)| {
        let (mark, said) = match result {
            Ok(said) => ("ok", said),
            Err(why) => ("failed", why),
        };
        let (address, said) = (escape(&address).into_owned(), escape(&said).into_owned());
        vec![mark.to_owned(), what, address, said]
    });
    aligned(&rows.collect::<Vec<_>>())
}

impl FromArguments {
    fn flags(&self) -> Flags<'_> {
        self.policy.flags(self.repo.as_deref())
    }
}

impl From<Setting> for SettingDocument {
    fn from(setting: Setting) -> Self {
        Self {
            name: setting.name,
            value: setting.value,
            source: setting.source.into(),
        }
    }
}

impl From<Source> for SourceDocument {
    fn from(source: Source) -> Self {
        match source {
            Source::Flag(name) => Self::Flag { name },
            Source::Variable(name) => Self::Variable { name },
            Source::File(line) => Self::File { line },
            Source::Default => Self::Default,
        }
    }
}

/// Writes a table of names, values and sources.
fn human(resolved: &Resolved, settings: &[Setting]) -> String {
    let path = resolved.path().map(|path| path.display().to_string());
    let mut text = match &path {
        Some(path) => format!("configuration: {}\n", escape(path)),
        None => "configuration: none\n".to_owned(),
    };
    let rows: Vec<_> = settings
        .iter()
        .map(|it| (&it.name, configuration::value(&it.value), it.source))
        .collect();
    let widest = |width: &dyn Fn(&(&String, String, Source)) -> usize| {
        rows.iter()
            .map(width)
            .filter(|it| *it <= WIDE)
            .max()
            .unwrap_or_default()
    };
    let names = widest(&|row| row.0.len());
    let values = widest(&|row| row.1.chars().count());
    for (name, value, source) in &rows {
        let source = configuration::source(*source, resolved.path());
        // Writing into a string can't fail.
        let _ = writeln!(
            text,
            "{:<names$}  {value:<values$}  {}",
            escape(name),
            escape(&source)
        );
    }
    text
}

/// The longest cell that widens its column, in characters. Longer cells overflow.
const WIDE: usize = 40;
