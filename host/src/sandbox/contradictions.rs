//! Answers that contradict the history: a promotion that did not happen, a message that was sent, an effect that is done.
//!
//! Such a policy is broken. Without these checks, it could report a release that is not live, or repeat effects
//! forever.

use super::checks::{Check, holds};
use crate::contract::promotion::{
    Action, Conclusion, Convergence, Decision, Deployment, Event, EventKind, InterventionKind,
    LoadTestResult, LoadTestRun, NodeVersion, Outcome, Release, Round, Step,
};
use crate::contract::types::{Settings, Verdict};

/// Checks the next action of a decision against the history.
pub(super) fn check(
    decision: &Decision,
    release: &Release,
    history: &[Event],
    settings: &Settings,
) -> Check {
    let past = Past {
        release,
        history,
        settings,
    };
    let mut kinds = history.iter().map(|it| &it.kind);
    match &decision.next {
        Action::Finish(Conclusion::Promoted | Conclusion::PromotedWithWarning) => holds(
            past.is_in_production(),
            "it finishes as promoted, but the history does not show that every node of the last environment \
             served the release after its deployment",
        ),
        Action::Notify(notice) => holds(
            !kinds.any(|it| matches!(it, EventKind::Notified(it) if it.key == notice.key)),
            "it sends a notice with a key that was used before",
        ),
        Action::Ask(question) => holds(
            !kinds.any(|it| matches!(it, EventKind::Asked(it) if it.key == question.key)),
            "it asks a question with a key that was used before",
        ),
        Action::Deploy(environment) => holds(
            !past.has_deployed(environment),
            "it deploys the release to an environment again, although that succeeded before",
        ),
        Action::LoadTest(run) => holds(
            !past.has_load_tested(run),
            "it repeats a load test that succeeded before",
        ),
        Action::Perform(step) => holds(
            !past.has_performed(step),
            "it repeats a step that succeeded before",
        ),
        Action::RollBack(environment) => holds(
            !past.has_rolled_back(environment),
            "it rolls an environment back again, although that succeeded before",
        ),
        Action::Observe(_) | Action::Measure(_) | Action::Wait(_) | Action::Finish(_) => Ok(()),
    }
}

/// What happened to a release.
struct Past<'a> {
    release: &'a Release,
    history: &'a [Event],
    settings: &'a Settings,
}

impl Past<'_> {
    /// Whether every node of the last environment served the release at least once after its deployment.
    fn is_in_production(&self) -> bool {
        let Some(last) = self.settings.environments.last() else {
            return false;
        };
        let deployed = self.history.iter().position(|event| match &event.kind {
            EventKind::Deployed(it) => {
                let may_be_there = matches!(it.outcome, Outcome::Succeeded | Outcome::Unknown);
                it.environment == last.name && self.is_own(it) && may_be_there
            }
            _ => false,
        });
        let Some(deployed) = deployed else {
            return false;
        };
        let mut later = self.history[deployed..].iter();
        later.any(|event| match &event.kind {
            EventKind::Observed(it) => it.environment == last.name && self.agrees(it),
            _ => false,
        })
    }

    fn has_deployed(&self, environment: &str) -> bool {
        // Images of one commit can be different releases. The digests of the tested image and of the deployed one
        // show it only together.
        let mut digests = self.history.iter().filter_map(|event| match &event.kind {
            EventKind::Deployed(it) if self.release.tag.contains(&it.commit) => it.digest.as_ref(),
            _ => None,
        });
        let first = self.release.digest.as_ref().or_else(|| digests.next());
        if digests.any(|it| Some(it) != first) {
            return false;
        }
        self.is_done(environment, |kind| match kind {
            EventKind::Deployed(it) if it.environment == environment && self.is_own(it) => {
                Some(it.outcome == Outcome::Succeeded)
            }
            _ => None,
        })
    }

    fn has_load_tested(&self, run: &LoadTestRun) -> bool {
        self.is_done(&run.environment, |kind| match kind {
            EventKind::LoadTested(it)
                if it.environment == run.environment && it.name == run.name =>
            {
                Some(match &it.result {
                    LoadTestResult::Judged(verdict) => *verdict == Verdict::Passed,
                    LoadTestResult::Measured(it) => it.complete && it.exit_status == Some(0),
                })
            }
            _ => None,
        })
    }

    fn has_performed(&self, step: &Step) -> bool {
        self.is_done(&step.environment, |kind| match kind {
            EventKind::Performed(it) if it.step == *step => Some(it.outcome == Outcome::Succeeded),
            _ => None,
        })
    }

    fn has_rolled_back(&self, environment: &str) -> bool {
        self.is_done(environment, |kind| match kind {
            EventKind::RolledBack(it) if it.environment == environment => {
                Some(it.outcome == Outcome::Succeeded)
            }
            _ => None,
        })
    }

    /// Whether an effect succeeded in an environment, and nothing since justifies that it is repeated: no deployment
    /// there or to an earlier environment, no node that serves something else, and no approval of a person.
    fn is_done(&self, environment: &str, result: impl Fn(&EventKind) -> Option<bool>) -> bool {
        let place = |name: &str| {
            let mut known = self.settings.environments.iter();
            known.position(|it| it.name == name)
        };
        let here = place(environment);
        let mut latest = self.history.iter().rev();
        latest
            .find_map(|event| {
                if let Some(succeeded) = result(&event.kind) {
                    return Some(succeeded);
                }
                let is_undone = match &event.kind {
                    EventKind::Deployed(it) | EventKind::RolledBack(it) => {
                        place(&it.environment) <= here
                    }
                    EventKind::Observed(it) => {
                        it.environment == environment && self.shows_another(it)
                    }
                    EventKind::Intervened(it) => it.kind == InterventionKind::Approved,
                    _ => false,
                };
                is_undone.then_some(false)
            })
            .unwrap_or(false)
    }

    /// Whether a deployment is one of the release.
    fn is_own(&self, deployment: &Deployment) -> bool {
        let is_other_image = match (&self.release.digest, &deployment.digest) {
            (Some(ours), Some(theirs)) => ours != theirs,
            _ => false,
        };
        self.release.tag.contains(&deployment.commit) && !is_other_image
    }

    fn agrees(&self, round: &Round) -> bool {
        match &round.convergence {
            Convergence::Judged(converged) => *converged,
            Convergence::Observed(nodes) => {
                !nodes.is_empty()
                    && nodes
                        .iter()
                        .all(|it| self.serves(&it.version) == Some(true))
            }
        }
    }

    fn shows_another(&self, round: &Round) -> bool {
        match &round.convergence {
            Convergence::Judged(converged) => !converged,
            Convergence::Observed(nodes) => nodes
                .iter()
                .any(|it| self.serves(&it.version) == Some(false)),
        }
    }

    /// Whether a node serves the release; `None` if it gave no usable answer.
    fn serves(&self, version: &NodeVersion) -> Option<bool> {
        match version {
            NodeVersion::Serves(commit) => Some(self.release.tag.contains(commit)),
            NodeVersion::Unreachable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
