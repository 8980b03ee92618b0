//! The state of a release, computed from its history.

use super::case::{Case, Fact};
use super::convergence::disproved;
use super::deadline::older_than_deadline;
use super::held_time::HeldTime;
use super::people::People;
use super::record::Record;
use super::windows::{Opening, Windows};
use crate::bindings::promotion::{
    Deployment, EnvironmentStatus, EventKind, Progress, Round, WatchRound,
};
use crate::bindings::types::{LoadTestAction, Timestamp};

/// The history, read from its first event to its last.
pub(super) struct Ledger<'a> {
    /// One for each environment of the settings, in their order.
    pub records: Vec<Record<'a>>,
    /// The interventions of people.
    pub people: People<'a>,
    /// The windows that count.
    pub windows: Windows<'a>,
    /// For how long windows and people held the release, up to the last event.
    pub held_time: HeldTime,
    /// The first event about an environment that the settings don't have, and its name.
    pub stranger: Option<(usize, &'a str)>,
}

impl<'a> Ledger<'a> {
    /// Reads the history.
    pub(super) fn read(case: &Case<'a>) -> Self {
        let mut ledger = Self {
            records: vec![Record::NEW; case.settings.environments.len()],
            people: People::new(case.settings.environments.len()),
            windows: Windows::NONE,
            held_time: HeldTime::NONE,
            stranger: None,
        };
        let mut held_time = HeldTime::NONE;
        let held_time_matters = older_than_deadline(case).is_some();
        for (place, event) in case.history.iter().enumerate() {
            if held_time_matters {
                held_time.add(event, |at| ledger.is_held(case, at));
            }
            ledger.windows.take(event);
            match &event.kind {
                EventKind::Deployed(it) => {
                    if let Some(index) = ledger.index(case, place, &it.environment) {
                        ledger.deployed(case, index, Fact::new(place, event, it));
                    }
                }
                EventKind::Observed(it) => {
                    // There was a wait between the rounds of one event.
                    if it.times > 1 {
                        ledger.records.iter_mut().for_each(|it| it.waited(0));
                    }
                    if let Some(index) = ledger.index(case, place, &it.environment) {
                        ledger.observed(case, index, Fact::new(place, event, it));
                    }
                }
                EventKind::LoadTested(it) => {
                    if let Some(record) = ledger.record(case, place, &it.environment) {
                        record.load_tested(Fact::new(place, event, it));
                    }
                }
                EventKind::Superseded(it) => {
                    if let Some(record) = ledger.record(case, place, &it.environment) {
                        record.superseded = Some(Fact::new(place, event, it));
                    }
                }
                EventKind::Diverged(it) => {
                    if let Some(record) = ledger.record(case, place, &it.environment) {
                        record.diverged = Some(Fact::new(place, event, it));
                    }
                }
                EventKind::Locked(it) => {
                    if let Some(record) = ledger.record(case, place, &it.environment) {
                        record.locked = Some(Fact::new(place, event, it));
                    }
                }
                EventKind::Waited(it) => {
                    ledger.records.iter_mut().for_each(|r| r.waited(*it));
                }
                EventKind::Intervened(it) => {
                    if let Some(environment) = &it.environment {
                        ledger.index(case, place, environment);
                    }
                    ledger.people.intervened(case, Fact::new(place, event, it));
                }
                EventKind::Asked(it) => {
                    ledger.index(case, place, &it.environment);
                    ledger.people.asked(it);
                }
                EventKind::Performed(it) => {
                    if let Some(record) = ledger.record(case, place, &it.step.environment) {
                        record.performed(Fact::new(place, event, it));
                    }
                }
                EventKind::Measured(it) => {
                    if let Some(index) = ledger.index(case, place, &it.environment) {
                        ledger.measured(case, index, Fact::new(place, event, it));
                    }
                }
                EventKind::RolledBack(it) => {
                    if let Some(record) = ledger.record(case, place, &it.environment) {
                        record.rolled_back(Fact::new(place, event, it));
                    }
                }
                EventKind::Notified(_)
                | EventKind::Contains(_)
                | EventKind::Waived(_)
                | EventKind::Accompanied(_)
                | EventKind::Scheduled(_)
                | EventKind::Excused(_) => {}
            }
        }
        ledger.held_time = held_time;
        ledger.close(case);
        ledger
    }

    /// Tells whether the result in an environment is final, so that later events there don't matter.
    ///
    /// Every verdict settles an environment: deploying another release does not undo a failed load test.
    pub(super) fn settled(&self, case: &Case<'_>, index: usize) -> bool {
        let settings = case.settings.environments.get(index);
        self.records.get(index).is_some_and(|record| {
            matches!(record.progress, Progress::Converged | Progress::RolledBack)
                && settings.is_none_or(|it| {
                    record.steps.missing(&it.after).is_none()
                        && (it.watch.is_none() || record.watch.verdict.is_some())
                })
                && (case.action == Some(LoadTestAction::Skip)
                    || case
                        .load_tests(index)
                        .iter()
                        .all(|it| record.load_test(&it.name).is_some()))
        })
    }

    /// Tells whether a person or a window holds the release at a time, as of the events that were read.
    pub(super) fn is_held(&self, case: &Case<'_>, now: Timestamp) -> bool {
        let mut environments = case.settings.environments.iter().enumerate();
        let open = environments.find(|(index, _)| !self.settled(case, *index));
        let Some((index, settings)) = open else {
            return false;
        };
        if self.people.held(index).is_some() {
            return true;
        }
        let record = self.records.get(index);
        let is_pending = record.is_some_and(|it| it.progress == Progress::Pending);
        if index < case.entry || !is_pending {
            return false;
        }
        let opening = self.windows.opening(&settings.name, now);
        matches!(opening, Opening::Closed { .. })
            || self.people.is_missing(case, (index, settings), now)
    }

    /// Says how far the release has come in each environment.
    pub(super) fn statuses(&self, case: &Case<'_>) -> Vec<EnvironmentStatus> {
        let environments = case.settings.environments.iter().enumerate();
        environments
            .zip(&self.records)
            .map(|((index, environment), record)| EnvironmentStatus {
                environment: environment.name.clone(),
                progress: record.progress,
                approved_by: self.people.approved_by(case, (index, environment)),
                load_tests: record.load_test_statuses(environment),
                watch: record.watch.verdict.filter(|_| environment.watch.is_some()),
                nodes: record.nodes(case),
            })
            .collect()
    }

    fn deployed(&mut self, case: &Case<'a>, index: usize, deployment: Fact<'a, Deployment>) {
        if !case.owns(deployment.what) || self.other_image(index, deployment.what) {
            let settled = self.settled(case, index);
            let same_commit = deployment.what.commit == case.commit;
            if let Some(record) = self.records.get_mut(index) {
                record.displace(deployment, settled, same_commit);
            }
            return;
        }
        for earlier in 0..index {
            let settled = self.settled(case, earlier);
            if let Some(record) = self.records.get_mut(earlier) {
                record.sealed |= settled;
            }
        }
        let mut from_here = self.records.iter_mut().skip(index);
        if let Some(record) = from_here.next() {
            record.deploy(deployment);
        }
        from_here.for_each(Record::start_over);
    }

    /// Tells whether an earlier environment is known to have another image of the same commit: the
    /// verification there does not hold for this image.
    fn other_image(&self, index: usize, deployment: &Deployment) -> bool {
        let earlier = self.records.iter().take(index);
        let known = earlier.filter_map(|record| record.deployed?.what.digest.as_ref());
        let this = deployment.digest.as_ref();
        this.is_some_and(|this| known.into_iter().any(|digest| digest != this))
    }

    fn observed(&mut self, case: &Case<'a>, index: usize, round: Fact<'a, Round>) {
        let last = index + 1 == self.records.len();
        let environment = case.settings.environments.get(index);
        if let (Some(record), Some(environment)) = (self.records.get_mut(index), environment) {
            record.observe(round, case, environment, last);
        }
    }

    fn measured(&mut self, case: &Case<'a>, index: usize, round: Fact<'a, WatchRound>) {
        let environment = case.settings.environments.get(index);
        if let (Some(record), Some(environment)) = (self.records.get_mut(index), environment) {
            record.measured(round, case, environment);
        }
    }

    /// Adds what follows from the whole history and the current time: missed deadlines, and the verdict.
    ///
    /// An environment is late only if, after the deadline, there was a round in which a node did not serve the release,
    /// or `convergence-rounds` rounds: a host that was suspended, or whose clock was set, must ask the nodes first.
    /// During a hold no node is asked, so no deadline passes, and it starts again at the end of the hold, and when the
    /// nodes are asked again after a long wait. If the clock went backwards, no time has passed.
    fn close(&mut self, case: &Case<'_>) {
        let environments = case.settings.environments.iter().enumerate();
        for (record, (index, environment)) in self.records.iter_mut().zip(environments) {
            record.judge(case, environment);
            let Some(deployed) = record.deployed else {
                continue;
            };
            let since = deployed.at.max(self.people.lifted(index));
            let since = since.max(record.renewed);
            let deadline = u64::from(environment.convergence_deadline);
            let overdue = |at: Timestamp| at.saturating_sub(since) > deadline;
            if matches!(record.progress, Progress::Deployed | Progress::Unknown)
                && self.people.held(index).is_none()
                && overdue(case.now)
                && disproved(case, environment, deployed.place, overdue)
            {
                record.progress = Progress::Failed;
                record.late = true;
            }
        }
    }

    fn record(
        &mut self,
        case: &Case<'a>,
        place: usize,
        environment: &'a str,
    ) -> Option<&mut Record<'a>> {
        let index = self.index(case, place, environment)?;
        self.records.get_mut(index)
    }

    fn index(&mut self, case: &Case<'a>, place: usize, environment: &'a str) -> Option<usize> {
        let mut known = case.settings.environments.iter();
        let index = known.position(|it| it.name == environment);
        if index.is_none() {
            self.stranger.get_or_insert((place, environment));
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use crate::bindings::promotion::InterventionKind::{Approved, Held};
    use crate::bindings::promotion::Outcome;
    use crate::bindings::promotion::Outcome::Succeeded;
    use crate::bindings::promotion::Progress::{
        self, Converged, Deployed, Failed, Pending, Unknown,
    };
    use crate::bindings::types::Verdict;
    use crate::fixtures::{History, OTHER, SHA, release};

    fn progress(history: &History) -> Vec<Progress> {
        let decision = history.decide(&release("stage-loadtest-abort"));
        decision.environments.iter().map(|it| it.progress).collect()
    }

    #[test]
    fn a_deployment_resets_what_comes_after_it() {
        let history = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Passed)
            .through("prod");
        assert_eq!(progress(&history), [Converged, Converged]);
        let again = history.deployed("stage", Succeeded);
        assert_eq!(progress(&again), [Deployed, Pending]);
    }

    #[test]
    fn going_on_seals_what_let_it_go_on() {
        let history = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Passed)
            .deployed("prod", Succeeded)
            .judged("stage", false);
        assert_eq!(progress(&history), [Converged, Deployed]);
    }

    #[test]
    fn the_deadline_counts_from_the_deployment() {
        let history = History::new().deployed("stage", Succeeded).later(600);
        assert_eq!(progress(&history), [Deployed, Pending]);
        let late = history.clone().later(1);
        assert_eq!(
            progress(&late),
            [Deployed, Pending],
            "no round was recorded"
        );
        let seen = |history: History| progress(&history.observed("stage", &[("a", OTHER)]));
        let early = History::new().deployed("stage", Succeeded).later(590);
        assert_eq!(seen(early), [Deployed, Pending]);
        assert_eq!(seen(late), [Failed, Pending]);
        let unknown = History::new().deployed("stage", Outcome::Unknown);
        assert_eq!(seen(unknown.clone().later(590)), [Unknown, Pending]);
        assert_eq!(seen(unknown.later(601)), [Failed, Pending]);
        assert_eq!(
            progress(&history.judged("stage", true).later(9999)),
            [Converged, Pending]
        );
    }

    /// After a suspension, every node serves the release, but convergence needs one more round.
    #[test]
    fn rounds_after_the_deadline_can_complete_the_convergence() {
        let suspended = History::new().deployed("stage", Succeeded).later(9999);
        let seen = suspended.clone().observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&seen), [Deployed, Pending]);
        let twice = seen.clone().observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&twice), [Converged, Pending]);
        let other = seen.clone().observed("stage", &[("a", OTHER)]);
        assert_eq!(progress(&other), [Failed, Pending]);
        let more = other.observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&more), [Failed, Pending]);
        // Other nodes serve the release, too.
        let renamed = seen.observed("stage", &[("b", SHA)]);
        assert_eq!(progress(&renamed), [Converged, Pending]);
    }

    #[test]
    fn a_clock_that_goes_backwards_makes_nothing_late() {
        let mut history = History::new().deployed("stage", Succeeded);
        history.now = 0;
        assert_eq!(progress(&history), [Deployed, Pending]);
    }

    #[test]
    fn a_hold_delays_the_deadline() {
        let held = History::new()
            .deployed("stage", Succeeded)
            .intervened(Held)
            .later(9999);
        assert_eq!(progress(&held), [Deployed, Pending]);
        let lifted = held.intervened(Approved).later(600);
        assert_eq!(progress(&lifted), [Deployed, Pending]);
        let late = lifted.later(1).observed("stage", &[("a", OTHER)]);
        assert_eq!(progress(&late), [Failed, Pending]);
        // The release was not on hold, so the approval moves no deadline.
        let late = History::new()
            .deployed("stage", Succeeded)
            .later(601)
            .observed("stage", &[("a", OTHER)])
            .intervened(Approved);
        assert_eq!(progress(&late), [Failed, Pending]);
    }

    #[test]
    fn an_image_of_the_same_commit_may_be_another_release() {
        let mut release = release("stage");
        release.digest = Some("sha256:a".to_owned());
        for (digest, expected) in [
            (None, Deployed),
            (Some("sha256:a"), Deployed),
            (Some("sha256:b"), Pending),
        ] {
            let history = History::new().deployed_image("stage", SHA, digest, Succeeded);
            assert_eq!(history.decide(&release).environments[0].progress, expected);
        }
    }
}
