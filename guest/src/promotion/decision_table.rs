//! The decision table: what a load test means for a release that has converged, with reasons.

use super::case::Case;
use super::contained::Contained;
use super::record::Record;
use super::verdict::Judgment;
use crate::action::word;
use crate::bindings::promotion::Permission;
use crate::bindings::types::{EnvironmentSettings, Evidence, LoadTestAction, Reason, Verdict};
use crate::reason::codes;

/// The result of the decision table for a release that has converged in an environment.
pub(super) struct Ruling {
    pub permission: Permission,
    pub reasons: Vec<Reason>,
    /// The load test to run next; absent if none is missing.
    pub missing: Option<String>,
}

impl Ruling {
    /// Nothing prevents the release from leaving the environment.
    fn promote(reasons: Vec<Reason>) -> Self {
        Self {
            permission: Permission::Promote,
            reasons,
            missing: None,
        }
    }

    /// The ruling for both environments, of which this one comes first.
    pub(super) fn and(self, later: Self) -> Self {
        let warns = [&self, &later]
            .iter()
            .any(|it| it.permission == Permission::PromoteWithWarning);
        let mut reasons = later.reasons;
        let mut others = self.reasons;
        if warns && later.permission == Permission::Promote {
            std::mem::swap(&mut reasons, &mut others);
        }
        reasons.extend(others);
        Self {
            permission: if warns {
                Permission::PromoteWithWarning
            } else {
                later.permission
            },
            reasons,
            missing: later.missing,
        }
    }
}

/// Looks the release up in the decision table.
///
/// A stopped commit that a person lets the release carry is a warning, unless all load tests passed.
pub(super) fn rule(
    case: &Case<'_>,
    record: &Record<'_>,
    environment: &EnvironmentSettings,
) -> Ruling {
    if environment.load_tests.is_empty() {
        return Ruling::promote(Vec::new());
    }
    let mut ruling = look_up(case, record, environment);
    let passed =
        |it: &Option<Judgment>| it.as_ref().is_some_and(|it| it.verdict == Verdict::Passed);
    if !record.judgments.iter().all(passed) {
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

/// Looks up each load test of an environment. The first one that stops the release decides. Otherwise a load test that
/// is missing does, and then the first one that did not pass.
fn look_up(case: &Case<'_>, record: &Record<'_>, environment: &EnvironmentSettings) -> Ruling {
    if case.action == Some(LoadTestAction::Skip) {
        let reason = Reason::new(codes::LOAD_TEST_SKIPPED, "`skip` disables the load test");
        return Ruling::promote(vec![reason.on(case.action_evidence())]);
    }
    let mut all = Ruling::promote(Vec::new());
    for (test, judgment) in environment.load_tests.iter().zip(&record.judgments) {
        let verdict = judgment.as_ref().map(|it| it.verdict);
        let one = Ruling {
            permission: permission(case.action, verdict),
            reasons: reasons(case, record, environment, &test.name, judgment.as_ref()),
            missing: judgment.is_none().then(|| test.name.clone()),
        };
        let decides = rank(one.permission) > rank(all.permission);
        if decides {
            let others = std::mem::replace(&mut all, one);
            if others.permission != Permission::Hold {
                all.reasons.extend(others.reasons);
            }
        } else if one.permission != Permission::Hold {
            all.reasons.extend(one.reasons);
        }
    }
    all
}

/// The order in which permissions decide.
const fn rank(permission: Permission) -> u8 {
    match permission {
        Permission::Promote => 0,
        Permission::PromoteWithWarning => 1,
        Permission::Hold => 2,
        Permission::Stop => 3,
    }
}

/// Explains the result of one load test, or that it is missing.
fn reasons(
    case: &Case<'_>,
    record: &Record<'_>,
    environment: &EnvironmentSettings,
    name: &str,
    judgment: Option<&Judgment>,
) -> Vec<Reason> {
    let several = environment.load_tests.len() > 1;
    let environment = &environment.name;
    let mut reasons = Vec::new();
    if case.action.is_none()
        && permission(case.action, judgment.map(|it| it.verdict)) == Permission::Hold
    {
        reasons.push(
            Reason::new(
                codes::ACTION_UNKNOWN,
                "the load test action of the release is unknown",
            )
            .on(Evidence::Tag(case.release.tag.clone()))
            .help("give the commit message, or `--repo`"),
        );
    }
    let named = |reason: Reason| {
        if several {
            reason.on(Evidence::LoadTest(name.to_owned()))
        } else {
            reason
        }
    };
    match judgment {
        None => {
            let message = if several {
                format!("load test `{name}` has not run for the release in `{environment}`")
            } else {
                format!("the release has not been load tested in `{environment}`")
            };
            let reason = Reason::new(codes::LOAD_TEST_NOT_RUN, message)
                .on(Evidence::Environment(environment.clone()));
            reasons.push(named(reason));
            reasons.extend(early(case, record));
        }
        Some(judgment) => {
            let code = code(judgment.verdict);
            let subject = if several {
                format!("load test `{name}` of `{environment}`")
            } else {
                format!("the load test of `{environment}`")
            };
            let mut reason = Reason::new(code, sentence(case, judgment.verdict, &subject));
            reason
                .evidence
                .extend(record.load_test(name).map(|it| it.evidence()));
            reason = reason.on(Evidence::Environment(environment.clone()));
            if judgment.verdict != Verdict::Passed {
                reason = reason.on(case.action_evidence());
            }
            reasons.push(named(reason));
            reasons.extend(judgment.reasons.iter().cloned());
        }
    }
    reasons
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
    if case.action == Some(LoadTestAction::Skip) || !record.load_tests.is_empty() {
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

fn sentence(case: &Case<'_>, verdict: Verdict, subject: &str) -> String {
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
    format!("{subject} {found}{consequence}")
}

#[cfg(test)]
mod tests;
