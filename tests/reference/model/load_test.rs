//! The verdict on a load test, and the action that says what the verdict means.

use super::super::contract::promotion::{EventKind, LoadTestResult, Measurement};
use super::super::contract::types::{LoadTestAction, Thresholds, Verdict};
use super::Question;
use super::release::{self, Target};

/// The verdict, and the codes that led to it.
pub fn verdict(
    result: &LoadTestResult,
    commit: &str,
    thresholds: &Thresholds,
) -> (Verdict, Vec<&'static str>) {
    let measured = match result {
        LoadTestResult::Judged(verdict) => return (*verdict, Vec::new()),
        LoadTestResult::Measured(measured) => measured,
    };
    let classes = [
        (Verdict::Errored, not_measured(measured, thresholds)),
        (Verdict::Inconclusive, other_version(measured, commit)),
        (Verdict::Failed, outside(measured, thresholds)),
        (Verdict::Inconclusive, too_little(measured, thresholds)),
    ];
    for (verdict, codes) in classes {
        if !codes.is_empty() {
            return (verdict, codes);
        }
    }
    (Verdict::Passed, Vec::new())
}

fn not_measured(it: &Measurement, thresholds: &Thresholds) -> Vec<&'static str> {
    let mut codes = Vec::new();
    if !it.complete {
        codes.push("results-incomplete");
    }
    if it.exit_status.is_none() {
        codes.push("killed-by-signal");
    }
    if it.total.requests == 0 && thresholds.min_requests > 0 {
        codes.push("no-requests");
    }
    if it.total.failures > it.total.requests {
        codes.push("results-contradictory");
    }
    let explained = it.total.failures > thresholds.max_failures
        || it.exceptions > thresholds.max_exceptions
        || !it.broken_thresholds.is_empty();
    if it.exit_status.is_some_and(|status| status != 0) && !explained {
        codes.push("harness-failed");
    }
    if thresholds.max_p95.is_some() && it.total.p95.is_none() {
        codes.push("p95-missing");
    }
    codes
}

fn other_version(it: &Measurement, commit: &str) -> Vec<&'static str> {
    if it.versions.is_empty() {
        vec!["version-unknown"]
    } else if it.versions.iter().any(|version| version != commit) {
        vec!["version-changed"]
    } else {
        Vec::new()
    }
}

fn outside(it: &Measurement, thresholds: &Thresholds) -> Vec<&'static str> {
    let mut codes = Vec::new();
    if it.total.failures > thresholds.max_failures {
        codes.push("too-many-failures");
    }
    if it.exceptions > thresholds.max_exceptions {
        codes.push("too-many-exceptions");
    }
    if let (Some(limit), Some(p95)) = (thresholds.max_p95, it.total.p95)
        && p95 > limit
    {
        codes.push("too-slow");
    }
    if thresholds.min_rate.is_some_and(|rate| is_below(it, rate)) {
        codes.push("rate-too-low");
    }
    if !it.broken_thresholds.is_empty() {
        codes.push("own-threshold-broken");
    }
    codes
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the last digits of large numbers do not matter"
)]
fn is_below(it: &Measurement, rate: f64) -> bool {
    it.duration > 0 && it.total.requests as f64 / (it.duration as f64 / 1000.0) < rate
}

fn too_little(it: &Measurement, thresholds: &Thresholds) -> Vec<&'static str> {
    let mut codes = Vec::new();
    if it.total.requests < thresholds.min_requests {
        codes.push("too-few-requests");
    }
    if let Some(limit) = thresholds.min_duration
        && it.duration < u64::from(limit) * 1000
    {
        codes.push("too-short");
    }
    if it.duration == 0 && thresholds.min_rate.is_some_and(|rate| rate > 0.0) {
        codes.push("too-short");
    }
    codes
}

/// The code of a verdict.
pub fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "load-test-passed",
        Verdict::Failed => "load-test-failed",
        Verdict::Errored => "load-test-errored",
        Verdict::Inconclusive => "load-test-inconclusive",
    }
}

/// What a failed load test means for the release.
pub struct Meaning {
    /// Absent if it is unknown.
    pub action: Option<LoadTestAction>,
    /// The reasons other than the release's own action.
    pub codes: Vec<&'static str>,
    /// Whether a person lets the release carry a stopped commit.
    pub is_waived: bool,
}

/// Finds the action that applies.
pub fn meaning(question: Question<'_>, target: &Target) -> Meaning {
    let own = release::own_action(question.release, target);
    let mut meaning = Meaning {
        action: own,
        codes: Vec::new(),
        is_waived: false,
    };
    for event in question.history {
        if let EventKind::Accompanied(it) = &event.kind
            && is_stricter(it.action, meaning.action)
        {
            meaning.action = Some(it.action);
            meaning.codes = vec!["label-since-live"];
        }
    }
    for event in question.history {
        let EventKind::Contains(stopped) = &event.kind else {
            continue;
        };
        if is_waived(question, &stopped.commit) {
            meaning.codes.push("stopped-commit-waived");
            meaning.is_waived = true;
        } else {
            meaning.codes.push("contains-stopped-commit");
            meaning.action = Some(LoadTestAction::Abort);
        }
    }
    meaning
}

fn is_waived(question: Question<'_>, commit: &str) -> bool {
    question
        .history
        .iter()
        .any(|event| matches!(&event.kind, EventKind::Waived(it) if it.commit == commit))
}

/// Abort is the strictest action, then warn, then skip. Only abort is stricter than an unknown one.
fn is_stricter(action: LoadTestAction, than: Option<LoadTestAction>) -> bool {
    match action {
        LoadTestAction::Abort => than != Some(LoadTestAction::Abort),
        LoadTestAction::Warn => than == Some(LoadTestAction::Skip),
        LoadTestAction::Skip => false,
    }
}
