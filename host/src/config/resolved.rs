//! The precedence of settings: flag, variable, file, default.
//!
//! Every command resolves its settings here, so that no two commands judge one commit by different settings.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::find::{self, Found};
use super::load_test;
use super::places::{self, Places};
use super::policy::PARAMETERS;
use super::rules;
use super::shown::Source;
use super::values::Wrong;
use super::{Config, Environment, FILE, PolicyFile};
use crate::contract::names::Named as _;
use crate::contract::settings;
use crate::contract::types::{LoadTestAction, Settings};
use crate::error::Error;

/// The settings on the command line. A command leaves out those for which it has no flag.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags<'a> {
    /// `--config`.
    pub config: Option<&'a Path>,
    /// `--repo`, the folder in which the search for the file starts.
    pub repo: Option<&'a Path>,
    /// `--policy`.
    pub policy: Option<&'a Path>,
    /// `--publish-branch`.
    pub publish_branch: Option<&'a str>,
    /// `--environments`; empty if it is not given.
    pub environments: &'a [String],
    /// `--default-action`.
    pub default_action: Option<LoadTestAction>,
    /// `--require-job`; empty if it is not given.
    pub required_jobs: &'a [String],
}

/// Looks up a variable of the environment by its name.
pub type Variables<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag, by its name: `--policy`.
    Flag(&'static str),
    /// A variable, by its name.
    Variable(&'static str),
    /// The file, by its key; the default if the file does not have the key.
    File(&'static str),
    /// The default.
    Default,
}

/// The origins of the settings that have a flag or a variable.
#[derive(Clone, Copy, Debug)]
pub struct Origins {
    /// Of the path of the file.
    pub config: Origin,
    /// Of the branch whose builds are published.
    pub publish_branch: Origin,
    /// Of the environments.
    pub environments: Origin,
    /// Of the default action.
    pub default_action: Origin,
    /// Of the required jobs.
    pub required_jobs: Origin,
    /// Of the policy.
    pub policy: Origin,
}

/// The settings of a command.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The settings that are passed to the policy.
    pub settings: Settings,
    /// Which policy decides, unless it is the bundled one.
    pub policy: Option<PolicyFile>,
    /// Where these come from.
    pub origins: Origins,
    /// The file, and its parsed contents.
    pub(super) file: Option<(Found, Config)>,
}

/// The name of the variable with the path of the file.
pub const CONFIG: &str = "GREENLIGHT_CONFIG";
const POLICY: &str = "GREENLIGHT_POLICY";
const PUBLISH_BRANCH: &str = "GREENLIGHT_PUBLISH_BRANCH";
const ENVIRONMENTS: &str = "GREENLIGHT_ENVIRONMENTS";
const DEFAULT_ACTION: &str = "GREENLIGHT_DEFAULT_ACTION";
const REQUIRED_JOBS: &str = "GREENLIGHT_REQUIRED_JOBS";

/// Finds the settings of a command.
///
/// # Errors
///
/// If the file can't be read, a named file is missing, or the file, a variable or a flag has an invalid value.
pub fn resolve(flags: &Flags<'_>, variables: &Variables<'_>) -> Result<Resolved, Error> {
    let (found, origin) = locate(flags, variables)?;
    let file = match found {
        Some(found) => {
            let config = Config::read(&found)?;
            Some((found, config))
        }
        None => None,
    };
    let mut resolved = match &file {
        Some((_, config)) => Resolved::of_file(config),
        None => Resolved::of_nothing(),
    };
    resolved.origins.config = origin;
    resolved.file = file;
    resolved.apply_variables(variables)?;
    resolved.apply(flags);
    rules::check(&resolved.settings).map_err(|wrong| resolved.refused(wrong))?;
    Ok(resolved)
}

fn locate(flags: &Flags<'_>, variables: &Variables<'_>) -> Result<(Option<Found>, Origin), Error> {
    if let Some(path) = flags.config {
        return Ok((Some(find::named(path)?), Origin::Flag("--config")));
    }
    if let Some(path) = set(variables, CONFIG)? {
        return Ok((
            Some(find::named(Path::new(&path))?),
            Origin::Variable(CONFIG),
        ));
    }
    Ok((find::above(flags.repo)?, Origin::Default))
}

/// The value of a variable. An empty value is an error: a CI system sets an unknown variable to an empty text,
/// and using the default would hide the mistake.
fn set(variables: &Variables<'_>, name: &str) -> Result<Option<OsString>, Error> {
    match variables(name) {
        Some(value) if value.is_empty() => Err(Error::new(
            format!("the variable `{name}` is empty"),
            "set it to a value, or unset it",
        )),
        value => Ok(value),
    }
}

/// A variable that is set, as text.
fn text(variables: &Variables<'_>, name: &'static str) -> Result<Option<String>, Error> {
    let value = set(variables, name)?.map(OsString::into_string).transpose();
    value.map_err(|_| {
        Error::new(
            format!("the variable `{name}` is not UTF-8"),
            "set it to text, or unset it",
        )
    })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

impl Resolved {
    fn of_nothing() -> Self {
        Self {
            settings: settings::defaults(),
            policy: None,
            origins: Origins {
                config: Origin::Default,
                publish_branch: Origin::Default,
                environments: Origin::Default,
                default_action: Origin::Default,
                required_jobs: Origin::Default,
                policy: Origin::Default,
            },
            file: None,
        }
    }

    /// The lines of keys are looked up only when they are printed.
    pub(super) fn of_file(config: &Config) -> Self {
        Self {
            settings: config.settings.clone(),
            policy: config.policy.clone(),
            origins: Origins {
                config: Origin::Default,
                publish_branch: Origin::File("release.publish-branch"),
                environments: Origin::File("environment"),
                default_action: Origin::File("release.default-action"),
                required_jobs: Origin::File("release.required-jobs"),
                policy: Origin::File("policy.file"),
            },
            file: None,
        }
    }

    fn apply_variables(&mut self, variables: &Variables<'_>) -> Result<(), Error> {
        if let Some(branch) = text(variables, PUBLISH_BRANCH)? {
            self.settings.publish_branch = branch;
            self.origins.publish_branch = Origin::Variable(PUBLISH_BRANCH);
        }
        if let Some(names) = text(variables, ENVIRONMENTS)? {
            self.name_environments(&list(&names));
            self.origins.environments = Origin::Variable(ENVIRONMENTS);
        }
        if let Some(word) = text(variables, DEFAULT_ACTION)? {
            self.settings.default_action = LoadTestAction::from_name(&word).ok_or_else(|| {
                Error::new(
                    format!("unknown action `{word}` in the variable `{DEFAULT_ACTION}`"),
                    "set it to `abort`, `skip` or `warn`",
                )
            })?;
            self.origins.default_action = Origin::Variable(DEFAULT_ACTION);
        }
        if let Some(names) = text(variables, REQUIRED_JOBS)? {
            self.settings.required_jobs = list(&names);
            self.origins.required_jobs = Origin::Variable(REQUIRED_JOBS);
        }
        if let Some(path) = set(variables, POLICY)? {
            self.name_policy(path.into());
            self.origins.policy = Origin::Variable(POLICY);
        }
        Ok(())
    }

    fn apply(&mut self, flags: &Flags<'_>) {
        if let Some(branch) = flags.publish_branch {
            branch.clone_into(&mut self.settings.publish_branch);
            self.origins.publish_branch = Origin::Flag("--publish-branch");
        }
        if !flags.environments.is_empty() {
            self.name_environments(flags.environments);
            self.origins.environments = Origin::Flag("--environments");
        }
        if let Some(action) = flags.default_action {
            self.settings.default_action = action;
            self.origins.default_action = Origin::Flag("--default-action");
        }
        if !flags.required_jobs.is_empty() {
            self.settings.required_jobs = flags.required_jobs.to_vec();
            self.origins.required_jobs = Origin::Flag("--require-job");
        }
        if let Some(path) = flags.policy {
            self.name_policy(path.to_owned());
            self.origins.policy = Origin::Flag("--policy");
        }
    }

    /// The error for a setting that breaks a rule. The file has been checked already, so a flag or a variable is at
    /// fault.
    fn refused(&self, wrong: Wrong) -> Error {
        let origin = match wrong.key.as_str() {
            "release.publish-branch" => self.origins.publish_branch,
            key if key.starts_with("release.required-jobs") => self.origins.required_jobs,
            _ => self.origins.environments,
        };
        let key = places::shown(&wrong.key);
        Error::new(format!("{origin}: `{key}` {}", wrong.why), wrong.help)
    }

    /// Sets the environments by their names. An environment that the file describes keeps its other settings. A load test without a
    /// list of environments runs in the first of them.
    fn name_environments(&mut self, names: &[String]) {
        let known = self
            .file
            .as_ref()
            .map(|(_, config)| &config.settings.environments);
        let known = |name: &String| known?.iter().find(|it| it.name == *name).cloned();
        let given = names.iter();
        self.settings.environments = given
            .map(|name| known(name).unwrap_or_else(|| settings::environment(name)))
            .collect();
        let tests = self.config().map_or(&[][..], |it| &it.load_tests).to_vec();
        load_test::assign(&tests, &mut self.settings.environments);
    }

    /// Sets the policy. The digest in the file belongs to the policy in the file, so it is dropped.
    fn name_policy(&mut self, path: PathBuf) {
        self.policy = Some(PolicyFile { path, digest: None });
    }

    /// The error for a parameter that the policy can't use. Only the file has parameters. If it does not have this one,
    /// the error names the line of the table around it.
    pub fn refused_parameter(&self, name: &str, why: &str, help: &str) -> Error {
        let key = format!("{PARAMETERS}{name}");
        self.in_file(&key, Error::new(why, help))
    }

    /// Names the file, the line and the key before the message of an error.
    pub fn in_file(&self, key: &str, error: Error) -> Error {
        let text = self.file.as_ref().map_or("", |(found, _)| &found.text);
        let line = Places::of(text).line(key);
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        let error = error.within(format_args!("{line}`{key}`"));
        match self.path() {
            Some(path) => error.within(format_args!("failed to use `{}`", path.display())),
            None => error,
        }
    }

    /// The path of the file, as messages name it.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(found, _)| found.path.as_path())
    }

    /// What names the file: a flag or a variable; the default if the file was found by searching.
    pub fn named_by(&self) -> Source {
        match self.origins.config {
            Origin::Flag(name) => Source::Flag(name),
            Origin::Variable(name) => Source::Variable(name),
            Origin::File(_) | Origin::Default => Source::Default,
        }
    }

    /// The contents of the file, if one was found.
    pub fn config(&self) -> Option<&Config> {
        self.file.as_ref().map(|(_, config)| config)
    }

    /// The configuration of a command that needs a file, with the resolved settings. An environment that the file
    /// does not describe is only in the settings.
    ///
    /// # Errors
    ///
    /// If no file was found.
    pub fn required(self) -> Result<Config, Error> {
        let Some((_, config)) = self.file else {
            return Err(Error::new(
                format!(
                    "failed to read the configuration: no `{FILE}` in this folder or in a parent folder up to the root of the repository"
                ),
                format!("write a `{FILE}`, or name another file with `--config`"),
            ));
        };
        let order = self.settings.environments.iter();
        let environments: Vec<Environment> = order
            .filter_map(|it| config.environment(&it.name))
            .cloned()
            .collect();
        Ok(Config {
            settings: self.settings,
            policy: self.policy,
            environments,
            ..config
        })
    }

    /// Checks that the file says how to deploy to each environment.
    ///
    /// # Errors
    ///
    /// If it does not. A missing file is reported by [`Self::required`].
    pub fn check_deployable(&self) -> Result<(), Error> {
        let Some((found, config)) = &self.file else {
            return Ok(());
        };
        let names = self.settings.environments.iter().map(|it| &it.name);
        match names
            .into_iter()
            .find(|name| config.environment(name).is_none())
        {
            None => Ok(()),
            Some(name) => Err(Error::new(
                format!(
                    "`{}` has no `[[environment]]` named `{name}` (source of the environments: {})",
                    found.path.display(),
                    self.described(self.origins.environments)
                ),
                "add a table with its `name`, `deploy` and `nodes`; see `greenlight schema config`",
            )),
        }
    }

    /// The line of a key in the file, if the file has it.
    pub(super) fn line(&self, key: &str) -> Option<usize> {
        let (found, _) = self.file.as_ref()?;
        Places::of(&found.text).exact(key)
    }

    /// An origin for people: `greenlight.toml:12` for the file.
    pub fn described(&self, origin: Origin) -> String {
        let Origin::File(key) = origin else {
            return origin.to_string();
        };
        match (self.path(), self.line(key)) {
            (Some(path), Some(line)) => format!("{}:{line}", path.display()),
            _ => Origin::Default.to_string(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::File(key) => write!(f, "`{key}`"),
            Self::Default => f.write_str("default"),
        }
    }
}
