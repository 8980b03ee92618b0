//! The entrance of an environment: what must be true before something of the release starts there.

use super::answer::Answer;
use super::case::Case;
use super::decision_table::early;
use super::ledger::Ledger;
use super::record::{Record, STALE};
use super::windows::Opening;
use super::{progress, steps};
use crate::bindings::promotion::{Action, Permission};
use crate::bindings::types::{EnvironmentSettings, Evidence, Reason};
use crate::reason::codes;

/// The longest wait for people, in seconds: an approval may expire.
const PEOPLE: u32 = 60;

/// Decides about an environment where nothing of the release is deployed.
///
/// The questions are asked in the order in which an answer costs least: the windows, the people, the nodes of the
/// environment before, and last the environment itself, which the release must lock.
pub(super) fn enter(
    case: &Case<'_>,
    ledger: &Ledger<'_>,
    (index, settings): (usize, &EnvironmentSettings),
    (permission, reasons): (Permission, Vec<Reason>),
) -> Answer {
    let Some(record) = ledger.records.get(index) else {
        return Answer::wait(case, reasons);
    };
    let name = &settings.name;
    let mut outside = None;
    match ledger.windows.opening(name, case.now) {
        Opening::Open => {}
        Opening::Outside { reason, warns } => outside = Some((reason, warns)),
        Opening::Closed { reason, wait } => {
            return hold(case, record, Action::Wait(wait), reason);
        }
    }
    if let Some((reason, question)) = ledger.people.missing(case, (index, settings)) {
        let next = question.map_or(Action::Wait(PEOPLE), Action::Ask);
        return hold(case, record, next, reason);
    }
    if let Some((before, reason)) = stale(case, ledger, index) {
        return hold(case, record, Action::Observe(before), reason);
    }
    if let Some(holder) = record.locked {
        let next = Action::Wait(case.settings.poll_interval);
        return hold(case, record, next, progress::locked(holder));
    }
    let mut answer = Answer::hold(Action::Deploy(name.clone()), reasons);
    answer.permission = permission;
    match record.steps.missing(&settings.before) {
        Some(step) => {
            answer.next = Action::Perform(steps::perform(step, name));
            answer.reasons.push(steps::not_run(step, name));
        }
        None => answer.reasons.push(progress::missing(case, record, name)),
    }
    answer.reasons.extend(early(case, record));
    if let Some((reason, warns)) = outside {
        answer.warns_outside = warns;
        if warns && permission == Permission::Promote {
            answer.permission = Permission::PromoteWithWarning;
        }
        answer.reasons.push(reason);
    }
    answer
}

fn hold(case: &Case<'_>, record: &Record<'_>, next: Action, reason: Reason) -> Answer {
    let mut reasons = vec![reason];
    reasons.extend(early(case, record));
    Answer::hold(next, reasons)
}

/// The environment before this one was verified too long ago.
fn stale(case: &Case<'_>, ledger: &Ledger<'_>, index: usize) -> Option<(String, Reason)> {
    let index = index.checked_sub(1)?;
    let before = ledger.records.get(index)?;
    let settings = case.settings.environments.get(index)?;
    if !before.can_be_asked() || before.waited_since < STALE {
        return None;
    }
    let name = &settings.name;
    let message = format!(
        "the release has waited for {} s since `{name}` was verified, so its nodes are asked again",
        before.waited_since
    );
    let reason =
        Reason::new(codes::VERIFICATION_STALE, message).on(Evidence::Environment(name.clone()));
    Some((name.clone(), reason))
}
