//! The loop that drives a deployment, and the only place that knows its whole state.
//!
//! There is no decision here: each arm of [`Driver::step`] carries out one action of the contract and
//! records its outcome.

mod deadline;
mod measure;
mod messages;
mod notices;
mod opening;
mod running;
mod running_command;
mod steps;
mod supersede;
mod waiting;
mod windows;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::commands::{self, Command};
use super::entry::{Began, Details, Entry, Person};
use super::held::Held;
use super::imported::Imported;
use super::last_look::LastLook;
use super::load_test::{self, RunningTest};
use super::log::{Log, Record};
use super::mailbox::Mailbox;
use super::nodes::{self, Nodes};
use super::recovery::Opening;
use super::survey::Survey;
use super::{Context, End, Error, HeldLeases, Keeper, calendar, occupant};
use crate::contract::actions::sentence;
use crate::contract::promotion::{
    Action, Conclusion, Decision, EventKind, LoadTest, LoadTestRun, Outcome, Release,
};
use crate::contract::types::Settings;
use crate::journal::{Freeze, Lock};

/// A running deployment.
pub(super) struct Driver<'a> {
    context: Context<'a>,
    record: Record,
    leases: HeldLeases,
    mailbox: Mailbox,
    began: Began,
    settings: Settings,
    release: Release,
    /// The numbers of the deployments that were asked to give way.
    asked: Vec<u64>,
    /// The environment that was surveyed last, and how many events had been recorded then.
    surveyed: Option<(String, u64)>,
    /// What was imported from sibling deployments.
    imported: Imported,
    /// The freezes of the journal, when the windows were read last.
    freezes: Vec<Freeze>,
    /// The environments that windows held the release before, as people were told.
    told_held: BTreeSet<String>,
    /// When the last decision was made. A wait begins then.
    decided: Duration,
    /// Whether time has passed since sibling deployments were read.
    stale: bool,
    /// What the nodes serve at the end of a deployment that does not succeed.
    last_look: LastLook,
    /// The position of the tag's environment in the settings.
    entry: usize,
    /// The folder of the deployment.
    folder: PathBuf,
    /// The person who canceled the deployment.
    canceled_by: Option<Person>,
    /// The thread that sends messages while the deployment runs.
    sender: Option<Keeper>,
}

impl<'a> Driver<'a> {
    /// Prepares to drive a deployment.
    ///
    /// # Errors
    ///
    /// If the folder for its files can't be made, or its settings can't be understood.
    pub(super) fn new(
        mut context: Context<'a>,
        log: Log,
        (leases, mailbox): (HeldLeases, Mailbox),
        began: Began,
        entry: usize,
    ) -> Result<Self, Error> {
        context.shutdown = mailbox.stop();
        Ok(Self {
            folder: commands::folder(&context.config.records, log.deployment)?,
            settings: began.settings.clone(),
            release: began.release(),
            record: Record::new(log),
            context,
            leases,
            mailbox,
            began,
            canceled_by: None,
            sender: None,
            asked: Vec::new(),
            surveyed: None,
            imported: Imported::default(),
            freezes: Vec::new(),
            decided: windows::now(),
            told_held: BTreeSet::new(),
            stale: true,
            last_look: LastLook::default(),
            entry,
        })
    }

    /// Drives it until the policy says that it ends.
    ///
    /// # Errors
    ///
    /// What keeps the deployment from continuing. It can be resumed.
    pub(super) fn run(mut self, opening: Opening) -> Result<End, Error> {
        let opened = match opening {
            Opening::New { said } => self.open(said),
            Opening::Resumed { recovery, said } => self.recover(recovery, said),
        };
        let mut step = opened.map(|()| None);
        let ended = loop {
            step = match step {
                Ok(None) => self.step(),
                Ok(Some(end)) => break Ok(end),
                // A message ended what was going on, and not a signal.
                Err(Error::Interrupted) if self.mailbox.has_message() => {
                    self.heed_messages().map(|()| None)
                }
                Err(error) => break Err(error),
            };
        };
        match ended {
            Ok((conclusion, decision)) => Ok(End {
                conclusion,
                release: self.release,
                decision,
            }),
            Err(Error::Interrupted) => {
                self.record.log.write(&Entry::Interrupted)?;
                let log = &mut self.record.log;
                self.last_look.take(&mut self.context, log)?;
                self.release_everything();
                Err(Error::Interrupted)
            }
            Err(error) => Err(error),
        }
    }

    /// Decides once, and does what was decided.
    fn step(&mut self) -> Result<Option<(Conclusion, Decision)>, Error> {
        self.context.check_shutdown()?;
        if self.mailbox.has_message() {
            self.heed_messages()?;
            return Ok(None);
        }
        let decision = self.decide()?;
        self.release_while_waiting(&decision)?;
        self.tell_held(&decision)?;
        let log = &mut self.record.log;
        self.last_look.if_due(&decision, &mut self.context, log)?;
        match &decision.next {
            // A person's word is final, whatever the policy says.
            next if self.canceled_by.is_some() && !messages::ends(next) => {
                self.finish(Conclusion::Canceled)?;
                return Ok(Some((Conclusion::Canceled, decision)));
            }
            Action::Deploy(environment) if !self.has_surveyed(environment) => {
                self.survey(environment)?;
            }
            Action::Deploy(environment) => self.deploy(environment, &decision.next)?,
            Action::Observe(environment) => self.observe(environment)?,
            Action::LoadTest(run) => self.load_test(run, &decision.next)?,
            Action::Ask(question) => self.ask(question, &decision.next)?,
            Action::Perform(step) => self.perform(step, &decision.next)?,
            Action::Measure(environment) => self.measure(environment)?,
            Action::RollBack(_) => {
                return Err(not_possible(&decision.next));
            }
            Action::Notify(notice) => self.notify(notice)?,
            Action::Wait(seconds) => self.wait(*seconds)?,
            Action::Finish(conclusion) => {
                let conclusion = *conclusion;
                self.finish(conclusion)?;
                return Ok(Some((conclusion, decision)));
            }
        }
        Ok(None)
    }

    /// Whether an environment was surveyed, and nothing has happened since.
    fn has_surveyed(&self, environment: &str) -> bool {
        let surveyed = self.surveyed.as_ref();
        surveyed.is_some_and(|(of, added)| of == environment && *added == self.record.added)
    }

    fn decide(&mut self) -> Result<Decision, Error> {
        if std::mem::take(&mut self.stale) {
            let earlier = self.settings.environments[..self.entry].iter();
            let earlier: Vec<_> = earlier.map(|it| it.name.as_str()).collect();
            let digest = self.release.digest.as_deref();
            self.imported
                .import(&mut self.record, &self.began.commit, digest, &earlier)?;
        }
        self.schedule()?;
        self.decided = windows::now();
        let now = self.record.now();
        let policy = self.context.policy;
        let decision = policy.decide(&self.release, self.record.events(), now, &self.settings)?;
        let decision = self.keep_deadline(decision, now)?;
        self.record.log.write(&Entry::Decided {
            now,
            decision: decision.clone(),
        })?;
        let held = Held::of(&decision, calendar::last(self.record.events()));
        self.context.screen.decided(&decision, held.as_ref());
        Ok(decision)
    }

    fn look(&mut self) -> Survey<'a, '_> {
        Survey {
            context: &mut self.context,
            record: &mut self.record,
            commit: &self.began.commit,
        }
    }

    /// Locks an environment, and collects the facts about it.
    fn survey(&mut self, environment: &str) -> Result<(), Error> {
        let lock = Lock::environment(environment);
        if !self.leases.holds(&lock) {
            let (number, commit) = (self.record.log.deployment, &self.began.commit);
            let store = self.record.log.store.as_mut();
            if let Some(holder) = self.leases.claim(store, &lock, number, commit)? {
                self.look().place(environment, &holder.commit)?;
                self.supersede(environment, &holder)?;
                let store = self.record.log.store.as_mut();
                let locked = EventKind::Locked(occupant::of(store, environment, holder)?);
                return Ok(self.record.happened(locked, Details::Nothing)?);
            }
        }
        if self.waits_for_another(environment)? {
            return Ok(());
        }
        self.supersede_waiting()?;
        let own = self.settings.environments.iter().skip(self.entry);
        let own: Vec<_> = own.map(|it| it.name.clone()).collect();
        self.look().look_before(environment, &own)?;
        self.look().look_at_commits()?;
        self.context.check_shutdown()?;
        self.surveyed = Some((environment.to_owned(), self.record.added));
        Ok(())
    }

    fn deploy(&mut self, environment: &str, effect: &Action) -> Result<(), Error> {
        let Some(how) = self.context.config.environment(environment) else {
            return Err(commands::not_configured(environment));
        };
        self.leases.confirm(self.record.log.store.as_mut())?;
        // The environment before this one is free for the next release.
        let kept = [Lock::environment(environment), Lock::tag(&self.release.tag)];
        self.leases
            .release_all_but(self.record.log.store.as_mut(), &kept)?;
        self.start(effect)?;
        let command = Command {
            arguments: &how.deploy,
            name: commands::name(self.record.log.next(), "deploy", environment),
            time_limit: how.time_limit,
            own: None,
            variables: Vec::new(),
        };
        let Some(ran) = self.changing_command(&command, environment)? else {
            return Ok(());
        };
        let well = ran.outcome() == Outcome::Succeeded;
        let said = ran.said(ran.details.ended.clone(), &self.folder, well);
        let took = ran.took;
        let (kind, details) = ran.deployed(environment, &self.began);
        self.record.happened(kind, details)?;
        self.context.screen.ended(effect, well, &said, took);
        Ok(())
    }

    fn observe(&mut self, environment: &str) -> Result<(), Error> {
        let answers = nodes::ask(self.context.config, environment, &self.context.shutdown);
        self.context.check_shutdown()?;
        let round = nodes::round(environment, &answers);
        self.context.screen.answered(round);
        let (kind, details) = nodes::observed(environment, &answers);
        Ok(self.record.happened(kind, details)?)
    }

    fn load_test(&mut self, asked: &LoadTestRun, effect: &Action) -> Result<(), Error> {
        let environment = asked.environment.as_str();
        let config = self.context.config;
        let Some(how) = config.load_test(environment, &asked.name) else {
            return Err(load_test::not_configured(asked));
        };
        if !self.hold_or_wait(environment)? {
            return Ok(());
        }
        let judged = load_test::Judged::of(asked, &self.settings, &mut self.record.log)?;
        self.start(effect)?;
        let name = load_test::folder(self.record.log.next(), asked);
        let run = RunningTest::prepare(config, how, self.folder.join(&name), judged);
        let nodes = Nodes::of(config, environment);
        let shutdown = self.context.shutdown.clone();
        let ask = || nodes.as_ref().map(|it| nodes::commits(&it.ask(&shutdown)));
        let interval = Duration::from_secs(u64::from(self.settings.poll_interval));
        let before = ask().unwrap_or_default();
        let command = Command {
            arguments: &how.command,
            name,
            time_limit: how.time_limit.duration(),
            own: None,
            variables: load_test::variables(asked),
        };
        let (ran, mut versions) = load_test::watching(nodes.as_ref(), interval, before, || {
            self.command(&command, environment, &shutdown)
        });
        let ran = ran?;
        if ran.was_interrupted(&shutdown) {
            if self.mailbox.has_message() {
                let screen = &mut self.context.screen;
                screen.ended(effect, false, "ended before its end", ran.took);
            }
            return self.context.check_shutdown();
        }
        load_test::add(&mut versions, ask().unwrap_or_default());
        let took = ran.took;
        let position = self.record.log.next();
        let measured = run.measured(ran, versions, &self.folder, position);
        let test = LoadTest {
            environment: environment.to_owned(),
            name: asked.name.clone(),
            result: measured.result,
        };
        self.record
            .happened(EventKind::LoadTested(test), measured.details)?;
        self.context
            .screen
            .ended(effect, measured.well, &measured.said, took);
        Ok(())
    }

    fn finish(&mut self, conclusion: Conclusion) -> Result<(), Error> {
        self.record.log.write(&Entry::Concluded { conclusion })?;
        let number = self.record.log.deployment;
        self.record.log.store.conclude(number, conclusion)?;
        self.release_everything();
        self.context.screen.concluded(conclusion);
        Ok(())
    }

    /// Releases all locks. A lease that can't be released expires.
    fn release_everything(&mut self) {
        let _ = self
            .leases
            .release_all_but(self.record.log.store.as_mut(), &[]);
    }

    /// Records that an effect is about to start; from then on it must not start twice unnoticed.
    ///
    /// Right before, the store confirms that this deployment still holds its locks.
    fn start(&mut self, effect: &Action) -> Result<(), Error> {
        self.context.check_shutdown()?;
        self.progress(effect)?;
        self.leases.confirm(self.record.log.store.as_mut())?;
        self.record.log.write(&Entry::Started {
            effect: effect.clone(),
        })?;
        self.context.screen.started(effect);
        Ok(())
    }
}

/// The policy asks for an action that this host can't carry out: it does not roll back yet, and it reads metrics only in
/// an environment that is watched.
fn not_possible(action: &Action) -> Error {
    Error::host(
        format!(
            "the policy asks to {}, which is not possible",
            sentence(action)
        ),
        "cancel the deployment, or use another policy",
    )
}
