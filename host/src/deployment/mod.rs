//! A deployment: decide, do, record, decide again.
//!
//! The policy says what is done next, and this module does it. What it adds by itself are facts: who
//! holds an environment, what its nodes serve, which of two commits is newer. There is no decision here:
//! each arm of [`Driver::run`] carries out one action of the contract and records what came of it.

mod ancestry;
mod borrowed;
mod convergence;
mod deploy;
pub mod elsewhere;
pub mod entry;
mod error;
mod files;
mod leases;
mod load_test;
pub mod log;
mod notice;
mod record;
mod resume;
mod screen;
mod survey;
pub mod timeline;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::Error;
pub use leases::Leases;
pub use screen::Screen;

use crate::clock;
use crate::config::Config;
use crate::contract::names::Named as _;
use crate::contract::promotion::{
    Action, Conclusion, Decision, Event, Happening, Intervention, Release,
};
use crate::contract::types::Settings;
use crate::effects::interrupt::Interrupt;
use crate::effects::probe::Prober;
use crate::effects::process::Ending;
use crate::sandbox::Policy;
use crate::secret::Source;
use entry::{Began, Details, Entry};
use log::Log;

/// How far apart signals to the processes of one job may arrive.
const SIGNALS_ARRIVE: Duration = Duration::from_millis(200);

/// How much shorter or longer a wait is than asked for, so that deployments do not ask all at once.
const JITTER: (f64, f64) = (0.9, 1.1);

/// What a deployment is driven with.
pub struct Means<'a> {
    /// How things are done.
    pub config: &'a Config,
    /// Who decides.
    pub policy: &'a Policy,
    /// Where git's history is.
    pub repo: Option<&'a Path>,
    /// Who asks to end.
    pub interrupt: &'a Interrupt,
    /// Who looks on.
    pub screen: &'a mut dyn Screen,
}

/// The name under which the right to drive deployments of a tag is held, beside the environments.
pub fn tenure(tag: &str) -> String {
    format!("tag {tag}")
}

/// How the loop ended.
#[derive(Debug)]
pub struct End {
    /// The conclusion.
    pub conclusion: Conclusion,
    /// What it is about.
    pub release: Release,
    /// The decision that it rests on.
    pub decision: Decision,
}

/// A deployment under way.
pub struct Driver<'a> {
    means: Means<'a>,
    log: Log,
    leases: Leases,
    began: Began,
    settings: Settings,
    release: Release,
    /// Everything that has happened, as the policy is told.
    history: Vec<Event>,
    /// The environment that was looked at last before deploying to it, and how long the history was then.
    surveyed: Option<(String, usize)>,
    /// How far entries of other deployments have been taken over: deployment and position.
    borrowed: Vec<(u64, u64)>,
    /// Whether time has passed since other deployments were looked at.
    stale: bool,
    /// Place of the environment that the tag names.
    entry: usize,
    folder: PathBuf,
}

impl<'a> Driver<'a> {
    /// Begins a deployment: its first entry is written.
    ///
    /// # Errors
    ///
    /// If the journal can't be written, or the folder for its files can't be made.
    pub fn begin(
        means: Means<'a>,
        log: Log,
        leases: Leases,
        began: Began,
        entry: usize,
        approved_by: Option<&str>,
    ) -> Result<Self, Error> {
        let mut driver = Self::with(means, log, leases, began, entry)?;
        driver.log.write(&Entry::Began(driver.began.clone()))?;
        let number = driver.log.deployment;
        driver.means.screen.began(number, &driver.began, false);
        if let Some(name) = approved_by {
            let name = name.to_owned();
            driver.means.screen.note(&format!("approved by {name}"));
            let approved = Happening::Intervened(Intervention::Approved);
            driver.happened(approved, Details::Person { name })?;
        }
        Ok(driver)
    }

    fn with(
        means: Means<'a>,
        log: Log,
        leases: Leases,
        began: Began,
        entry: usize,
    ) -> Result<Self, Error> {
        let folder = files::folder(&means.config.records, log.deployment)?;
        let settings = began.settings.clone();
        Ok(Self {
            release: began.release(),
            means,
            log,
            leases,
            began,
            settings,
            history: Vec::new(),
            surveyed: None,
            borrowed: Vec::new(),
            stale: true,
            entry,
            folder,
        })
    }

    /// Goes on until the policy says that nothing is left to do.
    ///
    /// # Errors
    ///
    /// What keeps the deployment from going on. It can be resumed.
    pub fn run(mut self) -> Result<End, Error> {
        loop {
            self.go_on()?;
            let decision = self.decide()?;
            match &decision.next {
                Action::Deploy(environment) if !self.has_surveyed(environment) => {
                    self.survey(environment)?;
                }
                Action::Deploy(environment) => self.deploy(environment, &decision.next)?,
                Action::Observe(environment) => self.observe(environment)?,
                Action::LoadTest(environment) => self.load_test(environment, &decision.next)?,
                Action::Notify(notice) => self.notify(notice, &decision)?,
                Action::Wait(seconds) => self.wait(*seconds)?,
                Action::Finish(conclusion) => return self.finish(*conclusion, decision),
            }
        }
    }

    /// Whether an environment was looked at, and nothing has happened since.
    fn has_surveyed(&self, environment: &str) -> bool {
        let surveyed = self.surveyed.as_ref();
        surveyed.is_some_and(|(of, length)| of == environment && *length == self.history.len())
    }

    fn decide(&mut self) -> Result<Decision, Error> {
        if std::mem::take(&mut self.stale) {
            self.borrow()?;
        }
        let now = clock::seconds();
        let decision =
            self.means
                .policy
                .decide(&self.release, &self.history, now, &self.settings)?;
        self.log.write(&Entry::Decided {
            now,
            decision: decision.clone(),
        })?;
        self.means.screen.decided(&decision);
        Ok(decision)
    }

    /// Makes sure that an environment is this deployment's, also after a resume.
    fn hold(&mut self, environment: &str) -> Result<(), Error> {
        if self.leases.holds(environment) {
            return Ok(());
        }
        if self.leases.has_lost(environment) {
            return Err(Error::LostLease(environment.to_owned()));
        }
        let (number, commit) = (self.log.deployment, &self.began.commit);
        let store = self.log.store.as_mut();
        match self.leases.claim(store, environment, number, commit)? {
            None => Ok(()),
            Some(_) => Err(Error::LostLease(environment.to_owned())),
        }
    }

    fn wait(&mut self, seconds: u32) -> Result<(), Error> {
        let time = Duration::from_secs(u64::from(seconds));
        let time = crate::retry::spread(time, JITTER, fastrand::f64());
        if self.means.interrupt.wait(time) {
            return self.go_on();
        }
        self.stale = true;
        self.happened(Happening::Waited(seconds), Details::Nothing)
    }

    fn finish(mut self, conclusion: Conclusion, decision: Decision) -> Result<End, Error> {
        self.log.write(&Entry::Concluded { conclusion })?;
        let number = self.log.deployment;
        self.log.store.conclude(number, conclusion.name())?;
        // It has ended, whatever becomes of its leases: they expire.
        let _ = self.leases.release_all_but(self.log.store.as_mut(), &[]);
        self.means.screen.concluded(conclusion);
        Ok(End {
            conclusion,
            release: self.release,
            decision,
        })
    }

    /// Records something that happened, durably, and adds it to what the policy is told.
    fn happened(&mut self, happening: Happening, details: Details) -> Result<(), Error> {
        let event = Event {
            at: clock::seconds(),
            happening,
        };
        self.log.write(&Entry::Happened {
            event: event.clone(),
            details,
        })?;
        self.history.push(event);
        Ok(())
    }

    /// Records that an effect is about to start; after that it must not start twice unnoticed.
    ///
    /// Right before, the store is asked whether this deployment still holds its environments.
    fn start(&mut self, effect: &Action) -> Result<(), Error> {
        self.go_on()?;
        self.confirm()?;
        self.log.write(&Entry::Started {
            effect: effect.clone(),
        })?;
        self.means.screen.started(effect);
        Ok(())
    }

    fn confirm(&mut self) -> Result<(), Error> {
        match self.leases.confirm(self.log.store.as_mut())? {
            Some(environment) => Err(Error::LostLease(environment)),
            None => Ok(()),
        }
    }

    /// Whether a command that did not succeed was ended by what asks this process to end: many runners
    /// signal all processes of a job at once.
    fn was_interrupted(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Interrupted => true,
            Ending::Exited(0) | Ending::TimedOut | Ending::NotStarted(_) => false,
            Ending::Exited(_) | Ending::Killed(_) => self.means.interrupt.wait(SIGNALS_ARRIVE),
        }
    }

    /// Ends here if somebody asked for it.
    fn go_on(&mut self) -> Result<(), Error> {
        if !self.means.interrupt.is_raised() {
            return Ok(());
        }
        self.log.write(&Entry::Interrupted)?;
        // What can't be given back expires; it was asked to end.
        let _ = self.leases.release_all_but(self.log.store.as_mut(), &[]);
        Err(Error::Interrupted)
    }

    /// A prober, and the nodes of an environment: names and base URLs are the same.
    fn nodes(&self, environment: &str) -> Option<(Prober, Vec<(String, String)>)> {
        let environment = self.means.config.environment(environment)?;
        let nodes = environment.nodes.iter();
        let nodes = nodes.map(|url| (url.clone(), url.clone())).collect();
        Some((Prober::new(environment.node_time_limit), nodes))
    }

    /// What commands are told, as variables.
    fn variables(&self, environment: &str) -> Vec<(String, String)> {
        let nodes = self.means.config.environment(environment);
        let nodes = nodes.map_or_else(String::new, |it| it.nodes.join(" "));
        let digest = self.release.digest.clone().unwrap_or_default();
        [
            ("DEPLOYMENT", self.log.deployment.to_string()),
            ("ENVIRONMENT", environment.to_owned()),
            ("TAG", self.release.tag.clone()),
            ("COMMIT", self.began.commit.clone()),
            ("DIGEST", digest),
            ("NODES", nodes),
            ("FOLDER", self.folder.to_string_lossy().into_owned()),
        ]
        .map(|(name, value)| (format!("GREENLIGHT_{name}"), value))
        .to_vec()
    }

    /// The variables with secrets that no command needs: what it does not have it can't print.
    fn secrets(&self) -> Vec<String> {
        let slack = self.means.config.slack.as_ref();
        slack
            .and_then(Source::variable)
            .map(str::to_owned)
            .into_iter()
            .collect()
    }
}
