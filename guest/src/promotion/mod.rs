//! Decides whether a release continues, and what happens next.
//!
//! A decision has two steps. The history is read into a ledger. Then questions are asked in a fixed order,
//! and the first one with an answer decides:
//!
//! 1. Are the settings and the tag valid? Otherwise the release is refused.
//! 2. Was the release canceled by a person? That overrides everything that was reached.
//! 3. Does the history name only known environments, and do label and tag agree?
//! 4. Did a newer release supersede it where it was not verified, and no deployment failed there or earlier on the
//!    path? Is the order of this release and the live one unknown?
//!    Did a person reject it?
//! 5. What is missing in the first environment where it is not verified, or whose watch has not ended?
//! 6. Before something starts in an environment: is a window open, did enough people approve, is the verification of
//!    the environment before recent, and does no other release lock the environment?
//! 7. Did a person put it on hold? A hold prevents new steps. It does not prevent a release from ending,
//!    because that starts nothing and frees the environment.
//!
//! 8. Is it too old?
//!
//! Last, notices that are due and not sent yet come before the next step.

mod age;
mod answer;
mod case;
mod contained;
mod convergence;
mod deadline;
mod decision_table;
mod entrance;
mod held_time;
mod ledger;
mod load_balancer;
mod next_step;
mod notices;
mod people;
mod progress;
mod record;
mod roll_back;
mod steps;
mod thresholds;
mod verdict;
mod watch;
mod watched;
mod windows;

use answer::Answer;
use case::Case;
use contained::Contained;
use ledger::Ledger;

use crate::bindings::promotion::{
    Action, Conclusion, Decision, Event, Permission, Progress, Release,
};
use crate::bindings::types::{Evidence, Reason, Settings, Timestamp};
use crate::reason::codes;
use crate::tag;

/// Decides what happens next with a release, from its whole history.
///
/// Total: every input has an answer with at least one reason, and an invalid input stops the release.
pub fn decide(
    release: &Release,
    history: &[Event],
    now: Timestamp,
    settings: &Settings,
) -> Decision {
    let target = match tag::resolve(&release.tag, settings) {
        Ok(target) => target,
        Err(reasons) => return refusal(reasons),
    };
    let mut environments = settings.environments.iter();
    let Some(entry) = environments.position(|it| it.name == target.environment) else {
        return refusal(Vec::new());
    };
    let (asked, contradiction) = match case::action(release, &target) {
        Ok(action) => (action, None),
        Err(reason) => (target.action, Some(*reason)),
    };
    let case = Case {
        release,
        history,
        now,
        settings,
        commit: &target.commit,
        entry,
        asked,
        action: Contained::read(history).action(asked),
    };
    let ledger = Ledger::read(&case);
    let answer = answer(&case, &ledger, contradiction);
    let next = match notices::due(&case, &answer) {
        Some(notice) => Action::Notify(notice),
        None => answer.next,
    };
    Decision {
        permission: answer.permission,
        next,
        reasons: answer.reasons,
        environments: ledger.statuses(&case),
    }
}

fn answer(case: &Case<'_>, ledger: &Ledger<'_>, contradiction: Option<Reason>) -> Answer {
    let answer = canceled(ledger)
        .or_else(|| stranger(ledger))
        .or_else(|| contradiction.map(|it| Answer::end(Conclusion::Stopped, vec![it])))
        .or_else(|| superseded(case, ledger))
        .or_else(|| diverged(ledger))
        .or_else(|| rejected(case, ledger))
        .unwrap_or_else(|| next_step::next(case, ledger));
    age::overdue(case, ledger, held(case, ledger, answer))
}

fn canceled(ledger: &Ledger<'_>) -> Option<Answer> {
    let canceled = ledger.people.canceled?;
    let reason = people::reason(codes::CANCELED, canceled, "canceled the release");
    Some(Answer::end(Conclusion::Canceled, vec![reason]))
}

fn stranger(ledger: &Ledger<'_>) -> Option<Answer> {
    let (place, environment) = ledger.stranger?;
    let message = format!(
        "an event of the history names `{environment}`, which is not an environment of the settings"
    );
    let reason = Reason::new(codes::ENVIRONMENT_UNKNOWN, message)
        .on(case::event(place))
        .on(Evidence::Environment(environment.to_owned()))
        .on(Evidence::Setting("environments".to_owned()));
    Some(Answer::end(Conclusion::Stopped, vec![reason]))
}

/// A newer release supersedes this one in each environment where this one is not settled yet.
///
/// A failed deployment is reported as failed, even if a newer release supersedes this one in the same or in a later
/// environment, because it needs attention. If another release replaced this one in the last environment before it
/// converged, it is not deployed again: production is never deployed back and forth.
fn superseded(case: &Case<'_>, ledger: &Ledger<'_>) -> Option<Answer> {
    let records = ledger.records.iter().enumerate();
    let reason = records
        .take_while(|(index, record)| {
            (record.progress != Progress::Failed || record.late)
                && next_step::failed_step(case, *index, record).is_none()
        })
        .find_map(|(index, record)| {
            let last = index + 1 == ledger.records.len();
            match (record.superseded, record.displaced) {
                (Some(competing_release), _) if !ledger.settled(case, index) => {
                    Some(progress::superseded(competing_release))
                }
                (_, Some(by)) if last && record.progress == Progress::Pending => {
                    Some(progress::displaced(case, by))
                }
                _ => None,
            }
        })?;
    Some(Answer::end(Conclusion::Superseded, vec![reason]))
}

/// The release that is live in the last environment may be newer than this one. Production is not rolled
/// back on a guess; a person can approve the release.
fn diverged(ledger: &Ledger<'_>) -> Option<Answer> {
    let record = ledger.records.last()?;
    let competing_release = record
        .diverged
        .filter(|_| record.progress == Progress::Pending && !ledger.people.approved)?;
    Some(Answer::end(
        Conclusion::Stopped,
        vec![progress::diverged(competing_release)],
    ))
}

/// A person rejected the release for an environment that it has not entered. It ends at once, because it can't be
/// promoted any more. A failed deployment is reported as failed.
fn rejected(case: &Case<'_>, ledger: &Ledger<'_>) -> Option<Answer> {
    let environments = case.settings.environments.iter().enumerate();
    let mut refused = None;
    for ((index, environment), record) in environments.zip(&ledger.records) {
        let has_failed = record.progress == Progress::Failed
            || next_step::failed_step(case, index, record).is_some();
        if has_failed {
            return None;
        }
        if index >= case.entry && record.progress == Progress::Pending && refused.is_none() {
            let rejected = ledger.people.rejected(index);
            refused = rejected.map(|it| (it, &environment.name));
        }
    }
    let (rejected, name) = refused?;
    let did = format!("rejected the release for `{name}`");
    let reason =
        people::reason(codes::REJECTED, rejected, &did).on(Evidence::Environment(name.clone()));
    Some(Answer::end(Conclusion::Stopped, vec![reason]))
}

/// A person put the release on hold in the environment that the answer is about.
fn held(case: &Case<'_>, ledger: &Ledger<'_>, answer: Answer) -> Answer {
    let fact = answer.place.and_then(|it| ledger.people.held(it));
    let Some(fact) = fact.filter(|_| !answer.is_end()) else {
        return answer;
    };
    let mut reasons = answer.reasons;
    let reason = people::reason(codes::HELD, fact, "put the release on hold")
        .help("approve the release to continue");
    reasons.insert(0, reason);
    Answer::wait(case, reasons)
}

/// The answer for invalid settings or an invalid tag; it has no environments.
fn refusal(mut reasons: Vec<Reason>) -> Decision {
    if reasons.is_empty() {
        reasons.push(Reason::new(
            codes::TAG_REFUSED,
            "the tag is not a release tag",
        ));
    }
    Decision {
        permission: Permission::Stop,
        next: Action::Finish(Conclusion::Stopped),
        reasons,
        environments: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    mod drive;
    mod properties;
    mod questions;
}
