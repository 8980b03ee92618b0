//! The facts about a release or a build: which sources are asked, and in which order.
//!
//! Facts of the command line and of the command of `[facts]` are always read. Those of git and of the CI system take
//! time, and the bundled policy does not use them, so they are read for another policy, or with a `[facts]` table.

use std::path::Path;

use super::{Error, log, unreleased};
use crate::config::Config;
use crate::contract::types::Fact;
use crate::error;
use crate::facts::ci::{self, CiEnvironment};
use crate::facts::git;
use crate::facts::release::{command, of_ci, of_git, repeated};
use crate::sandbox::Policy;

/// The sources of facts.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The configuration, if one was found.
    pub config: Option<&'a Config>,
    /// The policy that receives the facts.
    pub policy: &'a Policy,
    /// The repository; the one around the current folder if absent.
    pub repo: Option<&'a Path>,
    /// The facts of the command line.
    pub given: &'a [Fact],
}

/// The release or the build that facts are about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The commit.
    pub commit: &'a str,
    /// The commit as git has it, if it was read already.
    pub read: Option<&'a git::Commit>,
    /// The tag; absent for a build.
    pub tag: Option<&'a str>,
    /// The digest of the image, if known.
    pub digest: Option<&'a str>,
    /// The CI system, if it was read already.
    pub ci: Option<&'a CiEnvironment>,
}

impl Sources<'_> {
    /// Reads the facts. A fact of git or of the CI system that is unknown is absent.
    ///
    /// # Errors
    ///
    /// If the command of `[facts]` fails, two facts have the same name, or the journal, which knows the live commit, can't
    /// be read.
    pub fn read(&self, about: Subject<'_>) -> Result<Vec<Fact>, Error> {
        let mut facts = self.given.to_vec();
        facts.extend(self.of_command(about)?);
        if let Some(name) = repeated(&facts) {
            return Err(Error::host(
                format!("two facts have the name `{name}`"),
                "give it once: with `--fact`, or by the command of `[facts]`",
            ));
        }
        let has_table = self.config.is_some_and(|it| it.facts.is_some());
        if self.policy.is_bundled() && !has_table {
            return Ok(facts);
        }
        let read = || git::commit(self.repo, about.commit).ok();
        if let Some(read) = about.read.cloned().or_else(read) {
            let live = self.live()?;
            facts.extend(of_git(self.repo, &read, live.as_deref()));
        }
        let system = match about.ci {
            Some(ci) => Some(ci.clone()),
            None => ci::here()?,
        };
        facts.extend(system.iter().flat_map(|it| of_ci(it, about.commit)));
        Ok(facts)
    }

    fn of_command(&self, about: Subject<'_>) -> Result<Vec<Fact>, error::Error> {
        let Some((config, facts)) = self
            .config
            .and_then(|config| Some((config, config.facts.as_ref()?)))
        else {
            return Ok(Vec::new());
        };
        let Some(arguments) = &facts.command else {
            return Ok(Vec::new());
        };
        let command = command::Command {
            arguments,
            folder: &config.folder,
            variables: &[
                ("GREENLIGHT_COMMIT", about.commit),
                ("GREENLIGHT_TAG", about.tag.unwrap_or_default()),
                ("GREENLIGHT_DIGEST", about.digest.unwrap_or_default()),
            ],
            without: &config.secret_variables(),
            time_limit: facts.time_limit,
        };
        command.run()
    }

    /// The commit that is live in the last environment, as the journal says.
    fn live(&self) -> Result<Option<String>, Error> {
        let Some(config) = self.config else {
            return Ok(None);
        };
        let production = config.settings.environments.last();
        let (Some(production), Some(mut store)) = (production, log::look(config)?) else {
            return Ok(None);
        };
        unreleased::live(store.as_mut(), &production.name)
    }
}
