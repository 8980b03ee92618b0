//! Reading the metrics of an environment that is watched, once.
//!
//! The environment is not locked meanwhile: a watch is long, and other releases would have to wait for it. If another
//! release is found there, that is recorded, and the policy decides again before anything is read.

use super::Driver;
use crate::contract::promotion::{Action, EventKind};
use crate::deployment::entry::{Details, Entry};
use crate::deployment::watch::Reader;
use crate::deployment::{Error, live, log, nodes};

impl Driver<'_> {
    /// Reads all metrics of an environment, and records the round.
    pub(super) fn measure(&mut self, environment: &str) -> Result<(), Error> {
        let config = self.context.config;
        let settings = self.settings.environments.iter();
        let mut settings = settings.filter(|it| it.name == environment);
        let watch = settings.find_map(|it| it.watch.clone());
        let Some(watch) = watch else {
            return Err(super::not_possible(&Action::Measure(
                environment.to_owned(),
            )));
        };
        let (Some(server), Some(how)) = (&config.metrics, config.environment(environment)) else {
            return Err(not_configured(environment));
        };
        let answers = nodes::ask(config, environment, &self.context.shutdown);
        self.context.check_shutdown()?;
        let versions = nodes::commits(&answers);
        if self.finds_another(environment, &versions)? {
            return Ok(());
        }
        let before = self.deployment_began(environment)?;
        let reader = Reader {
            server,
            metrics: &how.metrics,
            settings: &watch,
            commit: &self.began.commit,
            environment,
            before,
        };
        let Some(round) = reader.read(versions, &self.context.shutdown) else {
            return self.context.check_shutdown();
        };
        let (text, is_within) = reader.in_words(&round);
        self.context.screen.note(&text);
        if !is_within {
            self.record.log.write(&Entry::Noted { text })?;
        }
        let measured = EventKind::Measured(round);
        Ok(self.record.happened(measured, Details::Nothing)?)
    }

    /// Records the other releases that are in an environment, and returns whether one of them was not known.
    fn finds_another(&mut self, environment: &str, versions: &[String]) -> Result<bool, Error> {
        let added = self.record.added;
        for commit in versions {
            self.look().place(environment, commit)?;
        }
        let own = Some(self.record.log.deployment);
        let store = self.record.log.store.as_mut();
        if let Some(other) = live::recorded(store, environment, own)? {
            self.look().place(environment, other.commit())?;
        }
        Ok(self.record.added > added)
    }

    /// When this deployment began to change an environment, in seconds since 1970; `None` if it did not.
    fn deployment_began(&mut self, environment: &str) -> Result<Option<u64>, Error> {
        let number = self.record.log.deployment;
        let entries = log::read(self.record.log.store.as_mut(), number)?;
        let mut latest = entries.iter().rev();
        let began = latest.find(|it| {
            matches!(&it.entry, Entry::Started { effect: Action::Deploy(name) } if name == environment)
        });
        Ok(began.map(|it| it.at / 1000))
    }
}

/// The deployment began with a watch that the configuration does not have any more.
fn not_configured(environment: &str) -> Error {
    Error::host(
        format!(
            "the deployment began with a watch of `{environment}`, which the configuration does not have"
        ),
        "continue with the configuration that it began with",
    )
}
