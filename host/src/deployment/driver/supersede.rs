//! Superseding an older deployment before it is in production, which holds an environment that this one needs.

use super::Driver;
use crate::contract::promotion::{Event, EventKind, Permission, StopCause, StoppedCommit};
use crate::deployment::Error;
use crate::deployment::entry::Entry;
use crate::deployment::log;
use crate::deployment::message::Message;
use crate::deployment::stopped_commits::StoppedCommits;
use crate::facts::ancestry;
use crate::facts::evidence::{self, LoadTestWord, Stage, Subject};
use crate::journal::Occupant;
use crate::text::number::short;

impl Driver<'_> {
    /// Asks the driver of an older deployment to give way, if this release contains it and either needs no load test or
    /// is urgent.
    pub(super) fn supersede(&mut self, environment: &str, other: &Occupant) -> Result<(), Error> {
        let is_last = self.settings.environments.last();
        let is_last = is_last.is_some_and(|it| it.name == environment);
        let (number, commit) = (other.deployment, &other.commit);
        if is_last || *commit == self.began.commit || self.asked.contains(&number) {
            return Ok(());
        }
        let contains = ancestry::contains(self.context.repo, &self.began.commit, commit);
        // A signal to the whole job ends git, too; then its answer means nothing.
        self.context.check_shutdown()?;
        if contains != Some(true) {
            return Ok(());
        }
        let urgent = self.began.urgent.clone();
        if urgent.is_none() && self.needs_load_test(other)? {
            return Ok(());
        }
        let message = Message::Supersede {
            commit: self.began.commit.clone(),
            person: urgent,
        };
        message.send(self.record.log.store.as_mut(), number)?;
        self.asked.push(number);
        let note = format!(
            "deployment {number} of {} is older and not in production yet: it is asked to give way",
            short(commit)
        );
        self.record
            .log
            .write(&Entry::Noted { text: note.clone() })?;
        self.context.screen.note(&note);
        Ok(())
    }

    /// Whether the policy would ask for a load test of this release once it has superseded the other one.
    fn needs_load_test(&mut self, other: &Occupant) -> Result<bool, Error> {
        self.look().look_at_commits()?;
        let would_be_stopped = self.would_be_stopped(other)?;
        let Some(first) = self.settings.environments.first() else {
            return Ok(true);
        };
        let now = self.record.now();
        let said = self.record.events().iter();
        let said = said.filter(|it| {
            matches!(
                it.kind,
                EventKind::Contains(_) | EventKind::Waived(_) | EventKind::Accompanied(_)
            )
        });
        let mut events: Vec<Event> = said.cloned().collect();
        if would_be_stopped {
            events.push(Event {
                at: now,
                kind: EventKind::Contains(StoppedCommit {
                    commit: other.commit.clone(),
                    deployment: other.deployment,
                    cause: StopCause::Untested,
                    certain: true,
                }),
            });
        }
        let subject = Subject {
            environment: &first.name,
            commit: &self.began.commit,
            digest: self.release.digest.as_deref(),
            load_tests: &first.load_tests,
        };
        let converged = Some(Stage::Converged);
        events.extend(evidence::history(
            &subject,
            converged,
            LoadTestWord::NotRun,
            now,
        ));
        let policy = self.context.policy;
        let decision = policy.decide(&self.release, &events, now, &self.settings)?;
        Ok(!matches!(
            decision.permission,
            Permission::Promote | Permission::PromoteWithWarning
        ))
    }

    /// Whether the other release would count as a stopped commit if it is superseded now.
    fn would_be_stopped(&mut self, other: &Occupant) -> Result<bool, Error> {
        let entries = log::read(self.record.log.store.as_mut(), other.deployment)?;
        let Some(Entry::Began(began)) = entries.first().map(|it| &it.entry) else {
            return Ok(true);
        };
        let stopped = StoppedCommits {
            policy: self.context.policy,
            repo: self.context.repo,
            commit: &self.began.commit,
        };
        stopped.asks_for_abort(began)
    }
}
