//! The path of a release through the environments, and its next step.

use super::super::contract::promotion::{Conclusion, EventKind, Permission, Progress};
use super::super::contract::types::{LoadTestAction, Verdict};
use super::release::Target;
use super::windows::{self, State};
use super::{Draft, Next, Outside, Question, deployments, load_test, people, progress, steps};

/// The code of the reason why another release takes the place of this one.
pub fn superseded(question: Question<'_>, target: &Target) -> Option<&'static str> {
    let count = question.settings.environments.len();
    for place in 0..count {
        let name = &question.settings.environments[place].name;
        let state = progress::progress(question, target, place);
        let is_late = progress::is_late(question, target, place);
        let has_failed = state == Progress::Failed && !is_late;
        if has_failed || steps::failure(question, target, place).is_some() {
            return None;
        }
        let superseded = question.history.iter().any(
            |event| matches!(&event.kind, EventKind::Superseded(it) if it.environment == *name),
        );
        if superseded && !progress::is_settled(question, target, place) {
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
    let diverged = question
        .history
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Diverged(it) if it.environment == *name));
    diverged
        && progress::progress(question, target, last) == Progress::Pending
        && !people::approved(question, last)
}

/// Whether a person rejected the release for an environment that it has not entered.
pub fn rejected(question: Question<'_>, target: &Target) -> bool {
    let mut environments = 0..question.settings.environments.len();
    let has_failed = environments.clone().any(|place| {
        progress::progress(question, target, place) == Progress::Failed
            || steps::failure(question, target, place).is_some()
    });
    let is_rejected = |place: usize| {
        place >= target.place
            && progress::progress(question, target, place) == Progress::Pending
            && people::rejected(question, place)
    };
    !has_failed && environments.any(is_rejected)
}

/// Goes from the first environment to the last, and stops at the one that does not let the release continue.
pub fn walk(question: Question<'_>, target: &Target) -> Draft {
    let count = question.settings.environments.len();
    for place in 0..count {
        if let Some(mut draft) = stop_at(question, target, place) {
            draft.environment = Some(place);
            return draft;
        }
    }
    let (permission, mut codes) = so_far(question, target, count);
    codes.push("promoted");
    let conclusion = match permission {
        Permission::Promote => Conclusion::Promoted,
        _ => Conclusion::PromotedWithWarning,
    };
    let mut draft = Draft::hold(Next::Finish(conclusion), codes);
    draft.permission = permission;
    draft
}

/// What has to happen in an environment before the release continues.
fn stop_at(question: Question<'_>, target: &Target, place: usize) -> Option<Draft> {
    let state = progress::progress(question, target, place);
    if state == Progress::Failed {
        return Some(failure(question, target, place));
    }
    if state != Progress::Converged && place < target.place {
        return Some(before_the_tag(question, target, place));
    }
    if let Some(code) = steps::failure(question, target, place) {
        return Some(Draft::end(Conclusion::Stopped, vec![code]));
    }
    if state != Progress::Converged {
        return Some(step(question, target, place));
    }
    if let Some(name) = steps::missing(question, target, place) {
        return Some(if place < target.place {
            let codes = vec!["stage-not-verified", "step-not-run"];
            Draft::hold(wait(question), codes)
        } else {
            let environment = question.settings.environments[place].name.clone();
            let next = Next::Perform(environment, name.clone());
            Draft::hold(next, vec!["step-not-run"])
        });
    }
    let (permission, codes) = table(question, target, place);
    match permission {
        Permission::Promote | Permission::PromoteWithWarning => None,
        Permission::Stop => Some(Draft::end(Conclusion::Stopped, codes)),
        Permission::Hold => Some(load_test_is_missing(question, target, place)),
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
    Draft::hold(wait(question), codes)
}

/// The next step in an environment that the release may change.
fn step(question: Question<'_>, target: &Target, place: usize) -> Draft {
    let name = question.settings.environments[place].name.clone();
    let state = progress::progress(question, target, place);
    let is_pending = state == Progress::Pending;
    if is_pending && let Some((next, code)) = closed(question, target, place) {
        let mut codes = vec![code];
        codes.extend(early(question, target, place));
        return Draft::hold(next, codes);
    }
    let is_last = place + 1 == question.settings.environments.len();
    let (permission, mut codes) = if place > 0 && (state == Progress::Pending || is_last) {
        so_far(question, target, place)
    } else {
        (Permission::Hold, Vec::new())
    };
    let before = steps::missing(question, target, place).filter(|_| is_pending);
    codes.push(match before {
        Some(_) => "step-not-run",
        None => missing(question, target, place),
    });
    codes.extend(early(question, target, place));
    let next = match before {
        Some(step) => Next::Perform(name, step.clone()),
        None if is_pending => Next::Deploy(name),
        None if was_asked(question, target, place) => wait(question),
        None => Next::Observe(name),
    };
    let mut draft = Draft::hold(next, codes);
    draft.permission = permission;
    let environment = &question.settings.environments[place].name;
    let outside = windows::state(question, environment, question.now);
    if is_pending && let State::Outside(outside) = outside {
        draft.codes.push("outside-hours");
        draft.is_outside = outside == Outside::Warn;
        if draft.is_outside && permission == Permission::Promote {
            draft.permission = Permission::PromoteWithWarning;
        }
    }
    draft
}

/// What prevents something from starting in an environment: the next action, and the code of the reason.
fn closed(question: Question<'_>, target: &Target, place: usize) -> Option<(Next, &'static str)> {
    let environment = &question.settings.environments[place];
    let name = &environment.name;
    let code = match windows::state(question, name, question.now) {
        State::Frozen => Some("frozen"),
        State::Outside(Outside::Hold) => Some("outside-hours"),
        _ => None,
    };
    if let Some(code) = code {
        let seconds = windows::wait(question, name, question.now);
        return Some((Next::Wait(seconds), code));
    }
    if people::approvals_are_missing(question, place, question.now) {
        let next = if people::was_asked(question, environment) {
            Next::Wait(60)
        } else {
            Next::Ask(people::question_key(environment))
        };
        return Some((next, "approval-missing"));
    }
    if place > 0 && progress::is_stale(question, target, place - 1) {
        let before = question.settings.environments[place - 1].name.clone();
        return Some((Next::Observe(before), "verification-stale"));
    }
    if is_occupied(question, target, place) {
        return Some((wait(question), "locked"));
    }
    None
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
    let locked = question
        .history
        .iter()
        .rposition(|event| matches!(&event.kind, EventKind::Locked(it) if it.environment == *name));
    locked.is_some_and(|since| {
        (since..question.history.len()).all(|it| {
            let waited = matches!(question.history[it].kind, EventKind::Waited(_));
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
        |event| matches!(&event.kind, EventKind::Observed(it) if it.environment == *name),
    );
    let waited = |since: usize| {
        let mut later = history[since..].iter();
        later.any(|event| matches!(event.kind, EventKind::Waited(_)))
    };
    asked.is_some_and(|since| !waited(since))
}

/// An environment has converged, and its load tests do not let the release continue.
fn load_test_is_missing(question: Question<'_>, target: &Target, place: usize) -> Draft {
    let (_, mut codes) = table(question, target, place);
    let environment = &question.settings.environments[place];
    let is_known = load_test::meaning(question, target).action.is_some();
    let mut tests = environment.load_tests.iter();
    let missing =
        tests.find(|it| progress::load_tested(question, target, place, &it.name).is_none());
    let next = match missing {
        Some(test) if is_known && target.place <= place => {
            Next::LoadTest(environment.name.clone(), test.name.clone())
        }
        _ => wait(question),
    };
    if is_known && target.place > place {
        codes.push("stage-not-verified");
    }
    Draft::hold(next, codes)
}

/// The decision table of all environments before this one. Each of them lets the release continue.
fn so_far(question: Question<'_>, target: &Target, end: usize) -> (Permission, Vec<&'static str>) {
    let tables: Vec<_> = (0..end)
        .map(|place| table(question, target, place))
        .collect();
    let warns = |it: &&(Permission, Vec<&'static str>)| it.0 == Permission::PromoteWithWarning;
    // The reasons of the latest environment come first, unless only an earlier one warns.
    let first = tables.iter().rev().find(warns).or(tables.last());
    let (permission, mut codes) = first.cloned().expect("an environment");
    codes.extend(tables.iter().flat_map(|it| it.1.iter().copied()));
    (permission, codes)
}

/// The decision table, for a release that has converged in an environment.
fn table(question: Question<'_>, target: &Target, place: usize) -> (Permission, Vec<&'static str>) {
    let environment = &question.settings.environments[place];
    if environment.load_tests.is_empty() {
        return (Permission::Promote, Vec::new());
    }
    let meaning = load_test::meaning(question, target);
    let judged: Vec<_> = environment
        .load_tests
        .iter()
        .map(|test| {
            let result = progress::load_tested(question, target, place, &test.name)?;
            Some(load_test::verdict(result, &target.commit, test))
        })
        .collect();
    let all_passed = judged
        .iter()
        .all(|it| matches!(it, Some((Verdict::Passed, _))));
    let mut codes = Vec::new();
    let mut permission = Permission::Promote;
    if meaning.action == Some(LoadTestAction::Skip) {
        codes.push("load-test-skipped");
    } else {
        let cell = |it: &Option<(Verdict, Vec<&'static str>)>| match (
            meaning.action,
            it.as_ref().map(|it| it.0),
        ) {
            (_, Some(Verdict::Passed)) => Permission::Promote,
            (Some(LoadTestAction::Abort), Some(_)) => Permission::Stop,
            (Some(_), Some(_)) => Permission::PromoteWithWarning,
            (None, _) | (_, None) => Permission::Hold,
        };
        // The strictest cell counts, and of equal ones the first.
        let order = [
            Permission::Stop,
            Permission::Hold,
            Permission::PromoteWithWarning,
            Permission::Promote,
        ];
        let decisive = order
            .iter()
            .find_map(|it| judged.iter().position(|test| cell(test) == *it))
            .expect("a load test");
        permission = cell(&judged[decisive]);
        for (index, test) in judged.iter().enumerate() {
            let holds = cell(test) == Permission::Hold;
            if holds && index != decisive {
                continue;
            }
            let mut own = Vec::new();
            if holds && meaning.action.is_none() {
                own.push("action-unknown");
            }
            if let Some((verdict, causes)) = test {
                own.push(load_test::code(*verdict));
                own.extend(causes);
            } else {
                own.push("load-test-not-run");
                own.extend(early(question, target, place));
            }
            if index == decisive {
                own.extend(std::mem::take(&mut codes));
                codes = own;
            } else {
                codes.extend(own);
            }
        }
    }
    if all_passed {
        return (permission, codes);
    }
    codes.extend(meaning.codes);
    if permission == Permission::Promote && meaning.is_waived {
        return (Permission::PromoteWithWarning, codes);
    }
    (permission, codes)
}
