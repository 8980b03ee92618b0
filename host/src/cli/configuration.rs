//! Arguments that override settings, and the policy that the settings name.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::Error;
use super::args::{compiler, named};
use super::output::Output;
use crate::config::PolicyFile;
use crate::config::resolved::{self, Flags, Origin, Resolved};
use crate::config::shown::{self, Source};
use crate::contract::fields::digest_of;
use crate::contract::types::{Evidence, LoadTestAction};
use crate::sandbox::{BUNDLED_COMPONENT, Failure, Policy, Use, read};
use crate::text::escape::escape;

/// Where the configuration is.
#[derive(Debug, Args)]
pub struct ConfigArguments {
    /// Read settings from this file [default: `greenlight.toml` in the folder or above, up to the root of the
    /// repository] [env: `GREENLIGHT_CONFIG`].
    #[arg(long, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
}

/// Where the configuration is, and which policy decides.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    #[command(flatten)]
    config: ConfigArguments,

    /// Use the policy in this component [default: the one of `[policy]`, or the bundled one]
    /// [env: `GREENLIGHT_POLICY`].
    #[arg(long = "policy", value_name = "FILE", help_heading = "Settings")]
    policy: Option<PathBuf>,
}

/// Which builds are published.
#[derive(Debug, Args)]
pub struct PublishingArguments {
    /// Publish the builds of this branch [default: main] [env: `GREENLIGHT_PUBLISH_BRANCH`].
    #[arg(long, value_name = "BRANCH", help_heading = "Settings")]
    pub publish_branch: Option<String>,
    /// Require a passed `--job NAME`; repeatable [env: `GREENLIGHT_REQUIRED_JOBS`].
    #[arg(
        long = "require-job",
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Settings"
    )]
    pub required_jobs: Vec<String>,
}

/// Which environments a release goes through.
#[derive(Debug, Args)]
pub struct EnvironmentsArgument {
    /// Name the environments of a release, in order; the last one is production [default: stage,prod]
    /// [env: `GREENLIGHT_ENVIRONMENTS`].
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        help_heading = "Settings"
    )]
    pub environments: Vec<String>,
}

/// What a message without a label means.
#[derive(Debug, Args)]
pub struct DefaultActionArgument {
    /// Set what a failed load test means if the message has no label: abort, skip or warn [default: warn]
    /// [env: `GREENLIGHT_DEFAULT_ACTION`].
    #[arg(long, value_name = "ACTION", value_parser = named::<LoadTestAction>, help_heading = "Settings")]
    pub default_action: Option<LoadTestAction>,
}

/// Where the configuration is, and every setting of a decision that has a flag.
#[derive(Debug, Args)]
pub struct SettingsArguments {
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    environments: EnvironmentsArgument,
    #[command(flatten)]
    default_action: DefaultActionArgument,
}

impl ConfigArguments {
    /// The settings that the command line overrides.
    pub fn flags<'a>(&'a self, repo: Option<&'a Path>) -> Flags<'a> {
        Flags {
            config: self.config.as_deref(),
            repo,
            ..Flags::default()
        }
    }
}

impl PolicyArguments {
    /// The settings that the command line overrides.
    pub fn flags<'a>(&'a self, repo: Option<&'a Path>) -> Flags<'a> {
        Flags {
            policy: self.policy.as_deref(),
            ..self.config.flags(repo)
        }
    }

    /// The file of `--policy`.
    pub fn file(&self) -> Option<&Path> {
        self.policy.as_deref()
    }
}

impl SettingsArguments {
    /// The settings that the command line overrides.
    pub fn flags<'a>(&'a self, repo: Option<&'a Path>) -> Flags<'a> {
        Flags {
            environments: &self.environments.environments,
            default_action: self.default_action.default_action,
            ..self.policy.flags(repo)
        }
    }
}

/// Finds the settings of a command.
pub fn resolve(flags: &Flags<'_>, output: &Output) -> Result<Resolved, Error> {
    resolve_used(flags, output, |_| true)
}

/// Finds the settings of a command that asks no policy.
pub fn resolve_without_policy(flags: &Flags<'_>, output: &Output) -> Result<Resolved, Error> {
    resolve_used(flags, output, |name| !name.starts_with("policy"))
}

/// Finds the settings of a command that uses only some of them, by name.
pub fn resolve_used(
    flags: &Flags<'_>,
    output: &Output,
    is_used: impl Fn(&str) -> bool,
) -> Result<Resolved, Error> {
    let resolved = find(flags)?;
    if output.is_verbose() {
        output.note(&sources(&resolved, is_used));
    }
    Ok(resolved)
}

/// Finds the settings of a command that prints no notes.
pub fn find(flags: &Flags<'_>) -> Result<Resolved, Error> {
    resolved::resolve(flags, &|name| env::var_os(name))
}

/// Says where the configuration and the policy come from, and every other used setting that is not a default.
fn sources(resolved: &Resolved, is_used: impl Fn(&str) -> bool) -> String {
    let origins = &resolved.origins;
    let config = match resolved.path() {
        Some(path) => format!("`{}` ({})", path.display(), origins.config),
        None => "none".to_owned(),
    };
    let mut text = format!("note: configuration: {}\n", escape(&config));
    // Writing into a string can't fail.
    if is_used("policy") {
        let policy = match &resolved.policy {
            Some(file) => format!("`{}`", file.path.display()),
            None => "bundled".to_owned(),
        };
        let _ = writeln!(
            text,
            "note: policy: {} ({})",
            escape(&policy),
            escape(&resolved.described(origins.policy))
        );
    }
    for setting in shown::settings(resolved) {
        let name = setting.name.as_str();
        if setting.source != Source::Default && name != "policy.file" && is_used(name) {
            let _ = writeln!(
                text,
                "note: {}: {} ({})",
                escape(&setting.name),
                value(&setting.value),
                escape(&source(setting.source, resolved.path()))
            );
        }
    }
    text
}

/// A source for people: `greenlight.toml:12` for the file.
pub fn source(source: Source, path: Option<&Path>) -> String {
    match source {
        Source::Flag(name) => format!("flag {name}"),
        Source::Variable(name) => format!("variable {name}"),
        Source::File(line) => match path {
            Some(path) => format!("{}:{line}", path.display()),
            None => format!("line {line}"),
        },
        Source::Default => "default".to_owned(),
    }
}

/// A value on one line: strings without quotes, lists with commas.
pub fn value(value: &Value) -> String {
    match value {
        Value::String(text) => escape(text).into_owned(),
        Value::Null => "-".to_owned(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values
            .iter()
            .map(self::value)
            .collect::<Vec<_>>()
            .join(", "),
        other => escape(&other.to_string()).into_owned(),
    }
}

/// Loads the policy of settings: from a file, with its digest, or the bundled one without.
pub fn load(resolved: &Resolved, how_often: Use) -> Result<(Policy, Option<String>), Error> {
    let Some(file) = &resolved.policy else {
        let policy = Policy::bundled(how_often)?;
        check_parameters(resolved, &policy, None)?;
        return Ok((policy, None));
    };
    let (bytes, digest) = component(file).map_err(|mut error| {
        let is_unreadable = matches!(error.cause(), Some(Failure::Unreadable(_)));
        match resolved.origins.policy {
            Origin::File(_) if is_unreadable => resolved.in_file("policy.file", error),
            Origin::File(_) => resolved.in_file("policy.digest", error),
            origin => {
                if is_unreadable {
                    error.help = format!("{} (source of the path: {origin})", error.help);
                }
                error
            }
        }
    })?;
    let policy = Policy::from_bytes(&bytes, &compiler()?)?;
    check_parameters(resolved, &policy, Some(&digest))?;
    Ok((policy, Some(digest)))
}

/// A tag that no release has. A policy checks its settings before it reads a tag.
const NO_RELEASE: &str = "latest";

/// Asks a policy about its parameters, before anything starts. It refuses one with a reason that rests on the setting
/// `parameters.NAME`. The bundled policy has no parameters.
fn check_parameters(
    resolved: &Resolved,
    policy: &Policy,
    digest: Option<&str>,
) -> Result<(), Error> {
    let Some(first) = resolved.settings.parameters.first() else {
        return Ok(());
    };
    let is_bundled = digest.is_none_or(|it| it == digest_of(BUNDLED_COMPONENT));
    if is_bundled && !cfg!(policy_given) {
        return Err(resolved.refused_parameter(
            &first.name,
            "the bundled policy has no parameters",
            "name a policy that has this parameter with `[policy] file`, or remove the parameter",
        ));
    }
    let reasons = policy.resolve(NO_RELEASE, &resolved.settings)?;
    for reason in reasons.err().unwrap_or_default() {
        let refused = reason.evidence.iter().find_map(|it| match it {
            Evidence::Setting(name) => name.strip_prefix("parameters."),
            _ => None,
        });
        if let Some(name) = refused {
            let help = "correct it as the policy says";
            let help = reason.help.as_deref().unwrap_or(help);
            return Err(resolved.refused_parameter(name, &reason.message, help));
        }
    }
    Ok(())
}

/// Reads the component of a policy, and checks its digest against the one in the configuration.
pub fn component(file: &PolicyFile) -> Result<(Vec<u8>, String), Error> {
    let bytes = read(&file.path)?;
    let digest = digest_of(&bytes);
    if file
        .digest
        .as_ref()
        .is_some_and(|expected| *expected != digest)
    {
        return Err(Error::new(
            format!(
                "the digest of the policy `{}` does not match the configuration: it is {digest}",
                file.path.display()
            ),
            "check where the file comes from; if it is the right one, write its digest into the configuration",
        ));
    }
    Ok((bytes, digest))
}

/// Loads the policy of settings.
pub fn policy(resolved: &Resolved, how_often: Use) -> Result<Policy, Error> {
    load(resolved, how_often).map(|(policy, _)| policy)
}
