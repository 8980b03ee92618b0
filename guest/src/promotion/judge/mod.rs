//! What a load test proves: from measurement to verdict.

mod outside;
mod too_little;
mod unusable;
mod version;

use super::fact::Fact;
use crate::bindings::promotion::{LoadTest, LoadTestResult, Measurement};
use crate::bindings::types::{Evidence, Reason, Thresholds, Verdict};

/// A verdict, with every reason of the question that settled it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    pub verdict: Verdict,
    /// Empty for a load test that passed, or that somebody else judged.
    pub reasons: Vec<Reason>,
}

type Question = fn(&Measurement, &str, &Thresholds) -> Vec<Reason>;

/// In this order: broken numbers are not worth comparing, numbers of another version are not worth
/// judging, and a threshold that is broken early stays broken however long the test goes on.
const QUESTIONS: [(Verdict, Question); 4] = [
    (Verdict::Errored, unusable::reasons),
    (Verdict::Inconclusive, version::reasons),
    (Verdict::Failed, outside::reasons),
    (Verdict::Inconclusive, too_little::reasons),
];

/// Judges a load test of the commit.
pub(super) fn judge(test: Fact<'_, LoadTest>, commit: &str, thresholds: &Thresholds) -> Judgement {
    let measurement = match &test.what.result {
        LoadTestResult::Measured(measurement) => measurement,
        LoadTestResult::Judged(verdict) => {
            return Judgement {
                verdict: *verdict,
                reasons: Vec::new(),
            };
        }
    };
    for (verdict, question) in QUESTIONS {
        let mut reasons = question(measurement, commit, thresholds);
        if !reasons.is_empty() {
            for reason in &mut reasons {
                reason.evidence.insert(0, test.evidence());
            }
            return Judgement { verdict, reasons };
        }
    }
    Judgement {
        verdict: Verdict::Passed,
        reasons: Vec::new(),
    }
}

fn setting(name: &str) -> Evidence {
    Evidence::Setting(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::bindings::promotion::{LoadTest, LoadTestResult, Measurement};
    use crate::bindings::types::{Evidence, Verdict};
    use crate::fixtures::{SHA, settings};
    use crate::promotion::fact::Fact;
    use crate::promotion::fixtures::{OTHER, measurement};

    fn codes(change: impl FnOnce(&mut Measurement)) -> (Verdict, Vec<String>) {
        let mut measurement = measurement();
        change(&mut measurement);
        let test = LoadTest {
            environment: "stage".to_owned(),
            result: LoadTestResult::Measured(measurement),
        };
        let mut thresholds = settings().thresholds;
        thresholds.min_requests = 100;
        thresholds.min_rate = Some(5.0);
        thresholds.min_duration = Some(60);
        let fact = Fact {
            place: 7,
            at: 0,
            what: &test,
        };
        let judgement = judge(fact, SHA, &thresholds);
        for reason in &judgement.reasons {
            assert_eq!(reason.evidence[0], Evidence::Event(7));
        }
        let codes = judgement.reasons.into_iter().map(|it| it.code).collect();
        (judgement.verdict, codes)
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
            m.failures = 37;
            m.versions = vec![OTHER.to_owned()];
        });
        assert_eq!(verdict, Verdict::Errored);
        assert_eq!(codes, ["results-incomplete", "killed-by-signal"]);
    }

    #[test]
    fn another_version_is_not_judged() {
        let (verdict, codes) = codes(|m| {
            m.failures = 37;
            m.requests = 40;
            m.versions = vec![SHA.to_owned(), OTHER.to_owned()];
        });
        assert_eq!(verdict, Verdict::Inconclusive);
        assert_eq!(codes, ["version-changed"]);
    }

    #[test]
    fn a_broken_threshold_is_broken_however_short_the_test() {
        let (verdict, codes) = codes(|m| {
            m.failures = 1;
            m.requests = 40;
            m.duration = 20_000;
        });
        assert_eq!(verdict, Verdict::Failed);
        assert_eq!(codes, ["too-many-failures", "rate-too-low"]);
    }

    #[test]
    fn too_little_proves_nothing() {
        let (verdict, codes) = codes(|m| {
            m.requests = 40;
            m.duration = 2_000;
        });
        assert_eq!(verdict, Verdict::Inconclusive);
        assert_eq!(codes, ["too-few-requests", "too-short"]);
    }

    #[test]
    fn a_foreign_judgement_stands() {
        let test = LoadTest {
            environment: "stage".to_owned(),
            result: LoadTestResult::Judged(Verdict::Errored),
        };
        let fact = Fact {
            place: 0,
            at: 0,
            what: &test,
        };
        let judgement = judge(fact, SHA, &settings().thresholds);
        assert_eq!(judgement.verdict, Verdict::Errored);
        assert_eq!(judgement.reasons, []);
    }
}
