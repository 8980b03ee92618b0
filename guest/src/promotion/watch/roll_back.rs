//! The state of a roll back: its outcome, and what the nodes have served since.

use super::super::case::Fact;
use super::super::convergence::{Finding, Series};
use crate::bindings::promotion::{Deployment, Outcome, Round};
use crate::bindings::types::EnvironmentSettings;

/// The outcome of a roll back, and what the nodes have served since.
#[derive(Clone)]
pub(crate) struct RollBack<'a> {
    /// The commit of the earlier release; the release's own commit if the host found no earlier release.
    pub deployment: Fact<'a, Deployment>,
    series: Series<'a>,
    /// Every node serves the earlier release.
    pub has_converged: bool,
    /// A node did not serve it after the deadline.
    pub is_late: bool,
}

impl<'a> RollBack<'a> {
    pub(crate) fn new(deployment: Fact<'a, Deployment>) -> Self {
        Self {
            deployment,
            series: Series::NEW,
            has_converged: false,
            is_late: false,
        }
    }

    /// Tells whether the earlier release was deployed again.
    pub(crate) fn is_done(&self) -> bool {
        self.deployment.what.outcome == Outcome::Succeeded || self.has_converged
    }

    /// The nodes were asked.
    pub(crate) fn observe(
        &mut self,
        round: Fact<'a, Round>,
        environment: &EnvironmentSettings,
        fit: u32,
    ) {
        let finding = self.series.take(
            &round.what.convergence,
            round.what.times.max(1),
            &self.deployment.what.commit,
            environment.convergence_rounds,
            fit,
        );
        let deadline = u64::from(environment.convergence_deadline);
        match finding {
            Finding::Converged => self.has_converged = true,
            Finding::Disagreeing if round.at.saturating_sub(self.deployment.at) > deadline => {
                self.is_late = true;
            }
            Finding::Agreeing | Finding::Disagreeing => {}
        }
    }
}
