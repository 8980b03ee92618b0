//! The path of a release through the environments, and the next step on it.

use super::answer::Answer;
use super::case::Case;
use super::decision_table::{Ruling, early, rule};
use super::ledger::Ledger;
use super::progress::not_verified;
use super::record::Record;
use super::watched::watched;
use super::{entrance, progress, steps};
use crate::bindings::promotion::{Action, Conclusion, LoadTestRun, Permission, Progress};
use crate::bindings::types::{EnvironmentSettings, Evidence, Reason};
use crate::reason::codes;

/// Finds the first environment where the release is not verified, and the next step there.
///
/// A release never changes an environment before the one in its tag. It waits until its history shows that
/// the environment is verified.
pub(super) fn next(case: &Case<'_>, ledger: &Ledger<'_>) -> Answer {
    let mut ruling: Option<Ruling> = None;
    let mut production = "";
    let sites = case.settings.environments.iter().zip(&ledger.records);
    for (place, (settings, record)) in sites.enumerate() {
        production = &settings.name;
        let here = match record.progress {
            Progress::Failed => {
                let reasons = progress::failure(case, record, &settings.name);
                Err(Box::new(Answer::end(Conclusion::Stopped, reasons)))
            }
            Progress::Converged | Progress::RolledBack => converged(case, place, settings, record),
            Progress::Pending | Progress::Unknown | Progress::Deployed => {
                let answer = unconverged(case, ledger, (place, settings), ruling.take());
                Err(Box::new(answer))
            }
        };
        match here {
            Err(answer) => return answer.at(place),
            Ok(here) => {
                ruling = Some(match ruling {
                    Some(before) => before.and(here),
                    None => here,
                });
            }
        }
    }
    let (permission, mut reasons) = match ruling {
        Some(it) => (it.permission, it.reasons),
        // Only without any environment, and such settings were refused before.
        None => (Permission::Stop, Vec::new()),
    };
    let conclusion = match permission {
        Permission::PromoteWithWarning => Conclusion::PromotedWithWarning,
        Permission::Promote => Conclusion::Promoted,
        Permission::Hold | Permission::Stop => Conclusion::Stopped,
    };
    reasons.push(
        Reason::new(
            codes::PROMOTED,
            format!("`{production}` serves the release and nothing else"),
        )
        .on(Evidence::Environment(production.to_owned())),
    );
    let mut answer = Answer::hold(Action::Finish(conclusion), reasons);
    answer.permission = permission;
    answer
}

/// Explains the step that failed, where the release may change the environment.
///
/// Steps before the deployment count until it, and steps behind it from then on.
pub(super) fn failed_step(case: &Case<'_>, place: usize, record: &Record<'_>) -> Option<Reason> {
    let settings = case.settings.environments.get(place)?;
    let names = match record.progress {
        Progress::Pending if place < case.entry => return None,
        Progress::Pending => &settings.before,
        _ => &settings.after,
    };
    record.steps.failure(names)
}

/// The release has converged: the ruling that lets it leave the environment, or what is missing.
fn converged(
    case: &Case<'_>,
    place: usize,
    settings: &EnvironmentSettings,
    record: &Record<'_>,
) -> Result<Ruling, Box<Answer>> {
    let own = place >= case.entry;
    if let Some(reason) = failed_step(case, place, record) {
        return Err(Box::new(Answer::end(Conclusion::Stopped, vec![reason])));
    }
    if let Some(step) = record.steps.missing(&settings.after) {
        let reason = steps::not_run(step, &settings.name);
        return Err(Box::new(if own {
            let step = steps::perform(step, &settings.name);
            Answer::hold(Action::Perform(step), vec![reason])
        } else {
            Answer::wait(case, vec![not_verified(&settings.name), reason])
        }));
    }
    let here = rule(case, record, settings);
    match here.permission {
        Permission::Stop => Err(Box::new(Answer::end(Conclusion::Stopped, here.reasons))),
        Permission::Hold => Err(Box::new(untested(case, own, settings, here))),
        Permission::Promote | Permission::PromoteWithWarning => {
            watched(case, (place, settings), record, here)
        }
    }
}

/// The next step in an environment where the release has not converged.
fn unconverged(
    case: &Case<'_>,
    ledger: &Ledger<'_>,
    (place, settings): (usize, &EnvironmentSettings),
    ruling: Option<Ruling>,
) -> Answer {
    let Some(record) = ledger.records.get(place) else {
        return Answer::wait(case, Vec::new());
    };
    if place < case.entry {
        return unverified(case, record, &settings.name);
    }
    if let Some(reason) = failed_step(case, place, record) {
        return Answer::end(Conclusion::Stopped, vec![reason]);
    }
    let last = place + 1 == ledger.records.len();
    let is_pending = record.progress == Progress::Pending;
    let (permission, mut reasons) = match ruling {
        Some(it) if last || is_pending => (it.permission, it.reasons),
        _ => (Permission::Hold, Vec::new()),
    };
    if is_pending {
        return entrance::enter(case, ledger, (place, settings), (permission, reasons));
    }
    // A rollout takes time, so the policy waits between two rounds.
    let next = if record.asked {
        Action::Wait(case.settings.poll_interval)
    } else {
        Action::Observe(settings.name.clone())
    };
    reasons.push(progress::missing(case, record, &settings.name));
    reasons.extend(early(case, record));
    let mut answer = Answer::hold(next, reasons);
    answer.permission = permission;
    answer
}

/// An environment has converged, and its load tests do not let the release continue yet.
fn untested(
    case: &Case<'_>,
    own: bool,
    environment: &EnvironmentSettings,
    ruling: Ruling,
) -> Answer {
    let mut reasons = ruling.reasons;
    let name = &environment.name;
    match (case.action, ruling.missing) {
        (Some(_), Some(test)) if own => {
            let run = LoadTestRun {
                environment: name.clone(),
                name: test,
            };
            return Answer::hold(Action::LoadTest(run), reasons);
        }
        (Some(_), _) => reasons.push(not_verified(name)),
        (None, _) => {}
    }
    Answer::wait(case, reasons)
}

/// The release is not verified in an environment before the one in its tag.
fn unverified(case: &Case<'_>, record: &Record<'_>, environment: &str) -> Answer {
    let mut reasons = match record.other_image {
        Some(other) => vec![progress::other_image(case, other)],
        None => vec![
            not_verified(environment),
            progress::missing(case, record, environment),
        ],
    };
    reasons.extend(early(case, record));
    Answer::wait(case, reasons)
}

#[cfg(test)]
mod tests {
    use crate::bindings::promotion::Outcome::{self, Succeeded};
    use crate::bindings::promotion::Permission::{self, Hold, Promote, Stop};
    use crate::bindings::promotion::{Action, Conclusion, Instruction, Release};
    use crate::bindings::types::{LoadTestAction, Verdict};
    use crate::fixtures::{History, OTHER, SHA, environment, load_test_run, release};

    fn said(release: &Release, history: &History) -> (Permission, Action, String) {
        let decision = history.decide(release);
        let code = decision.reasons[0].code.clone();
        (decision.permission, decision.next, code)
    }

    fn deploy(environment: &str) -> Action {
        Action::Deploy(environment.to_owned())
    }

    fn observe(environment: &str) -> Action {
        Action::Observe(environment.to_owned())
    }

    fn because<T>(permission: Permission, next: T, code: &str) -> (Permission, T, String) {
        (permission, next, code.to_owned())
    }

    #[test]
    fn stage_is_deployed_observed_and_load_tested() {
        let release = release("stage-loadtest-abort");
        let history = History::new();
        let expected = because(Hold, deploy("stage"), "not-deployed");
        assert_eq!(said(&release, &history), expected);

        let history = history.deployed("stage", Succeeded);
        let expected = because(Hold, observe("stage"), "converging");
        assert_eq!(said(&release, &history), expected);

        let seen = history.clone().observed("stage", &[("a", OTHER)]);
        let expected = because(Hold, Action::Wait(10), "converging");
        assert_eq!(said(&release, &seen), expected);
        let expected = because(Hold, observe("stage"), "converging");
        assert_eq!(said(&release, &seen.waited()), expected);

        let converged = history.judged("stage", true);
        let expected = because(
            Hold,
            Action::LoadTest(load_test_run("stage")),
            "load-test-not-run",
        );
        assert_eq!(said(&release, &converged), expected);

        let tested = converged.load_tested("stage", Verdict::Passed);
        let expected = because(Promote, deploy("prod"), "load-test-passed");
        assert_eq!(said(&release, &tested), expected);
    }

    #[test]
    fn an_unknown_outcome_is_asked_from_the_nodes() {
        let history = History::new().deployed("stage", Outcome::Unknown);
        let expected = because(Hold, observe("stage"), "deployment-unknown");
        assert_eq!(said(&release("stage"), &history), expected);
    }

    #[test]
    fn an_occupied_environment_is_waited_for() {
        let history = History::new().locked("stage");
        let expected = because(Hold, Action::Wait(10), "locked");
        assert_eq!(said(&release("stage"), &history), expected);
        let expected = because(Hold, deploy("stage"), "not-deployed");
        assert_eq!(said(&release("stage"), &history.waited()), expected);
        // Nothing is left to deploy there.
        let deployed = History::new().deployed("stage", Succeeded).locked("stage");
        let expected = because(Hold, observe("stage"), "converging");
        assert_eq!(said(&release("stage"), &deployed), expected);
        let prod = History::new().through("stage").locked("prod");
        let expected = because(Hold, Action::Wait(10), "locked");
        assert_eq!(said(&release("stage"), &prod), expected);
    }

    #[test]
    fn a_lost_stage_is_deployed_again() {
        let history = History::new()
            .deployed("stage", Succeeded)
            .deployed_commit("stage", OTHER, Succeeded);
        let expected = because(Hold, deploy("stage"), "displaced");
        assert_eq!(said(&release("stage"), &history), expected);
    }

    #[test]
    fn what_let_it_in_stays_while_production_converges() {
        let history = History::new().through("stage").deployed("prod", Succeeded);
        let expected = because(Promote, observe("prod"), "load-test-skipped");
        assert_eq!(said(&release("stage"), &history), expected);
    }

    #[test]
    fn environments_in_between_converge_and_are_not_load_tested() {
        let history = History::new()
            .with(|s| s.environments.insert(1, environment("qa")))
            .through("stage");
        let expected = because(Promote, deploy("qa"), "load-test-skipped");
        assert_eq!(said(&release("stage"), &history), expected);
        let history = history.deployed("qa", Succeeded);
        let expected = because(Hold, observe("qa"), "converging");
        assert_eq!(said(&release("stage"), &history), expected);
        // The tag of production waits for every environment before it.
        let history = history.load_tested("stage", Verdict::Passed);
        let expected = because(Hold, Action::Wait(10), "stage-not-verified");
        assert_eq!(said(&release("prod"), &history), expected);
        let history = history.judged("qa", true);
        let expected = because(Promote, deploy("prod"), "load-test-skipped");
        assert_eq!(said(&release("stage"), &history), expected);
    }

    #[test]
    fn a_converged_last_environment_is_the_end() {
        let history = History::new()
            .through("stage")
            .through("prod")
            .notified("promoted");
        let end = Action::Finish(Conclusion::Promoted);
        let expected = because(Promote, end, "load-test-skipped");
        assert_eq!(said(&release("stage"), &history), expected);
    }

    fn waits(code: &str) -> (Permission, Action, String) {
        (Hold, Action::Wait(10), code.to_owned())
    }

    #[test]
    fn a_prod_tag_waits_for_stage_and_touches_nothing_there() {
        let mut release = release("prod");
        release.instruction = Some(Instruction {
            action: LoadTestAction::Abort,
            source: None,
            extra: Vec::new(),
        });
        for history in [
            History::new(),
            History::new().deployed("stage", Succeeded),
            History::new().deployed("stage", Outcome::Unknown),
            History::new().deployed_commit("stage", OTHER, Succeeded),
        ] {
            let expected = waits("stage-not-verified");
            assert_eq!(said(&release, &history), expected);
        }
        let untested = History::new().through("stage");
        assert_eq!(said(&release, &untested), waits("load-test-not-run"));
        let verified = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Passed);
        let (permission, next, _) = said(&release, &verified);
        assert_eq!(permission, Promote);
        assert_eq!(next, Action::Deploy("prod".to_owned()));
        let failed = History::new().deployed("stage", Outcome::Failed);
        assert_eq!(said(&release, &failed).0, Stop);
        let bad = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Errored);
        assert_eq!(said(&release, &bad).0, Stop);
    }

    #[test]
    fn another_image_verifies_nothing() {
        let mut release = release("prod");
        release.digest = Some("sha256:a".to_owned());
        let history = History::new()
            .deployed_image("stage", SHA, Some("sha256:b"), Succeeded)
            .judged("stage", true)
            .load_tested("stage", Verdict::Passed);
        let expected = waits("digest-mismatch");
        assert_eq!(said(&release, &history), expected);
    }

    /// Even if the digest of the tag is unknown: the tested image is not the deployed one.
    #[test]
    fn production_got_another_image_than_stage() {
        let history = History::new()
            .deployed_image("stage", SHA, Some("sha256:a"), Succeeded)
            .judged("stage", true)
            .load_tested("stage", Verdict::Passed);
        for release in [release("stage-loadtest-abort"), release("prod")] {
            let other = history
                .clone()
                .deployed_image("prod", SHA, Some("sha256:b"), Succeeded)
                .judged("prod", true);
            assert_eq!(
                said(&release, &other).1,
                Action::Deploy("prod".to_owned()),
                "it has not been promoted"
            );
            let same = history
                .clone()
                .deployed_image("prod", SHA, Some("sha256:a"), Succeeded)
                .judged("prod", true);
            assert_ne!(said(&release, &same).1, Action::Deploy("prod".to_owned()));
        }
    }
}
