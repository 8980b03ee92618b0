//! The path of a release through the environments, and its next step.

use super::super::contract::promotion::{Conclusion, Happening, Permission, Progress};
use super::super::contract::types::{LoadTestAction, Verdict};
use super::release::Target;
use super::{Draft, Next, Question, deployments, load_test, people, progress};

/// The code of the reason why another release takes the place of this one.
pub fn superseded(question: Question<'_>, target: &Target) -> Option<&'static str> {
    let count = question.settings.environments.len();
    for place in 0..count {
        let name = &question.settings.environments[place].name;
        let state = progress::progress(question, target, place);
        if state == Progress::Failed && !progress::is_late(question, target, place) {
            return None;
        }
        let overtaken = question.history.iter().any(
            |event| matches!(&event.happening, Happening::Overtaken(it) if it.environment == *name),
        );
        if overtaken && !progress::is_settled(question, target, place) {
            return Some("superseded");
        }
        let was_replaced = deployments::was_replaced(question, target, place);
        if place + 1 == count && state == Progress::Pending && was_replaced {
            return Some("displaced");
        }
    }
    None
}

/// Whether the live release in the last environment may be newer, and no person approved.
pub fn order_is_unknown(question: Question<'_>, target: &Target) -> bool {
    let last = question.settings.environments.len() - 1;
    let name = &question.settings.environments[last].name;
    let unplaced = question.history.iter().any(
        |event| matches!(&event.happening, Happening::Unplaced(it) if it.environment == *name),
    );
    unplaced
        && progress::progress(question, target, last) == Progress::Pending
        && !people::approved(question.history)
}

/// Goes from the first environment to the last, and stops at the one that does not let the release continue.
pub fn walk(question: Question<'_>, target: &Target) -> Draft {
    let count = question.settings.environments.len();
    for place in 0..count {
        let state = progress::progress(question, target, place);
        if state == Progress::Failed {
            return failure(question, target, place);
        }
        if state != Progress::Converged && place < target.place {
            return before_the_tag(question, target, place);
        }
        if state != Progress::Converged {
            return step(question, target, place);
        }
        if place > 0 {
            continue;
        }
        let (permission, codes) = table(question, target);
        match permission {
            Permission::Promote | Permission::PromoteWithWarning => {}
            Permission::Stop => return Draft::end(Conclusion::Stopped, codes),
            Permission::Hold => return load_test_is_missing(question, target, codes),
        }
    }
    let (permission, mut codes) = table(question, target);
    codes.push("promoted");
    let conclusion = match permission {
        Permission::Promote => Conclusion::Promoted,
        _ => Conclusion::PromotedWithWarning,
    };
    Draft {
        permission,
        next: Next::Finish(conclusion),
        codes,
    }
}

fn failure(question: Question<'_>, target: &Target, place: usize) -> Draft {
    let codes = if progress::is_late(question, target, place) {
        vec!["not-converged", "converging"]
    } else {
        vec!["deployment-failed"]
    };
    Draft::end(Conclusion::Stopped, codes)
}

fn wait(question: Question<'_>) -> Next {
    Next::Wait(question.settings.poll_interval)
}

/// An environment before the one in the tag is not verified.
fn before_the_tag(question: Question<'_>, target: &Target, place: usize) -> Draft {
    let mut codes = if deployments::is_other_image(question, target, place) {
        vec!["digest-mismatch"]
    } else {
        vec!["stage-not-verified", missing(question, target, place)]
    };
    codes.extend(early(question, target, place));
    Draft {
        permission: Permission::Hold,
        next: wait(question),
        codes,
    }
}

/// The next step in an environment that the release may change.
fn step(question: Question<'_>, target: &Target, place: usize) -> Draft {
    let name = question.settings.environments[place].name.clone();
    let state = progress::progress(question, target, place);
    if state == Progress::Pending && is_occupied(question, target, place) {
        let mut codes = vec!["occupied"];
        codes.extend(early(question, target, place));
        return Draft {
            permission: Permission::Hold,
            next: wait(question),
            codes,
        };
    }
    let is_last = place + 1 == question.settings.environments.len();
    let (permission, mut codes) = if place > 0 && (state == Progress::Pending || is_last) {
        table(question, target)
    } else {
        (Permission::Hold, Vec::new())
    };
    codes.push(missing(question, target, place));
    codes.extend(early(question, target, place));
    let next = if state == Progress::Pending {
        Next::Deploy(name)
    } else if was_asked(question, target, place) {
        wait(question)
    } else {
        Next::Observe(name)
    };
    Draft {
        permission,
        next,
        codes,
    }
}

/// The code of the reason why an environment has not converged.
fn missing(question: Question<'_>, target: &Target, place: usize) -> &'static str {
    match progress::progress(question, target, place) {
        Progress::Pending if deployments::was_replaced(question, target, place) => "displaced",
        Progress::Pending => "not-deployed",
        Progress::Unknown => "deployment-unknown",
        _ => "converging",
    }
}

fn early(question: Question<'_>, target: &Target, place: usize) -> Option<&'static str> {
    let skips = load_test::meaning(question, target).action == Some(LoadTestAction::Skip);
    let exists = progress::has_early_load_test(question, target, place);
    (exists && !skips).then_some("load-test-before-deployment")
}

/// Whether another release is being deployed there, and no wait is over since.
fn is_occupied(question: Question<'_>, target: &Target, place: usize) -> bool {
    let name = &question.settings.environments[place].name;
    let occupied = question.history.iter().rposition(
        |event| matches!(&event.happening, Happening::Occupied(it) if it.environment == *name),
    );
    occupied.is_some_and(|since| {
        (since..question.history.len()).all(|it| {
            let waited = matches!(question.history[it].happening, Happening::Waited(_));
            let here = deployments::at(question, it).is_some_and(|(to, _)| to == place);
            let deployed = here && deployments::is_own(question, target, it);
            !waited && !deployed
        })
    })
}

/// Whether the nodes were asked, and no wait is over since.
fn was_asked(question: Question<'_>, target: &Target, place: usize) -> bool {
    let name = &question.settings.environments[place].name;
    let since = deployments::counting(question, target, place, question.history.len());
    let history = &question.history[since.unwrap_or(0)..];
    let asked = history.iter().rposition(
        |event| matches!(&event.happening, Happening::Observed(it) if it.environment == *name),
    );
    let waited = |since: usize| {
        let mut later = history[since..].iter();
        later.any(|event| matches!(event.happening, Happening::Waited(_)))
    };
    asked.is_some_and(|since| !waited(since))
}

/// The first environment has converged, and its load test does not let the release continue.
fn load_test_is_missing(
    question: Question<'_>,
    target: &Target,
    mut codes: Vec<&'static str>,
) -> Draft {
    let is_known = load_test::meaning(question, target).action.is_some();
    let next = if is_known && target.place == 0 {
        Next::LoadTest(question.settings.environments[0].name.clone())
    } else {
        wait(question)
    };
    if is_known && target.place > 0 {
        codes.push("stage-not-verified");
    }
    Draft {
        permission: Permission::Hold,
        next,
        codes,
    }
}

/// The decision table, for a release that has converged in the first environment.
fn table(question: Question<'_>, target: &Target) -> (Permission, Vec<&'static str>) {
    let meaning = load_test::meaning(question, target);
    let judged = progress::load_tested(question, target, 0)
        .map(|it| load_test::verdict(it, &target.commit, &question.settings.thresholds));
    let verdict = judged.as_ref().map(|(verdict, _)| *verdict);
    let permission = match (meaning.action, verdict) {
        (Some(LoadTestAction::Skip), _) | (_, Some(Verdict::Passed)) => Permission::Promote,
        (Some(LoadTestAction::Abort), Some(_)) => Permission::Stop,
        (Some(LoadTestAction::Warn), Some(_)) => Permission::PromoteWithWarning,
        (None, _) | (_, None) => Permission::Hold,
    };
    let mut codes = Vec::new();
    if meaning.action == Some(LoadTestAction::Skip) {
        codes.push("load-test-skipped");
    } else {
        if meaning.action.is_none() && permission == Permission::Hold {
            codes.push("action-unknown");
        }
        if let Some((verdict, causes)) = judged {
            codes.push(load_test::code(verdict));
            codes.extend(causes);
        } else {
            codes.push("load-test-not-run");
            codes.extend(early(question, target, 0));
        }
    }
    if verdict == Some(Verdict::Passed) {
        return (permission, codes);
    }
    codes.extend(meaning.codes);
    if permission == Permission::Promote && meaning.is_waived {
        return (Permission::PromoteWithWarning, codes);
    }
    (permission, codes)
}
