//! Beginning a deployment.

use super::console::Console;
use super::request::{already, not_ended};
use super::{Deployment, place};
use crate::cli::journal::{alone, claim, failed, open};
use crate::cli::output::Output;
use crate::cli::{Error, Exit, resolve};
use crate::clock;
use crate::contract::promotion::{Action, Instruction};
use crate::deployment::entry::Began;
use crate::deployment::log::Log;
use crate::deployment::{Driver, tenure};
use crate::effects::slack;
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::facts::{git, message};
use crate::journal::{self, NewDeployment};
use crate::sandbox::Answer;

impl Deployment<'_> {
    pub(super) fn begin(&self, tag: &str, output: &mut Output) -> Result<Exit, Error> {
        if let Some(number) = self.begun(tag)? {
            return Ok(already(number, output));
        }
        let settings = &self.config.settings;
        let target = match self.policy.resolve(tag, settings)? {
            Ok(target) => target,
            Err(reasons) => {
                return resolve::refuse(self.arguments.format.format, reasons, output);
            }
        };
        let entry = place(settings, &target.environment)?;
        let mut console = Console::new(output, self.arguments.format.format);
        let instruction = match self.instruction(&target.commit, &mut console)? {
            Ok(instruction) => instruction,
            Err(reasons) => {
                return resolve::refuse(self.arguments.format.format, reasons, output);
            }
        };
        if let Some(Err(why)) = self.config.slack.as_ref().map(slack::url) {
            console.note(&format!("nobody will be told: {why}"));
        }
        let began = Began {
            greenlight: env!("CARGO_PKG_VERSION").to_owned(),
            policy: self.digest.clone(),
            tag: tag.to_owned(),
            digest: self.arguments.digest.clone(),
            instruction,
            commit: target.commit.clone(),
            settings: settings.clone(),
        };
        if self.config.load_test.is_none() && self.asks_for_load_test(&began)? {
            return Err(Error::new(
                "a load test is asked for, and none is configured",
                "write a `[load-test]` table into the configuration; see `greenlight schema config`",
            ));
        }
        let (location, mut store) = open(self.config)?;
        let empty = alone(store.as_mut(), tag, None)?;
        let leases = self.keep(location)?;
        if let Some(number) = self.given_up(store.as_mut(), &leases, &empty)? {
            drop(console);
            return Ok(already(number, output));
        }
        let new = NewDeployment {
            tag: tag.to_owned(),
            digest: self.arguments.digest.clone(),
            commit: target.commit.clone(),
            began: clock::milliseconds(),
            request: self.arguments.request.clone(),
        };
        let number = match store.begin(&new) {
            Err(journal::Error::Requested(number)) => {
                drop(console);
                return Ok(already(number, output));
            }
            number => number.map_err(failed)?,
        };
        // Whoever died before its first record has left the tag behind, and nothing that could still run.
        for other in empty {
            let tenure = tenure(tag);
            let store = store.as_mut();
            let claimed = leases.claim(store, &tenure, other, &target.commit);
            if claimed.map_err(failed)?.is_none() {
                leases.release_all_but(store, &[]).map_err(failed)?;
            }
        }
        // Somebody else may have begun in between.
        let alone = claim(&leases, store.as_mut(), number, tag, &target.commit)
            .and_then(|()| alone(store.as_mut(), tag, Some(number)))
            .and_then(|empty| not_ended(store.as_mut(), number).map(|()| empty));
        let empty = match alone {
            Ok(empty) => empty,
            Err(error) => {
                store.conclude(number, "canceled").map_err(failed)?;
                return Err(error);
            }
        };
        for number in empty {
            store.conclude(number, "canceled").map_err(failed)?;
        }
        let driver = Driver::begin(
            self.means(&mut console),
            Log::new(store, number, 1),
            leases,
            began,
            entry,
            self.arguments.approved_by.as_deref(),
        );
        let end = driver.and_then(Driver::run);
        self.finish(end, number, console, output)
    }

    /// Whether the policy would have a load test run once the first environment has converged.
    fn asks_for_load_test(&self, began: &Began) -> Result<bool, Error> {
        let settings = &self.config.settings;
        let Some(first) = settings.environments.first() else {
            return Ok(false);
        };
        let subject = Subject {
            environment: &first.name,
            commit: &began.commit,
            digest: began.digest.as_deref(),
        };
        let now = clock::seconds();
        let events = evidence::history(&subject, Some(Stage::Converged), LoadTestWord::NotRun, now);
        let decision = self
            .policy
            .decide(&began.release(), &events, now, settings)?;
        Ok(matches!(decision.next, Action::LoadTest(_)))
    }

    /// What the message of the commit says, where there is one to be read.
    fn instruction(
        &self,
        commit: &str,
        console: &mut Console,
    ) -> Result<Answer<Option<Instruction>>, Error> {
        let read = match git::commit(self.arguments.repo.as_deref(), commit) {
            Ok(read) => read,
            Err(error) if self.arguments.approved_by.is_some() => {
                console.note(&format!("the commit's message is not known: {error}"));
                return Ok(Ok(None));
            }
            Err(error) => {
                return Err(Error::new(
                    format!("git does not have the tag's commit: {error}"),
                    "check the tag, `git fetch`, or name the repository with `--repo`; whoever knows what \
                     it is may say `--approved-by NAME`",
                ));
            }
        };
        let reading = message::from_commit(&read)?;
        let action = self.config.settings.default_action;
        Ok(self.policy.parse(&reading.message, action)?.map(|labels| {
            for diagnostic in &labels.diagnostics {
                console.note(&format!("{}: {}", diagnostic.code, diagnostic.message));
            }
            Some(Instruction {
                action: labels.action,
                source: labels.source,
            })
        }))
    }
}
