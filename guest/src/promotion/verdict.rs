//! The verdict on a load test: from the measurement to passed, failed, errored or inconclusive.

use super::case::Fact;
use super::thresholds;
use crate::bindings::promotion::{LoadTest, LoadTestResult, Measurement};
use crate::bindings::types::{Evidence, LoadTestSettings, Reason, Verdict};
use crate::reason::codes;
use crate::reason::{amount, short};

/// A verdict, with all reasons of the rule that settled it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgment {
    pub verdict: Verdict,
    /// Empty for a load test that passed, or that a foreign pipeline judged.
    pub reasons: Vec<Reason>,
}

type Question = fn(&Measurement, &str, &LoadTestSettings) -> Vec<Reason>;

/// The rules in order: unusable numbers are not compared, numbers of another version are not judged, and a
/// broken threshold stays broken in a longer test.
const QUESTIONS: [(Verdict, Question); 4] = [
    (Verdict::Errored, unusable),
    (Verdict::Inconclusive, other_version),
    (Verdict::Failed, thresholds::broken),
    (Verdict::Inconclusive, thresholds::too_little),
];

/// Judges a load test of the commit.
pub(super) fn judge(
    test: Fact<'_, LoadTest>,
    commit: &str,
    settings: &LoadTestSettings,
) -> Judgment {
    let measurement = match &test.what.result {
        LoadTestResult::Measured(measurement) => measurement,
        LoadTestResult::Judged(verdict) => {
            return Judgment {
                verdict: *verdict,
                reasons: Vec::new(),
            };
        }
    };
    for (verdict, question) in QUESTIONS {
        let mut reasons = question(measurement, commit, settings);
        if !reasons.is_empty() {
            for reason in &mut reasons {
                reason.evidence.insert(0, test.evidence());
            }
            return Judgment { verdict, reasons };
        }
    }
    Judgment {
        verdict: Verdict::Passed,
        reasons: Vec::new(),
    }
}

/// Lists why the measurement cannot be used.
fn unusable(m: &Measurement, _: &str, settings: &LoadTestSettings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    // Failures within the thresholds do not explain a failed exit status: something else may have failed.
    let explained = thresholds::explain_failure(m, settings);
    if !m.complete {
        reasons.push(Reason::new(
            codes::RESULTS_INCOMPLETE,
            "the load test's results are missing, cut short or contradict each other",
        ));
    }
    if m.exit_status.is_none() {
        reasons.push(Reason::new(
            codes::KILLED_BY_SIGNAL,
            "a signal ended the load test",
        ));
    }
    if m.total.requests == 0 && settings.thresholds.min_requests > 0 {
        reasons.push(Reason::new(
            codes::NO_REQUESTS,
            "the load test made no requests",
        ));
    }
    if m.total.failures > m.total.requests {
        let message = format!(
            "{} failed, but only {} were made",
            amount(m.total.failures, "request"),
            m.total.requests
        );
        reasons.push(Reason::new(codes::RESULTS_CONTRADICTORY, message));
    }
    if let (Some(status @ (..=-1 | 1..)), false) = (m.exit_status, explained) {
        reasons.push(unexplained(m, status));
    }
    reasons.extend(thresholds::missing(m, settings));
    reasons
}

/// The reason for an exit status that no broken threshold explains.
fn unexplained(m: &Measurement, status: i32) -> Reason {
    let within = match (m.total.failures, m.exceptions) {
        (0, 0) => {
            let message = format!(
                "the load test ended with exit status {status}, without a failure, an exception or a \
                 broken threshold that explains it"
            );
            return Reason::new(codes::HARNESS_FAILED, message);
        }
        (failures, 0) => amount(failures, "failed request"),
        (0, exceptions) => amount(exceptions, "exception"),
        (failures, exceptions) => format!(
            "{} and {}",
            amount(failures, "failed request"),
            amount(exceptions, "exception")
        ),
    };
    let message = format!(
        "the load test says that it failed: it ended with exit status {status}, and no threshold is \
         broken ({within} within the limits)"
    );
    Reason::new(codes::HARNESS_FAILED, message).help(
        "read the log of the load test; if failures within the limits cause this status, list it in \
         `[load-test] success-exit-status`",
    )
}

/// Lists signs that another version than the release was tested.
fn other_version(m: &Measurement, commit: &str, _: &LoadTestSettings) -> Vec<Reason> {
    if m.versions.is_empty() {
        return vec![Reason::new(
            codes::VERSION_UNKNOWN,
            "the version that answered during the load test is unknown",
        )];
    }
    let Some(other) = m.versions.iter().find(|version| *version != commit) else {
        return Vec::new();
    };
    let message = format!(
        "`{}` answered during the load test of `{}`",
        short(other),
        short(commit)
    );
    vec![
        Reason::new(codes::VERSION_CHANGED, message)
            .on(Evidence::Commit(other.clone()))
            .help("repeat the load test while nothing else is deployed there"),
    ]
}

#[cfg(test)]
mod tests {
    use super::{judge, other_version, unusable};
    use crate::bindings::promotion::{LoadTest, LoadTestResult, Measurement};
    use crate::bindings::types::{Evidence, Verdict};
    use crate::fixtures::{LOAD_TEST, OTHER, SHA, load_test, measurement, said};
    use crate::promotion::case::Fact;

    fn codes(change: impl FnOnce(&mut Measurement)) -> (Verdict, Vec<String>) {
        let mut measurement = measurement();
        change(&mut measurement);
        let test = LoadTest {
            name: LOAD_TEST.to_owned(),
            environment: "stage".to_owned(),
            result: LoadTestResult::Measured(measurement),
        };
        let mut settings = load_test();
        let thresholds = &mut settings.thresholds;
        thresholds.min_requests = 100;
        thresholds.min_rate = Some(5.0);
        thresholds.min_duration = Some(60);
        let fact = Fact {
            place: 7,
            at: 0,
            what: &test,
        };
        let judgment = judge(fact, SHA, &settings);
        for reason in &judgment.reasons {
            assert_eq!(reason.evidence[0], Evidence::Event(7));
        }
        let codes = judgment.reasons.into_iter().map(|it| it.code).collect();
        (judgment.verdict, codes)
    }

    #[test]
    fn within_every_threshold_is_passed() {
        assert_eq!(codes(|_| {}), (Verdict::Passed, vec![]));
    }

    #[test]
    fn what_could_not_be_measured_is_not_compared() {
        let (verdict, codes) = codes(|m| {
            m.exit_status = None;
            m.complete = false;
            m.total.failures = 37;
            m.versions = vec![OTHER.to_owned()];
        });
        assert_eq!(verdict, Verdict::Errored);
        assert_eq!(codes, ["results-incomplete", "killed-by-signal"]);
    }

    #[test]
    fn another_version_is_not_judged() {
        let (verdict, codes) = codes(|m| {
            m.total.failures = 37;
            m.total.requests = 40;
            m.versions = vec![SHA.to_owned(), OTHER.to_owned()];
        });
        assert_eq!(verdict, Verdict::Inconclusive);
        assert_eq!(codes, ["version-changed"]);
    }

    #[test]
    fn a_broken_threshold_is_broken_however_short_the_test() {
        let (verdict, codes) = codes(|m| {
            m.total.failures = 1;
            m.total.requests = 40;
            m.duration = 20_000;
        });
        assert_eq!(verdict, Verdict::Failed);
        assert_eq!(codes, ["too-many-failures", "rate-too-low"]);
    }

    #[test]
    fn too_little_proves_nothing() {
        let (verdict, codes) = codes(|m| {
            m.total.requests = 40;
            m.duration = 2_000;
        });
        assert_eq!(verdict, Verdict::Inconclusive);
        assert_eq!(codes, ["too-few-requests", "too-short"]);
    }

    #[test]
    fn a_foreign_judgment_is_final() {
        let test = LoadTest {
            name: LOAD_TEST.to_owned(),
            environment: "stage".to_owned(),
            result: LoadTestResult::Judged(Verdict::Errored),
        };
        let fact = Fact {
            place: 0,
            at: 0,
            what: &test,
        };
        let judgment = judge(fact, SHA, &load_test());
        assert_eq!(judgment.verdict, Verdict::Errored);
        assert_eq!(judgment.reasons, []);
    }

    #[test]
    fn usable_numbers_have_no_reason() {
        assert_eq!(said(unusable, |_, _| {}), [""; 0]);
    }

    #[test]
    fn results_must_be_whole() {
        assert_eq!(
            said(unusable, |m, _| m.complete = false),
            [
                "results-incomplete: the load test's results are missing, cut short or contradict each \
              other"
            ]
        );
        assert_eq!(
            said(unusable, |m, _| m.exit_status = None),
            ["killed-by-signal: a signal ended the load test"]
        );
    }

    #[test]
    fn a_test_that_made_no_request_did_not_pass() {
        assert_eq!(
            said(unusable, |m, _| m.total.requests = 0),
            ["no-requests: the load test made no requests"]
        );
        assert_eq!(
            said(unusable, |m, t| (m.total.requests, t.min_requests) = (0, 0)),
            [""; 0]
        );
    }

    #[test]
    fn numbers_must_not_contradict_each_other() {
        assert_eq!(
            said(unusable, |m, _| {
                m.total.requests = 1;
                m.total.failures = 2;
            }),
            ["results-contradictory: 2 requests failed, but only 1 were made"]
        );
    }

    #[test]
    fn an_exit_status_needs_an_explanation() {
        for status in [1, -1, i32::MIN, i32::MAX] {
            let said = said(unusable, |m, _| m.exit_status = Some(status));
            assert_eq!(said.len(), 1);
            assert!(said[0].starts_with("harness-failed: "));
            assert!(said[0].contains(&format!(" {status}, ")));
        }
        for explain in [
            |m: &mut Measurement| m.total.failures = 1,
            |m: &mut Measurement| m.exceptions = 1,
            |m: &mut Measurement| m.broken_thresholds.push("x".to_owned()),
        ] {
            let said = said(unusable, |m, _| {
                m.exit_status = Some(1);
                explain(m);
            });
            assert_eq!(said, [""; 0]);
        }
    }

    #[test]
    fn what_is_allowed_explains_no_exit_status() {
        for (failures, exceptions, within) in [
            (1, 0, "1 failed request"),
            (0, 2, "2 exceptions"),
            (2, 1, "2 failed requests and 1 exception"),
        ] {
            let said = said(unusable, |m, t| {
                (m.exit_status, m.total.requests) = (Some(1), 10);
                (m.total.failures, t.max_failures) = (failures, 5);
                (m.exceptions, t.max_exceptions) = (exceptions, 5);
            });
            let expected = format!(
                "harness-failed: the load test says that it failed: it ended with exit status 1, and \
                 no threshold is broken ({within} within the limits)"
            );
            assert_eq!(said, [expected]);
        }
    }

    #[test]
    fn a_limit_needs_a_number() {
        assert_eq!(
            said(unusable, |m, t| {
                m.total.p95 = None;
                t.max_p95 = Some(800);
            }),
            ["p95-missing: the load test reported no 95th percentile; 800 ms are allowed"]
        );
        assert_eq!(said(unusable, |m, _| m.total.p95 = None), [""; 0]);
    }

    #[test]
    fn only_the_release_may_answer() {
        assert_eq!(said(other_version, |_, _| {}), [""; 0]);
        assert_eq!(
            said(other_version, |m, _| m.versions.push(SHA.to_owned())),
            [""; 0]
        );
        for versions in [vec![SHA, OTHER], vec![OTHER]] {
            let versions: Vec<_> = versions.into_iter().map(str::to_owned).collect();
            assert_eq!(
                said(other_version, |m, _| m.versions.clone_from(&versions)),
                ["version-changed: `bbbbbbbbbbbb` answered during the load test of `4b825dc642cb`"]
            );
        }
    }

    #[test]
    fn no_answer_at_all_is_not_the_release() {
        assert_eq!(
            said(other_version, |m, _| m.versions.clear()),
            ["version-unknown: the version that answered during the load test is unknown"]
        );
    }
}
