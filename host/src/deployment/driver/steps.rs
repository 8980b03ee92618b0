//! Carrying out a step: a command of the configuration that the policy asks for.

use super::Driver;
use crate::contract::promotion::{Action, EventKind, Step};
use crate::deployment::commands::{self, Command};
use crate::deployment::{Error, step};
use crate::journal::Lock;

impl Driver<'_> {
    /// Runs a step to its end. Before the first deployment to an environment, the environment is locked and surveyed as
    /// for a deploy command.
    pub(super) fn perform(&mut self, asked: &Step, effect: &Action) -> Result<(), Error> {
        let environment = asked.environment.as_str();
        let Some(how) = self.context.config.step(&asked.name) else {
            return Err(step::not_configured(asked));
        };
        if !self.is_deployed(environment) && !self.is_ready(environment) {
            return self.survey(environment);
        }
        if !self.hold_or_wait(environment)? {
            return Ok(());
        }
        // The environment before this one is free for the next release.
        let kept = [Lock::environment(environment), Lock::tag(&self.release.tag)];
        self.leases
            .release_all_but(self.record.log.store.as_mut(), &kept)?;
        let mut variables = step::variables(asked)?;
        self.start(effect)?;
        let what = format!("step-{}", asked.name);
        let name = commands::name(self.record.log.next(), &what, environment);
        let own = self.folder.join(&name);
        variables.push(step::answer_variable(&own));
        let command = Command {
            arguments: &how.command,
            name,
            time_limit: how.time_limit,
            own: None,
            variables,
        };
        let Some(ran) = self.changing_command(&command, environment)? else {
            return Ok(());
        };
        let took = ran.took;
        let performed = step::performed(ran, asked, &own, &self.folder);
        self.record.happened(performed.kind, performed.details)?;
        let screen = &mut self.context.screen;
        screen.ended(effect, performed.well, &performed.said, took);
        Ok(())
    }

    /// Whether this deployment has deployed the release to an environment, or tried to.
    fn is_deployed(&self, environment: &str) -> bool {
        let mut events = self.record.events().iter();
        events.any(|it| {
            matches!(&it.kind, EventKind::Deployed(it)
                if it.environment == environment && it.commit == self.began.commit)
        })
    }

    /// Whether an environment was surveyed and is still locked.
    fn is_ready(&self, environment: &str) -> bool {
        let surveyed = self.surveyed.as_ref();
        surveyed.is_some_and(|(of, _)| of == environment)
            && self.leases.holds(&Lock::environment(environment))
    }
}
