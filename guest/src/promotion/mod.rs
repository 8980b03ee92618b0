//! Whether a release goes on, and what happens next.
//!
//! A decision is made in two moves: the history is read into a ledger, then questions are asked in
//! a fixed order, and the first one that has an answer decides:
//!
//! 1. Can the settings and the tag be understood? Otherwise the release is refused.
//! 2. Did a person end it? Nothing else matters then, not even what has been reached.
//! 3. Can the history be understood, and do label and tag agree?
//! 4. Did something newer take its place where it had not got through yet, or can't anybody tell?
//! 5. What is missing in the first environment that it has not got through?
//! 6. Did a person ask to hold it? A hold keeps things from starting. It does not keep a release from
//!    ending, since that starts nothing and frees the environment for the next one.
//!
//! Last, people are told whatever they have not been told yet.

mod case;
mod convergence;
mod decision_table;
mod ledger;
mod next_step;
mod notices;
mod progress;
mod record;
mod thresholds;
mod verdict;

use case::Case;
use ledger::Ledger;

use crate::bindings::promotion::{
    Action, Conclusion, Decision, Event, Permission, Progress, Release,
};
use crate::bindings::types::{Evidence, Reason, Settings, Timestamp};
use crate::reason::codes;
use crate::tag;

/// Decides from everything known what is to be done with a release.
///
/// Total: there is an answer with at least one reason for every input, and what cannot be understood
/// is stopped.
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
    let (action, contradiction) = match case::action(release, &target) {
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
        action,
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
        standings: ledger.standings(&case),
    }
}

/// What is to be done, and why.
struct Answer {
    pub permission: Permission,
    pub next: Action,
    pub reasons: Vec<Reason>,
}

impl Answer {
    /// Not yet.
    fn hold(next: Action, reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Hold,
            next,
            reasons,
        }
    }

    /// Not yet, and only time can change that.
    fn wait(case: &Case<'_>, reasons: Vec<Reason>) -> Self {
        Self::hold(Action::Wait(case.settings.poll_interval), reasons)
    }

    /// Never.
    fn end(conclusion: Conclusion, reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Stop,
            next: Action::Finish(conclusion),
            reasons,
        }
    }

    /// Tells whether nothing but telling people is left to do.
    fn is_end(&self) -> bool {
        matches!(self.next, Action::Finish(_))
    }
}

fn answer(case: &Case<'_>, ledger: &Ledger<'_>, contradiction: Option<Reason>) -> Answer {
    let answer = canceled(ledger)
        .or_else(|| stranger(ledger))
        .or_else(|| contradiction.map(|it| Answer::end(Conclusion::Stopped, vec![it])))
        .or_else(|| superseded(case, ledger))
        .or_else(|| unplaced(ledger))
        .unwrap_or_else(|| next_step::next(case, ledger));
    held(case, ledger, answer)
}

fn canceled(ledger: &Ledger<'_>) -> Option<Answer> {
    let reason = Reason::new(codes::CANCELED, "a person canceled the release");
    let reason = reason.on(case::event(ledger.canceled?));
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

/// A newer release counts in an environment until this one has got through it. After that it takes
/// nothing away: the newer one goes its own way, and a promoted release was promoted.
///
/// A deployment that failed is told as failed all the same, since somebody has to look at it. And a
/// last environment that got something else over a release that had not converged there is left as it
/// is: production is never deployed back and forth.
fn superseded(case: &Case<'_>, ledger: &Ledger<'_>) -> Option<Answer> {
    let records = ledger.records.iter().enumerate();
    let reason = records
        .filter(|(_, record)| record.progress != Progress::Failed || record.late)
        .find_map(|(index, record)| {
            let last = index + 1 == ledger.records.len();
            match (record.overtaken, record.displaced) {
                (Some(rival), _) if !ledger.settled(case, index) => {
                    Some(progress::superseded(rival))
                }
                (_, Some(by)) if last && record.progress == Progress::Pending => {
                    Some(progress::displaced(case, by))
                }
                _ => None,
            }
        })?;
    Some(Answer::end(Conclusion::Superseded, vec![reason]))
}

/// What is live in the last environment may be newer than the release, and nobody can tell: production
/// is not rolled backwards on a guess. A person who knows may approve.
fn unplaced(ledger: &Ledger<'_>) -> Option<Answer> {
    let record = ledger.records.last()?;
    let rival = record
        .unplaced
        .filter(|_| record.progress == Progress::Pending && !ledger.approved)?;
    Some(Answer::end(
        Conclusion::Stopped,
        vec![progress::unplaced(rival)],
    ))
}

fn held(case: &Case<'_>, ledger: &Ledger<'_>, answer: Answer) -> Answer {
    let Some(place) = ledger.held.filter(|_| !answer.is_end()) else {
        return answer;
    };
    let mut reasons = answer.reasons;
    let reason = Reason::new(codes::HELD, "a person put the release on hold")
        .on(case::event(place))
        .help("approve the release to continue");
    reasons.insert(0, reason);
    Answer::wait(case, reasons)
}

/// The answer where nothing about the release is understood, so there are no standings either.
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
        standings: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    mod drive;
    mod properties;
    mod questions;
}
