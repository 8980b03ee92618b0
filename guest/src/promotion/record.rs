//! The state of a release in one environment.

use super::case::{Case, Fact};
use super::convergence::{Finding, Series, statuses};
use super::steps::Steps;
use super::verdict::{Judgment, judge};
use super::watch::{RollBack, Watch};
use crate::bindings::promotion::{
    CompetingRelease, Convergence, Deployment, LoadTest, LoadTestStatus, LockHolder, NodeStatus,
    Outcome, Progress, Round, StepResult, WatchRound,
};
use crate::bindings::types::{EnvironmentSettings, Timestamp};

/// Seconds of waiting after which an environment is asked again: a check that passed long ago proves little.
pub(super) const STALE: u64 = 600;

/// The record of a release in one environment.
///
/// Rounds and load tests count while the release is there: from its latest deployment until something
/// else is deployed over it.
#[derive(Clone)]
pub(super) struct Record<'a> {
    pub progress: Progress,
    /// The latest deployment of the release.
    pub deployed: Option<Fact<'a, Deployment>>,
    pub series: Series<'a>,
    /// The latest round, whether it counts or not: reports show it.
    pub round: Option<Fact<'a, Round>>,
    /// The load tests that count: the latest one of each name.
    pub load_tests: Vec<Fact<'a, LoadTest>>,
    /// The verdicts on the load tests of the settings, in their order; `None` for one that has not run.
    pub judgments: Vec<Option<Judgment>>,
    /// A load test that ended before the release was deployed.
    pub early_load_test: Option<Fact<'a, LoadTest>>,
    /// The steps that count: until the deployment those of `before`, from then on those of `after`.
    pub steps: Steps<'a>,
    /// The watch of the environment, since it converged.
    pub watch: Watch<'a>,
    /// The roll back of the release.
    pub roll_back: Option<RollBack<'a>>,
    /// The event of the latest roll back, even if the release was deployed again since.
    pub rolled_back: Option<usize>,
    /// Seconds of waiting since the last deployment, round, load test or step here.
    pub waited_since: u64,
    /// When the nodes were asked again after a long wait.
    pub renewed: Timestamp,
    /// The deployment that replaced the release.
    pub displaced: Option<Fact<'a, Deployment>>,
    /// A deployment of the same commit as another image.
    pub other_image: Option<Fact<'a, Deployment>>,
    /// Another release was being deployed, and no wait has passed since.
    pub locked: Option<Fact<'a, LockHolder>>,
    pub superseded: Option<Fact<'a, CompetingRelease>>,
    /// Another release is live there, and which of the two is newer is unknown.
    pub diverged: Option<Fact<'a, CompetingRelease>>,
    /// The nodes were asked, and no wait has passed since.
    pub asked: bool,
    /// Later facts don't change what was verified here.
    pub sealed: bool,
    /// Failed because the deadline for convergence has passed.
    pub late: bool,
}

impl<'a> Record<'a> {
    pub(super) const NEW: Self = Self {
        progress: Progress::Pending,
        deployed: None,
        series: Series::NEW,
        round: None,
        load_tests: Vec::new(),
        judgments: Vec::new(),
        early_load_test: None,
        steps: Steps::NONE,
        watch: Watch::NEW,
        roll_back: None,
        rolled_back: None,
        waited_since: 0,
        renewed: 0,
        displaced: None,
        other_image: None,
        locked: None,
        superseded: None,
        diverged: None,
        asked: false,
        sealed: false,
        late: false,
    };

    /// The release was deployed here: everything starts over.
    pub(super) fn deploy(&mut self, deployment: Fact<'a, Deployment>) {
        *self = Self {
            progress: match deployment.what.outcome {
                Outcome::Succeeded => Progress::Deployed,
                Outcome::Failed | Outcome::TimedOut | Outcome::Canceled => Progress::Failed,
                Outcome::Unknown => Progress::Unknown,
            },
            deployed: Some(deployment),
            round: self.round,
            early_load_test: self.load_tests.last().copied().or(self.early_load_test),
            superseded: self.superseded,
            diverged: self.diverged,
            rolled_back: self.rolled_back,
            ..Self::NEW
        };
    }

    /// The release was deployed to an earlier environment again, so its progress here is void.
    ///
    /// Facts about other releases stay.
    pub(super) fn start_over(&mut self) {
        *self = Self {
            round: self.round,
            early_load_test: self.load_tests.last().copied().or(self.early_load_test),
            displaced: self.displaced,
            other_image: self.other_image,
            locked: self.locked,
            superseded: self.superseded,
            diverged: self.diverged,
            rolled_back: self.rolled_back,
            ..Self::NEW
        };
    }

    /// Something else was deployed here, or its deployment failed, which may still have replaced some nodes.
    ///
    /// A settled result and a failed deployment stay. Any other progress is lost until the release is
    /// deployed again.
    pub(super) fn displace(&mut self, by: Fact<'a, Deployment>, settled: bool, same_commit: bool) {
        self.other_image = same_commit.then_some(by);
        if self.deployed.is_none() {
            return;
        }
        self.displaced = Some(by);
        if settled {
            self.sealed = true;
        } else if self.progress != Progress::Failed {
            self.progress = Progress::Pending;
            self.early_load_test = self.load_tests.pop().or(self.early_load_test);
            self.load_tests.clear();
            self.steps = Steps::NONE;
            self.watch = Watch::NEW;
        }
    }

    /// The nodes were asked, once or several times with the same result.
    ///
    /// An environment can lose its convergence until the release continues to the next one. The last
    /// environment can't: its convergence promotes the release, and later rounds don't change that.
    pub(super) fn observe(
        &mut self,
        round: Fact<'a, Round>,
        case: &Case<'_>,
        environment: &EnvironmentSettings,
        last: bool,
    ) {
        self.round = Some(round);
        self.asked = true;
        if self.waited_since >= STALE {
            self.renewed = round.at;
        }
        self.waited_since = 0;
        if let Some(roll_back) = &mut self.roll_back {
            roll_back.observe(round, environment, case.fit(environment));
            if roll_back.is_done() {
                self.progress = Progress::RolledBack;
            }
            return;
        }
        if !self.counts() {
            return;
        }
        let (needed, fit) = (environment.convergence_rounds, case.fit(environment));
        let convergence = &round.what.convergence;
        // The contract has no event with 0 rounds.
        let times = round.what.times.max(1);
        match self
            .series
            .take(convergence, times, case.commit, needed, fit)
        {
            Finding::Converged if self.progress == Progress::Converged => {}
            Finding::Converged => {
                self.progress = Progress::Converged;
                self.watch = Watch::since(round.at);
            }
            Finding::Disagreeing if self.progress == Progress::Converged && !last => {
                self.progress = Progress::Deployed;
            }
            Finding::Agreeing | Finding::Disagreeing => {}
        }
    }

    /// A load test ended.
    ///
    /// It counts even if the environment converged only afterwards: the measurement lists every version that
    /// answered during the run.
    pub(super) fn load_tested(&mut self, test: Fact<'a, LoadTest>) {
        self.waited_since = 0;
        if self.counts() {
            self.load_tests.retain(|it| it.what.name != test.what.name);
            self.load_tests.push(test);
        } else {
            self.early_load_test = Some(test);
        }
    }

    /// A step ended. It prepares the deployment, or counts for what is deployed.
    pub(super) fn performed(&mut self, result: Fact<'a, StepResult>) {
        self.waited_since = 0;
        if self.progress == Progress::Pending || self.counts() {
            self.steps.ended(result);
        }
    }

    /// The metrics were read.
    pub(super) fn measured(
        &mut self,
        round: Fact<'a, WatchRound>,
        case: &Case<'_>,
        environment: &EnvironmentSettings,
    ) {
        self.waited_since = 0;
        if let Some(settings) = &environment.watch
            && self.progress == Progress::Converged
            && self.counts()
        {
            self.watch.take(round, case.commit, settings);
        }
    }

    /// The host rolled the release back, or tried to.
    pub(super) fn rolled_back(&mut self, deployment: Fact<'a, Deployment>) {
        self.waited_since = 0;
        self.rolled_back = Some(deployment.place);
        // Nodes that were asked before say nothing about it.
        self.asked = false;
        if self.progress == Progress::Converged {
            let roll_back = RollBack::new(deployment);
            if roll_back.is_done() {
                self.progress = Progress::RolledBack;
            }
            self.roll_back = Some(roll_back);
        }
    }

    /// Tells whether the nodes can be asked for what the release still needs: they were asked before.
    pub(super) fn can_be_asked(&self) -> bool {
        let convergence = self.round.map(|it| &it.what.convergence);
        matches!(convergence, Some(Convergence::Observed(_)))
    }

    /// Finds the load test of a name that counts.
    pub(super) fn load_test(&self, name: &str) -> Option<Fact<'a, LoadTest>> {
        let mut known = self.load_tests.iter();
        known.find(|it| it.what.name == name).copied()
    }

    /// Judges the load tests that count.
    pub(super) fn judge(&mut self, case: &Case<'_>, environment: &EnvironmentSettings) {
        let tests = environment.load_tests.iter();
        self.judgments = tests
            .map(|it| Some(judge(self.load_test(&it.name)?, case.commit, it)))
            .collect();
    }

    /// Returns the verdicts on the load tests that count.
    pub(super) fn load_test_statuses(
        &self,
        environment: &EnvironmentSettings,
    ) -> Vec<LoadTestStatus> {
        let tests = environment.load_tests.iter().zip(&self.judgments);
        tests
            .filter_map(|(test, judgment)| {
                Some(LoadTestStatus {
                    name: test.name.clone(),
                    verdict: judgment.as_ref()?.verdict,
                })
            })
            .collect()
    }

    /// A wait is over: the environment may be free now, and the nodes can be asked again.
    pub(super) fn waited(&mut self, seconds: u32) {
        self.locked = None;
        self.asked = false;
        self.waited_since = self.waited_since.saturating_add(u64::from(seconds));
    }

    /// Returns what the nodes served in the latest round.
    pub(super) fn nodes(&self, case: &Case<'_>) -> Vec<NodeStatus> {
        let Some(round) = self.round else {
            return Vec::new();
        };
        let before = self.deployed.map_or(case.history.len(), |it| it.place);
        let before = case.history.get(..before).unwrap_or_default();
        statuses(round.what, case.commit, before)
    }

    fn counts(&self) -> bool {
        !self.sealed
            && matches!(
                self.progress,
                Progress::Unknown | Progress::Deployed | Progress::Converged
            )
    }
}

#[cfg(test)]
mod tests;
