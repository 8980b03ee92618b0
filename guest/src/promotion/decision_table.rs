//! The decision table: what a load test means for a release that has converged, with reasons.

use super::case::Case;
use super::contained::Contained;
use super::ledger::Ledger;
use super::record::Record;
use crate::action::word;
use crate::bindings::promotion::Permission;
use crate::bindings::types::{Evidence, LoadTestAction, Reason, Verdict};
use crate::reason::codes;

/// The result of the decision table for a release that has converged in the first environment.
pub(super) struct Ruling {
    pub permission: Permission,
    pub reasons: Vec<Reason>,
}

/// Looks the release up in the decision table.
///
/// A stopped commit that a person lets the release carry is a warning, unless a load test passed.
pub(super) fn rule(case: &Case<'_>, ledger: &Ledger<'_>, environment: &str) -> Ruling {
    let verdict = ledger.judgment.as_ref().map(|it| it.verdict);
    let mut ruling = look_up(case, ledger, environment, verdict);
    if verdict != Some(Verdict::Passed) {
        let contained = Contained::read(case.history);
        let waived = contained.waivers();
        if !waived.is_empty() && ruling.permission == Permission::Promote {
            ruling.permission = Permission::PromoteWithWarning;
        }
        let after = ruling.reasons.len().min(1);
        let about = contained.reasons(case.asked).into_iter().chain(waived);
        ruling.reasons.splice(after..after, about);
    }
    ruling
}

fn look_up(
    case: &Case<'_>,
    ledger: &Ledger<'_>,
    environment: &str,
    verdict: Option<Verdict>,
) -> Ruling {
    let permission = permission(case.action, verdict);
    let mut reasons = Vec::new();
    if case.action == Some(LoadTestAction::Skip) {
        reasons.push(
            Reason::new(codes::LOAD_TEST_SKIPPED, "`skip` disables the load test")
                .on(case.action_evidence()),
        );
        return Ruling {
            permission,
            reasons,
        };
    }
    if case.action.is_none() && permission == Permission::Hold {
        reasons.push(
            Reason::new(
                codes::ACTION_UNKNOWN,
                "the load test action of the release is unknown",
            )
            .on(Evidence::Tag(case.release.tag.clone()))
            .help("give the commit message, or `--repo`"),
        );
    }
    let record = ledger.records.first();
    match &ledger.judgment {
        None => {
            reasons.push(
                Reason::new(
                    codes::LOAD_TEST_NOT_RUN,
                    format!("the release has not been load tested in `{environment}`"),
                )
                .on(Evidence::Environment(environment.to_owned())),
            );
            reasons.extend(record.and_then(|it| early(case, it)));
        }
        Some(judgment) => {
            let code = code(judgment.verdict);
            let mut reason = Reason::new(code, sentence(case, judgment.verdict, environment));
            reason
                .evidence
                .extend(record.and_then(|it| it.load_test).map(|it| it.evidence()));
            reason = reason.on(Evidence::Environment(environment.to_owned()));
            if judgment.verdict != Verdict::Passed {
                reason = reason.on(case.action_evidence());
            }
            reasons.push(reason);
            reasons.extend(judgment.reasons.iter().cloned());
        }
    }
    Ruling {
        permission,
        reasons,
    }
}

/// Looks up whether the release may leave the environment it was load tested in.
///
/// An absent verdict means that no load test has run. An absent action is unknown: then the release
/// continues only if it would with every action, and waits otherwise.
fn permission(action: Option<LoadTestAction>, verdict: Option<Verdict>) -> Permission {
    use LoadTestAction::{Abort, Skip, Warn};
    use Verdict::{Errored, Failed, Inconclusive, Passed};

    match (action, verdict) {
        (Some(Skip), _) | (_, Some(Passed)) => Permission::Promote,
        (Some(Abort), Some(Failed | Errored | Inconclusive)) => Permission::Stop,
        (Some(Warn), Some(Failed | Errored | Inconclusive)) => Permission::PromoteWithWarning,
        (Some(Abort | Warn) | None, None) | (None, Some(_)) => Permission::Hold,
    }
}

/// Explains that a load test does not count, because it ended before the deployment.
pub(super) fn early(case: &Case<'_>, record: &Record<'_>) -> Option<Reason> {
    let test = record.early_load_test?;
    if case.action == Some(LoadTestAction::Skip) || record.load_test.is_some() {
        return None;
    }
    let message = format!(
        "a load test of `{}` ended before the release was deployed there, and does not count",
        test.what.environment
    );
    Some(
        Reason::new(codes::LOAD_TEST_BEFORE_DEPLOYMENT, message)
            .on(test.evidence())
            .on(Evidence::Environment(test.what.environment.clone())),
    )
}

fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => codes::LOAD_TEST_PASSED,
        Verdict::Failed => codes::LOAD_TEST_FAILED,
        Verdict::Errored => codes::LOAD_TEST_ERRORED,
        Verdict::Inconclusive => codes::LOAD_TEST_INCONCLUSIVE,
    }
}

fn sentence(case: &Case<'_>, verdict: Verdict, environment: &str) -> String {
    let found = match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed => "failed",
        Verdict::Errored => "errored",
        Verdict::Inconclusive => "was inconclusive",
    };
    let consequence = match case.action {
        Some(action) if verdict != Verdict::Passed => {
            let does = match action {
                LoadTestAction::Abort => "stops the release",
                LoadTestAction::Skip | LoadTestAction::Warn => "lets the release continue",
            };
            format!("; `{}` {does}", word(action))
        }
        _ => String::new(),
    };
    format!("the load test of `{environment}` {found}{consequence}")
}

#[cfg(test)]
mod tests {
    use super::permission;
    use crate::bindings::promotion::{Instruction, Measurement, Outcome, Permission, Release};
    use crate::bindings::types::{Evidence, LoadTestAction, Reason, Span, Verdict};
    use crate::fixtures::{History, OTHER, measurement, release};

    #[test]
    fn every_cell() {
        use LoadTestAction::{Abort, Skip, Warn};
        use Permission::{Hold, Promote, PromoteWithWarning, Stop};
        use Verdict::{Errored, Failed, Inconclusive, Passed};

        let verdicts = [
            Some(Passed),
            Some(Failed),
            Some(Errored),
            Some(Inconclusive),
            None,
        ];
        for (action, row) in [
            (Some(Abort), [Promote, Stop, Stop, Stop, Hold]),
            (
                Some(Warn),
                [
                    Promote,
                    PromoteWithWarning,
                    PromoteWithWarning,
                    PromoteWithWarning,
                    Hold,
                ],
            ),
            (Some(Skip), [Promote; 5]),
            (None, [Promote, Hold, Hold, Hold, Hold]),
        ] {
            assert_eq!(
                verdicts.map(|verdict| permission(action, verdict)),
                row,
                "{action:?}"
            );
        }
    }

    fn reasons(release: &Release, history: &History) -> Vec<Reason> {
        history.decide(release).reasons
    }

    fn codes(reasons: &[Reason]) -> Vec<&str> {
        reasons.iter().map(|it| it.code.as_str()).take(2).collect()
    }

    fn failing() -> Measurement {
        Measurement {
            requests: 536,
            failures: 37,
            ..measurement()
        }
    }

    #[test]
    fn the_verdict_comes_first_and_its_numbers_after_it() {
        let history = History::new().through("stage").measured(failing());
        let release = release("stage-loadtest-abort");
        let reasons = reasons(&release, &history);
        assert_eq!(codes(&reasons), ["load-test-failed", "too-many-failures"]);
        assert_eq!(
            reasons[0].message,
            "the load test of `stage` failed; `abort` stops the release"
        );
        assert_eq!(
            reasons[0].evidence,
            [
                Evidence::Event(2),
                Evidence::Environment("stage".to_owned()),
                Evidence::Tag(release.tag),
            ]
        );
        assert_eq!(
            reasons[1].message,
            "37 of 536 requests failed; 0 are allowed"
        );
    }

    #[test]
    fn the_label_is_named_where_it_was_read() {
        let span = Span { start: 4, end: 21 };
        let mut release = release("stage-loadtest-warn");
        release.instruction = Some(Instruction {
            action: LoadTestAction::Warn,
            source: Some(span),
        });
        let history = History::new()
            .through("stage")
            .load_tested("stage", Verdict::Errored);
        let decision = history.decide(&release);
        assert_eq!(decision.permission, Permission::PromoteWithWarning);
        assert_eq!(decision.reasons[0].code, "load-test-errored");
        assert!(
            decision.reasons[0]
                .evidence
                .contains(&Evidence::Label(span))
        );
    }

    #[test]
    fn every_way_on_has_its_reason() {
        let converged = History::new().through("stage");
        let first =
            |tag: &str, history: &History| codes(&reasons(&release(tag), history))[0].to_owned();
        assert_eq!(first("stage", &converged), "load-test-skipped");
        let abort = "stage-loadtest-abort";
        assert_eq!(first(abort, &converged), "load-test-not-run");
        for (verdict, code) in [
            (Verdict::Passed, "load-test-passed"),
            (Verdict::Inconclusive, "load-test-inconclusive"),
        ] {
            let tested = converged.clone().load_tested("stage", verdict);
            assert_eq!(first(abort, &tested), code);
        }
    }

    #[test]
    fn a_load_test_that_came_too_early_is_named() {
        let early = History::new().load_tested("stage", Verdict::Passed);
        let release = release("stage-loadtest-warn");
        assert_eq!(
            codes(&reasons(&release, &early)),
            ["not-deployed", "load-test-before-deployment"]
        );
        assert_eq!(
            codes(&reasons(&release, &early.clone().occupied("stage"))),
            ["occupied", "load-test-before-deployment"]
        );
        let converged = early.clone().through("stage");
        assert_eq!(
            codes(&reasons(&release, &converged)),
            ["load-test-not-run", "load-test-before-deployment"]
        );
        let displaced = History::new()
            .deployed("stage", Outcome::Succeeded)
            .load_tested("stage", Verdict::Passed)
            .deployed_commit("stage", OTHER, Outcome::Succeeded);
        assert_eq!(
            codes(&reasons(&release, &displaced)),
            ["displaced", "load-test-before-deployment"]
        );
        // Another one has run since.
        let lost = converged
            .load_tested("stage", Verdict::Passed)
            .judged("stage", false);
        assert_eq!(codes(&reasons(&release, &lost)), ["converging"]);
    }

    #[test]
    fn a_disabled_load_test_is_not_missing() {
        let early = History::new().load_tested("stage", Verdict::Passed);
        assert_eq!(codes(&reasons(&release("stage"), &early)), ["not-deployed"]);
    }

    #[test]
    fn without_an_action_only_a_passed_load_test_goes_on() {
        let converged = History::new().through("stage");
        let release = release("prod");
        assert_eq!(
            codes(&reasons(&release, &converged)),
            ["action-unknown", "load-test-not-run"]
        );
        let failed = converged.clone().load_tested("stage", Verdict::Failed);
        let decision = failed.decide(&release);
        assert_eq!(decision.permission, Permission::Hold);
        assert_eq!(
            codes(&decision.reasons),
            ["action-unknown", "load-test-failed"]
        );
        let passed = converged.load_tested("stage", Verdict::Passed);
        assert_eq!(passed.decide(&release).permission, Permission::Promote);
    }
}
