//! Answers that contradict the history: a promotion that did not happen, a message that was sent, an effect that is done.
//!
//! A policy that makes them is broken, or lies. Without these checks, it could report a release that is not live, or repeat
//! effects without an end.

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
mod tests {
    use super::*;
    use crate::contract::promotion::{
        Intervention, LoadTest, Node, Notice, Notification, Permission, Question, StepResult,
        Urgency,
    };
    use crate::contract::settings;

    const SHA: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
    const OTHER: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn deployed(environment: &str, commit: &str, outcome: Outcome) -> EventKind {
        EventKind::Deployed(Deployment {
            environment: environment.to_owned(),
            commit: commit.to_owned(),
            digest: None,
            outcome,
        })
    }

    fn observed(environment: &str, commits: &[&str]) -> EventKind {
        let node = |commit: &&str| Node {
            name: "a".to_owned(),
            version: NodeVersion::Serves((*commit).to_owned()),
        };
        EventKind::Observed(Round {
            environment: environment.to_owned(),
            convergence: Convergence::Observed(commits.iter().map(node).collect()),
            times: 1,
        })
    }

    fn judged(environment: &str, converged: bool) -> EventKind {
        EventKind::Observed(Round {
            environment: environment.to_owned(),
            convergence: Convergence::Judged(converged),
            times: 1,
        })
    }

    fn load_tested(verdict: Verdict) -> EventKind {
        EventKind::LoadTested(LoadTest {
            environment: "stage".to_owned(),
            name: "load-test".to_owned(),
            result: LoadTestResult::Judged(verdict),
        })
    }

    fn step() -> Step {
        Step {
            name: "migrate".to_owned(),
            environment: "prod".to_owned(),
            arguments: Vec::new(),
        }
    }

    fn performed(outcome: Outcome) -> EventKind {
        EventKind::Performed(StepResult {
            step: step(),
            outcome,
            exit_status: None,
            answer: None,
        })
    }

    fn rolled_back(outcome: Outcome) -> EventKind {
        match deployed("prod", OTHER, outcome) {
            EventKind::Deployed(it) => EventKind::RolledBack(it),
            other => other,
        }
    }

    fn approved() -> EventKind {
        EventKind::Intervened(Intervention {
            kind: InterventionKind::Approved,
            by: "Ada".to_owned(),
            proven: false,
            why: "a test".to_owned(),
            environment: None,
            digest: None,
            question: None,
        })
    }

    fn is_refused(next: Action, kinds: &[EventKind]) -> bool {
        let release = Release {
            tag: format!("stage-{SHA}"),
            digest: None,
            instruction: None,
            authors: Vec::new(),
            facts: Vec::new(),
        };
        let event = |kind: &EventKind| Event {
            at: 0,
            kind: kind.clone(),
        };
        let history: Vec<_> = kinds.iter().map(event).collect();
        let decision = Decision {
            permission: Permission::Hold,
            next,
            reasons: Vec::new(),
            environments: Vec::new(),
        };
        check(&decision, &release, &history, &settings::defaults()).is_err()
    }

    #[test]
    fn a_promotion_needs_production() {
        use Outcome::{Failed, Succeeded, Unknown};
        let own = |outcome| deployed("prod", SHA, outcome);
        for (history, is_lie) in [
            (vec![], true),
            (vec![own(Succeeded)], true),
            (vec![observed("prod", &[SHA]), own(Succeeded)], true),
            (vec![own(Succeeded), observed("stage", &[SHA])], true),
            (vec![own(Succeeded), observed("prod", &[])], true),
            (vec![own(Succeeded), observed("prod", &[SHA, OTHER])], true),
            (vec![own(Failed), observed("prod", &[SHA])], true),
            (
                vec![deployed("prod", OTHER, Succeeded), observed("prod", &[SHA])],
                true,
            ),
            (vec![own(Succeeded), judged("prod", false)], true),
            (vec![own(Succeeded), judged("prod", true)], false),
            (vec![own(Unknown), observed("prod", &[SHA, SHA])], false),
        ] {
            for conclusion in [Conclusion::Promoted, Conclusion::PromotedWithWarning] {
                let refused = is_refused(Action::Finish(conclusion), &history);
                assert_eq!(refused, is_lie, "{history:?}");
            }
            assert!(!is_refused(Action::Finish(Conclusion::Stopped), &history));
        }
    }

    #[test]
    fn a_key_is_used_once() {
        let notice = Action::Notify(Notice {
            urgency: Urgency::Info,
            key: "k".to_owned(),
            text: "t".to_owned(),
        });
        let question = Question {
            key: "k".to_owned(),
            environment: "prod".to_owned(),
            text: "t".to_owned(),
        };
        let notified = |key: &str| {
            EventKind::Notified(Notification {
                key: key.to_owned(),
                outcome: Outcome::Failed,
            })
        };
        let asked = EventKind::Asked(question.clone());
        let history = [notified("other"), asked];
        assert!(!is_refused(notice.clone(), &history));
        assert!(is_refused(Action::Ask(question.clone()), &history));
        assert!(is_refused(notice, &[notified("k")]));
        assert!(!is_refused(Action::Ask(question), &[notified("k")]));
    }

    #[test]
    fn an_effect_is_not_repeated_after_its_success() {
        use Outcome::{Failed, Succeeded};
        let rows = [
            (
                Action::Deploy("prod".to_owned()),
                deployed("prod", SHA, Succeeded),
                deployed("prod", SHA, Failed),
                "prod",
            ),
            (
                Action::LoadTest(LoadTestRun {
                    environment: "stage".to_owned(),
                    name: "load-test".to_owned(),
                }),
                load_tested(Verdict::Passed),
                load_tested(Verdict::Errored),
                "stage",
            ),
            (
                Action::Perform(step()),
                performed(Succeeded),
                performed(Failed),
                "prod",
            ),
            (
                Action::RollBack("prod".to_owned()),
                rolled_back(Succeeded),
                rolled_back(Failed),
                "prod",
            ),
        ];
        for (next, success, failure, environment) in rows {
            let refused = |kinds: &[EventKind]| is_refused(next.clone(), kinds);
            let (success, failure) = (&success, &failure);
            assert!(!refused(&[]));
            assert!(refused(&[success.clone()]), "{next:?}");
            assert!(refused(&[success.clone(), EventKind::Waited(9)]));
            assert!(refused(&[success.clone(), observed(environment, &[SHA])]));
            assert!(!refused(&[failure.clone()]));
            assert!(!refused(&[success.clone(), failure.clone()]));
            assert!(refused(&[failure.clone(), success.clone()]));
            for undone in [
                observed(environment, &[SHA, OTHER]),
                judged(environment, false),
                deployed(environment, OTHER, Failed),
                deployed("stage", SHA, Succeeded),
                approved(),
            ] {
                assert!(!refused(&[success.clone(), undone.clone()]), "{undone:?}");
            }
        }
    }

    /// The digests show that another image of the commit was deployed.
    #[test]
    fn another_image_is_another_release() {
        let image = |environment: &str, digest: &str| {
            EventKind::Deployed(Deployment {
                environment: environment.to_owned(),
                commit: SHA.to_owned(),
                digest: Some(digest.to_owned()),
                outcome: Outcome::Succeeded,
            })
        };
        let deploy = || Action::Deploy("prod".to_owned());
        let other = [image("stage", "sha256:a"), image("prod", "sha256:b")];
        assert!(!is_refused(deploy(), &other));
        let same = [image("stage", "sha256:a"), image("prod", "sha256:a")];
        assert!(is_refused(deploy(), &same));
    }
}
