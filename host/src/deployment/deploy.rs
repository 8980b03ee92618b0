//! Deploying: the team's own command.

use super::entry::{CommandDetails, Details};
use super::{Driver, Error, tenure};
use crate::clock;
use crate::contract::promotion::{Action, Deployment, Happening, Outcome};
use crate::effects::process::{self, Ending, Finished, Task};
use crate::facts;

impl Driver<'_> {
    pub(super) fn deploy(&mut self, environment: &str, effect: &Action) -> Result<(), Error> {
        let Some(how) = self.means.config.environment(environment).cloned() else {
            return Err(not_configured(environment).into());
        };
        self.confirm()?;
        // Whoever goes on from an environment gives it to the next release.
        self.leases.release_all_but(
            self.log.store.as_mut(),
            &[environment, &tenure(&self.release.tag)],
        )?;
        self.start(effect)?;
        let (finished, details) = self.command(
            &how.deploy,
            &format!("deploy-{environment}"),
            environment,
            how.time_limit,
        )?;
        if self.was_interrupted(&finished.ending) {
            return self.go_on();
        }
        let outcome = match &finished.ending {
            Ending::Exited(0) => Outcome::Succeeded,
            Ending::Exited(_) | Ending::Killed(_) | Ending::NotStarted(_) => Outcome::Failed,
            Ending::TimedOut => Outcome::TimedOut,
            Ending::Interrupted => Outcome::Unknown,
        };
        let well = outcome == Outcome::Succeeded;
        let said = self.with_log(details.ended.clone(), &details.log, well);
        let deployment = Deployment {
            environment: environment.to_owned(),
            commit: self.began.commit.clone(),
            digest: self.release.digest.clone(),
            outcome,
        };
        self.happened(Happening::Deployed(deployment), Details::Command(details))?;
        self.means.screen.ended(effect, well, &said, finished.took);
        Ok(())
    }

    /// Adds where the log is, to what did not go well.
    pub(super) fn with_log(&self, said: String, log: &str, well: bool) -> String {
        if well {
            return said;
        }
        format!("{said}; its log: {}", self.folder.join(log).display())
    }

    /// Runs a command of the configuration, its output on the screen and in a log.
    pub(super) fn command(
        &mut self,
        command: &[String],
        name: &str,
        environment: &str,
        time_limit: std::time::Duration,
    ) -> Result<(Finished, CommandDetails), Error> {
        let log = format!("{:04}-{name}.log", self.log.next());
        let variables = self.variables(environment);
        let without = self.secrets();
        let folder = std::path::absolute(&self.means.config.folder)
            .unwrap_or_else(|_| self.means.config.folder.clone());
        let task = Task {
            command,
            variables: &variables,
            without: &without,
            folder: &folder,
            log: &self.folder.join(&log),
            time_limit,
        };
        let screen = &mut *self.means.screen;
        let finished = process::run(&task, self.means.interrupt, &mut |line| screen.line(line));
        let finished = finished.map_err(|error| {
            facts::Error::new(
                format!("failed to keep the log `{log}`: {error}"),
                "make room, then go on with `greenlight run --resume`",
            )
        })?;
        let details = CommandDetails {
            ended: in_words(&finished.ending),
            exit_status: match finished.ending {
                Ending::Exited(status) => Some(status),
                _ => None,
            },
            took: clock::in_milliseconds(finished.took),
            log,
        };
        Ok((finished, details))
    }
}

fn not_configured(environment: &str) -> facts::Error {
    facts::Error::new(
        format!(
            "the configuration has no environment `{environment}`, and the deployment began with one"
        ),
        "go on with the configuration that it began with",
    )
}

fn in_words(ending: &Ending) -> String {
    match ending {
        Ending::Exited(0) => "succeeded".to_owned(),
        Ending::Exited(status) => format!("exit status {status}"),
        Ending::Killed(signal) => format!("killed by signal {signal}"),
        Ending::TimedOut => "took too long, and was ended".to_owned(),
        Ending::Interrupted => "interrupted".to_owned(),
        Ending::NotStarted(why) => why.clone(),
    }
}
