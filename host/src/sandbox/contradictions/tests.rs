//! Answers that contradict a history, and answers that don't.

use std::slice;

use super::*;
use crate::contract::promotion::{
    Intervention, LoadTest, Node, Notice, Notification, Permission, Question, StepResult, Urgency,
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
        assert!(refused(slice::from_ref(success)), "{next:?}");
        assert!(refused(&[success.clone(), EventKind::Waited(9)]));
        assert!(refused(&[success.clone(), observed(environment, &[SHA])]));
        assert!(!refused(slice::from_ref(failure)));
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
