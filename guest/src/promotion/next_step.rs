//! The path of a release through the environments, and the next step on it.

use super::answer::Answer;
use super::case::Case;
use super::decision_table::{Ruling, early, rule};
use super::ledger::Ledger;
use super::progress;
use super::record::Record;
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
        let own = place >= case.entry;
        let last = place + 1 == ledger.records.len();
        let environment = &settings.name;
        production = environment;
        match record.progress {
            Progress::Failed | Progress::RolledBack => {
                return Answer::end(
                    Conclusion::Stopped,
                    progress::failure(case, record, environment),
                );
            }
            Progress::Converged => {
                let here = rule(case, record, settings);
                match here.permission {
                    Permission::Stop => return Answer::end(Conclusion::Stopped, here.reasons),
                    Permission::Hold => return untested(case, own, settings, here),
                    Permission::Promote | Permission::PromoteWithWarning => {}
                }
                ruling = Some(match ruling {
                    Some(before) => before.and(here),
                    None => here,
                });
            }
            Progress::Pending | Progress::Unknown | Progress::Deployed if own => {
                let (permission, reasons) = match ruling {
                    Some(it) if last || record.progress == Progress::Pending => {
                        (it.permission, it.reasons)
                    }
                    _ => (Permission::Hold, Vec::new()),
                };
                return step(case, record, environment, permission, reasons);
            }
            Progress::Pending | Progress::Unknown | Progress::Deployed => {
                return unverified(case, record, environment);
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
    Answer {
        permission,
        next: Action::Finish(conclusion),
        reasons,
    }
}

/// The next step in an environment where the release has not converged.
fn step(
    case: &Case<'_>,
    record: &Record<'_>,
    environment: &str,
    permission: Permission,
    mut reasons: Vec<Reason>,
) -> Answer {
    let next = match (record.progress, record.locked) {
        (Progress::Pending, Some(competing_release)) => {
            let mut locked = vec![progress::locked(competing_release)];
            locked.extend(early(case, record));
            return Answer::wait(case, locked);
        }
        (Progress::Pending, None) => Action::Deploy(environment.to_owned()),
        // A rollout takes time, so the policy waits between two rounds.
        _ if record.asked => Action::Wait(case.settings.poll_interval),
        _ => Action::Observe(environment.to_owned()),
    };
    reasons.push(progress::missing(case, record, environment));
    reasons.extend(early(case, record));
    Answer {
        permission,
        next,
        reasons,
    }
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

fn not_verified(environment: &str) -> Reason {
    Reason::new(
        codes::STAGE_NOT_VERIFIED,
        format!("`{environment}` has no verified deployment of the release"),
    )
    .on(Evidence::Environment(environment.to_owned()))
    .help(format!(
        "deploy the tag of the same commit for `{environment}` first, and pass its history"
    ))
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
