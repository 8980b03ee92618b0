//! The verdict on a load test, and the action that says what the verdict means.

use super::super::contract::promotion::{
    EventKind, LoadTestResult, Measurement, RequestStatistics,
};
use super::super::contract::types::{LoadTestAction, LoadTestSettings, Thresholds, Verdict};
use super::Question;
use super::release::{self, Target};

/// The verdict, and the codes that led to it.
pub fn verdict(
    result: &LoadTestResult,
    commit: &str,
    settings: &LoadTestSettings,
) -> (Verdict, Vec<&'static str>) {
    let measured = match result {
        LoadTestResult::Judged(verdict) => return (*verdict, Vec::new()),
        LoadTestResult::Measured(measured) => measured,
    };
    let classes = [
        (Verdict::Errored, not_measured(measured, settings)),
        (Verdict::Inconclusive, other_version(measured, commit)),
        (Verdict::Failed, outside(measured, settings)),
        (Verdict::Inconclusive, too_little(measured, settings)),
    ];
    for (verdict, codes) in classes {
        if !codes.is_empty() {
            return (verdict, codes);
        }
    }
    (Verdict::Passed, Vec::new())
}

/// The requests of one name, or all of them.
struct Requests<'a> {
    limits: &'a Thresholds,
    found: RequestStatistics,
    /// What the last promoted release measured.
    before: Option<RequestStatistics>,
    /// Whether there is something to measure.
    is_called: bool,
}

/// All requests, and the requests of each name in the settings.
fn requests<'a>(it: &Measurement, settings: &'a LoadTestSettings) -> Vec<Requests<'a>> {
    let mut all = vec![Requests {
        limits: &settings.thresholds,
        found: it.total,
        before: it.baseline.as_ref().map(|it| it.total),
        is_called: true,
    }];
    for named in &settings.by_name {
        let found = it.by_name.iter().find(|it| it.name == named.name);
        let found = found.map_or(
            RequestStatistics {
                requests: 0,
                failures: 0,
                mean: None,
                p50: None,
                p95: None,
                p99: None,
            },
            |it| it.statistics,
        );
        let before = it.baseline.as_ref().and_then(|it| {
            let mut known = it.by_name.iter();
            known
                .find(|it| it.name == named.name)
                .map(|it| it.statistics)
        });
        all.push(Requests {
            limits: &named.thresholds,
            found,
            before,
            is_called: found.requests > 0,
        });
    }
    all
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the last digits of large numbers do not matter"
)]
fn has_too_many_failures(it: &Requests<'_>) -> bool {
    match it.limits.max_failure_share {
        Some(share) => it.found.failures as f64 > share * it.found.requests as f64,
        None => it.found.failures > it.limits.max_failures,
    }
}

fn not_measured(it: &Measurement, settings: &LoadTestSettings) -> Vec<&'static str> {
    let all = requests(it, settings);
    let mut codes = Vec::new();
    if !it.complete {
        codes.push("results-incomplete");
    }
    if it.exit_status.is_none() {
        codes.push("killed-by-signal");
    }
    if it.total.requests == 0 && settings.thresholds.min_requests > 0 {
        codes.push("no-requests");
    }
    if it.total.failures > it.total.requests {
        codes.push("results-contradictory");
    }
    let explained = all.iter().any(has_too_many_failures)
        || it.exceptions > settings.thresholds.max_exceptions
        || !it.broken_thresholds.is_empty();
    if it.exit_status.is_some_and(|status| status != 0) && !explained {
        codes.push("harness-failed");
    }
    for it in all.iter().filter(|it| it.is_called) {
        let needs_p95 = it.limits.max_p95.is_some()
            || (it.limits.max_increase.is_some() && it.before.is_some());
        if needs_p95 && it.found.p95.is_none() {
            codes.push("p95-missing");
        }
        if (it.limits.max_mean.is_some() && it.found.mean.is_none())
            || (it.limits.max_p50.is_some() && it.found.p50.is_none())
            || (it.limits.max_p99.is_some() && it.found.p99.is_none())
        {
            codes.push("statistic-missing");
        }
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

fn outside(it: &Measurement, settings: &LoadTestSettings) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for requests in requests(it, settings) {
        let (found, limits) = (requests.found, requests.limits);
        if has_too_many_failures(&requests) {
            codes.push("too-many-failures");
        }
        let exceeds = |found: Option<u64>, limit: Option<u64>| match (found, limit) {
            (Some(found), Some(limit)) => found > limit,
            _ => false,
        };
        let mean_exceeds = match (found.mean, limits.max_mean) {
            (Some(found), Some(limit)) => found > limit,
            _ => false,
        };
        if mean_exceeds
            || exceeds(found.p50, limits.max_p50)
            || exceeds(found.p95, limits.max_p95)
            || exceeds(found.p99, limits.max_p99)
        {
            codes.push("too-slow");
        }
        if is_slower_than_before(&requests) {
            codes.push("slower-than-before");
        }
        let rate = limits.min_rate;
        if rate.is_some_and(|rate| is_below(found.requests, it.duration, rate)) {
            codes.push("rate-too-low");
        }
    }
    if it.exceptions > settings.thresholds.max_exceptions {
        codes.push("too-many-exceptions");
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
fn is_slower_than_before(it: &Requests<'_>) -> bool {
    let before = it.before.and_then(|it| it.p95);
    let (Some(before), Some(now), Some(allowed)) = (before, it.found.p95, it.limits.max_increase)
    else {
        return false;
    };
    before > 0 && now as f64 > before as f64 * (1.0 + allowed)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the last digits of large numbers do not matter"
)]
fn is_below(requests: u64, duration: u64, rate: f64) -> bool {
    duration > 0 && requests as f64 / (duration as f64 / 1000.0) < rate
}

fn too_little(it: &Measurement, settings: &LoadTestSettings) -> Vec<&'static str> {
    let mut codes = Vec::new();
    let all = requests(it, settings);
    if all
        .iter()
        .any(|it| it.found.requests < it.limits.min_requests)
    {
        codes.push("too-few-requests");
    }
    if let Some(limit) = settings.thresholds.min_duration
        && it.duration < u64::from(limit) * 1000
    {
        codes.push("too-short");
    }
    let needs_time = |it: &Requests<'_>| it.limits.min_rate.is_some_and(|rate| rate > 0.0);
    if it.duration == 0 && all.iter().any(needs_time) {
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
