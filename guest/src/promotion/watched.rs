//! What the verdict on a watch means for the release.

use super::answer::Answer;
use super::case::Case;
use super::decision_table::Ruling;
use super::progress::not_verified;
use super::record::Record;
use super::roll_back;
use crate::bindings::promotion::{Action, Conclusion, Permission};
use crate::bindings::types::{Consequence, EnvironmentSettings, Verdict};

/// Looks up what the watch of an environment means for a release that its load tests let continue: the ruling that lets it
/// leave the environment, or what is missing. `before` is the ruling of the load tests.
pub(super) fn watched(
    case: &Case<'_>,
    (place, settings): (usize, &EnvironmentSettings),
    record: &Record<'_>,
    before: Ruling,
) -> Result<Ruling, Box<Answer>> {
    let Some(watch) = &settings.watch else {
        return Ok(before);
    };
    let is_own = place >= case.entry;
    let is_last = place + 1 == case.settings.environments.len();
    let Some(verdict) = record.watch.verdict else {
        let reason = record.watch.watching(case.now, &settings.name, watch);
        return Err(Box::new(if is_own {
            let next = match record.watch.wait(case.now, watch) {
                Some(seconds) => Action::Wait(seconds),
                None => Action::Measure(settings.name.clone()),
            };
            Answer::hold(next, vec![reason])
        } else {
            Answer::wait(case, vec![not_verified(&settings.name), reason])
        }));
    };
    let consequence = match verdict {
        Verdict::Passed => None,
        Verdict::Failed => Some(watch.failed),
        Verdict::Errored | Verdict::Inconclusive => Some(watch.unproven),
    };
    let reasons = record.watch.reasons(verdict, &settings.name, watch);
    let permission = match consequence {
        None => Permission::Promote,
        Some(Consequence::Warn) => Permission::PromoteWithWarning,
        Some(Consequence::RollBack) if verdict == Verdict::Failed && is_last && is_own => {
            return Err(Box::new(roll_back::answer(case, record, settings, reasons)));
        }
        Some(Consequence::Stop | Consequence::RollBack) => {
            return Err(Box::new(Answer::end(Conclusion::Stopped, reasons)));
        }
    };
    let here = Ruling {
        permission,
        reasons,
        missing: None,
    };
    Ok(before.and(here))
}

#[cfg(test)]
mod tests;
