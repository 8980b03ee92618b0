//! The state of a release in one environment.

use super::case::{Case, Fact};
use super::convergence::{Finding, Series, standings};
use crate::bindings::promotion::{
    Deployment, LoadTest, NodeStanding, Occupant, Outcome, Progress, Rival, Round,
};
use crate::bindings::types::EnvironmentSettings;

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
    /// The latest load test that counts.
    pub load_test: Option<Fact<'a, LoadTest>>,
    /// A load test that ended before the release was deployed.
    pub early_load_test: Option<Fact<'a, LoadTest>>,
    /// The deployment that replaced the release.
    pub displaced: Option<Fact<'a, Deployment>>,
    /// A deployment of the same commit as another image.
    pub other_image: Option<Fact<'a, Deployment>>,
    /// Another release was being deployed, and no wait has passed since.
    pub occupied: Option<Fact<'a, Occupant>>,
    pub overtaken: Option<Fact<'a, Rival>>,
    /// Another release is live there, and which of the two is newer is unknown.
    pub unplaced: Option<Fact<'a, Rival>>,
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
        load_test: None,
        early_load_test: None,
        displaced: None,
        other_image: None,
        occupied: None,
        overtaken: None,
        unplaced: None,
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
            early_load_test: self.load_test.or(self.early_load_test),
            overtaken: self.overtaken,
            unplaced: self.unplaced,
            ..Self::NEW
        };
    }

    /// The release was deployed to an earlier environment again, so its progress here is void.
    ///
    /// Facts about other releases stay.
    pub(super) fn start_over(&mut self) {
        *self = Self {
            round: self.round,
            early_load_test: self.load_test.or(self.early_load_test),
            displaced: self.displaced,
            other_image: self.other_image,
            occupied: self.occupied,
            overtaken: self.overtaken,
            unplaced: self.unplaced,
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
            self.early_load_test = self.load_test.take().or(self.early_load_test);
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
            Finding::Converged => self.progress = Progress::Converged,
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
        if self.counts() {
            self.load_test = Some(test);
        } else {
            self.early_load_test = Some(test);
        }
    }

    /// A wait is over: the environment may be free now, and the nodes can be asked again.
    pub(super) fn waited(&mut self) {
        self.occupied = None;
        self.asked = false;
    }

    /// Returns what the nodes served in the latest round.
    pub(super) fn nodes(&self, case: &Case<'_>) -> Vec<NodeStanding> {
        let Some(round) = self.round else {
            return Vec::new();
        };
        let before = self.deployed.map_or(case.history.len(), |it| it.place);
        let before = case.history.get(..before).unwrap_or_default();
        standings(round.what, case.commit, before)
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
mod tests {
    use crate::bindings::promotion::{Outcome, Progress, Standing};
    use crate::bindings::types::Verdict;
    use crate::fixtures::{History, OTHER, SHA, release};

    fn stage(history: &History) -> Standing {
        let decision = history.decide(&release("stage-loadtest-abort"));
        decision.standings[0].clone()
    }

    fn progress(history: &History) -> Progress {
        stage(history).progress
    }

    #[test]
    fn the_outcome_says_how_far_it_is() {
        for (outcome, expected) in [
            (Outcome::Succeeded, Progress::Deployed),
            (Outcome::Failed, Progress::Failed),
            (Outcome::TimedOut, Progress::Failed),
            (Outcome::Canceled, Progress::Failed),
            (Outcome::Unknown, Progress::Unknown),
        ] {
            let history = History::new().deployed("stage", outcome);
            assert_eq!(progress(&history), expected);
        }
        assert_eq!(progress(&History::new()), Progress::Pending);
    }

    #[test]
    fn nodes_settle_an_unknown_outcome() {
        let mut history = History::new().deployed("stage", Outcome::Unknown);
        for expected in [Progress::Unknown, Progress::Converged] {
            history = history.observed("stage", &[("a", SHA)]);
            assert_eq!(progress(&history), expected);
        }
    }

    #[test]
    fn rounds_count_from_the_deployment_on() {
        let history = History::new()
            .observed("stage", &[("a", SHA)])
            .deployed("stage", Outcome::Succeeded)
            .observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&history), Progress::Deployed);
        let again = history
            .observed("stage", &[("a", SHA)])
            .deployed("stage", Outcome::Succeeded)
            .observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&again), Progress::Deployed);
    }

    #[test]
    fn convergence_can_be_lost_except_at_the_end() {
        let lost = History::new()
            .through("stage")
            .observed("stage", &[("a", OTHER)]);
        assert_eq!(progress(&lost), Progress::Deployed);
        let regained = lost
            .observed("stage", &[("a", SHA)])
            .observed("stage", &[("a", SHA)]);
        assert_eq!(progress(&regained), Progress::Converged);

        let end = History::new().through("prod").judged("prod", false);
        let decision = end.decide(&release("prod"));
        assert_eq!(decision.standings[1].progress, Progress::Converged);
    }

    #[test]
    fn a_load_test_before_the_deployment_does_not_count() {
        let early = History::new()
            .load_tested("stage", Verdict::Passed)
            .through("stage");
        assert_eq!(stage(&early).load_test, None);
        let repeated = early.load_tested("stage", Verdict::Failed);
        assert_eq!(stage(&repeated).load_test, Some(Verdict::Failed));
        let again = repeated.through("stage");
        assert_eq!(stage(&again).load_test, None);
    }

    #[test]
    fn the_latest_load_test_counts() {
        let history = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Errored)
            .load_tested("stage", Verdict::Passed);
        assert_eq!(stage(&history).load_test, Some(Verdict::Passed));
    }

    #[test]
    fn what_was_not_settled_is_lost_with_the_place() {
        for outcome in [Outcome::Succeeded, Outcome::Failed, Outcome::Unknown] {
            let displaced = History::new()
                .through("stage")
                .deployed_commit("stage", OTHER, outcome)
                .judged("stage", true)
                .load_tested("stage", Verdict::Passed);
            assert_eq!(progress(&displaced), Progress::Pending);
            assert_eq!(stage(&displaced).load_test, None);
        }
    }

    #[test]
    fn what_was_settled_stays() {
        let history = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Failed)
            .deployed_commit("stage", OTHER, Outcome::Succeeded)
            .judged("stage", false)
            .load_tested("stage", Verdict::Passed);
        assert_eq!(progress(&history), Progress::Converged);
        assert_eq!(stage(&history).load_test, Some(Verdict::Failed));

        let skipped =
            History::new()
                .through("stage")
                .deployed_commit("stage", OTHER, Outcome::Succeeded);
        let decision = skipped.decide(&release("stage"));
        assert_eq!(decision.standings[0].progress, Progress::Converged);

        let failed = History::new()
            .deployed("stage", Outcome::Failed)
            .deployed_commit("stage", OTHER, Outcome::Succeeded);
        assert_eq!(progress(&failed), Progress::Failed);
    }
}
