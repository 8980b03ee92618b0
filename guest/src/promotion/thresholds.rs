//! Judges a load test by its thresholds: which ones are broken, and whether it was large enough to pass.
//!
//! All requests together have thresholds, and the requests of each name that the settings list have some more.

use crate::bindings::promotion::{Measurement, RequestStatistics};
use crate::bindings::types::{LoadTestSettings, Reason, Thresholds};
use crate::reason::codes;
use crate::reason::{amount, hundredths, seconds, setting};

/// The requests of one name, or all of them, with what they must reach.
struct Group<'a> {
    /// Absent for all requests.
    name: Option<&'a str>,
    statistics: &'a RequestStatistics,
    /// What the last promoted release measured.
    baseline: Option<&'a RequestStatistics>,
    thresholds: &'a Thresholds,
    /// Milliseconds between the first and the last request of the load test.
    duration: u64,
}

/// Lists every broken threshold.
pub(super) fn broken(m: &Measurement, _: &str, settings: &LoadTestSettings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for group in groups(m, settings) {
        group.failures(&mut reasons);
        if group.name.is_none() && m.exceptions > group.thresholds.max_exceptions {
            let message = format!(
                "the load test's code raised {}; {} are allowed",
                amount(m.exceptions, "exception"),
                group.thresholds.max_exceptions
            );
            reasons.push(
                Reason::new(codes::TOO_MANY_EXCEPTIONS, message).on(setting("max-exceptions")),
            );
        }
        group.response_times(&mut reasons);
        group.increase(&mut reasons);
        group.rate(&mut reasons);
    }
    if let Some((first, others)) = m.broken_thresholds.split_first() {
        let message = match others.len() {
            0 => format!("the load test's own threshold `{first}` is broken"),
            more => format!("the load test's own threshold `{first}` is broken, and {more} more"),
        };
        reasons.push(Reason::new(codes::OWN_THRESHOLD_BROKEN, message));
    }
    reasons
}

/// Lists the amounts that are too small to prove anything.
pub(super) fn too_little(m: &Measurement, _: &str, settings: &LoadTestSettings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let thresholds = &settings.thresholds;
    for group in groups(m, settings) {
        let required = group.thresholds.min_requests;
        if group.statistics.requests < required {
            let message = format!(
                "{}{}; at least {required} are required",
                amount(group.statistics.requests, "request"),
                group.of(),
            );
            reasons.push(Reason::new(codes::TOO_FEW_REQUESTS, message).on(setting("min-requests")));
        }
    }
    let required = thresholds.min_duration.unwrap_or(0);
    let needs_time =
        groups(m, settings).any(|it| it.thresholds.min_rate.is_some_and(|rate| rate > 0.0));
    if m.duration < u64::from(required) * 1000 {
        let message = format!(
            "the load lasted {} s; at least {required} s are required",
            seconds(m.duration)
        );
        reasons.push(Reason::new(codes::TOO_SHORT, message).on(setting("min-duration")));
    } else if m.duration == 0 && needs_time {
        reasons.push(
            Reason::new(
                codes::TOO_SHORT,
                "the load lasted less than 1 ms, too short to compute a rate",
            )
            .on(setting("min-rate")),
        );
    }
    reasons
}

/// Lists the numbers that have a threshold and that the tool did not report.
pub(super) fn missing(m: &Measurement, settings: &LoadTestSettings) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for group in groups(m, settings).filter(Group::is_measured) {
        let limit = &group.thresholds;
        let compared = limit.max_increase.is_some() && group.baseline.is_some();
        let found = group.statistics;
        if (limit.max_p95.is_some() || compared) && found.p95.is_none() {
            let cause = match limit.max_p95 {
                Some(limit) => (format!("; {limit} ms are allowed"), "max-p95"),
                None => (String::new(), "max-increase"),
            };
            let message = format!(
                "the load test reported no 95th percentile{}{}",
                group.of(),
                cause.0
            );
            reasons.push(Reason::new(codes::P95_MISSING, message).on(setting(cause.1)));
        }
        let others = [
            (
                "mean",
                "max-mean",
                limit.max_mean.is_some() && found.mean.is_none(),
            ),
            (
                "50th percentile",
                "max-p50",
                limit.max_p50.is_some() && found.p50.is_none(),
            ),
            (
                "99th percentile",
                "max-p99",
                limit.max_p99.is_some() && found.p99.is_none(),
            ),
        ];
        for (number, name, is_missing) in others {
            if is_missing {
                let message = format!("the load test reported no {number}{}", group.of());
                reasons.push(Reason::new(codes::STATISTIC_MISSING, message).on(setting(name)));
            }
        }
    }
    reasons
}

/// Tells whether failed requests or exceptions explain that the tool reports an error.
pub(super) fn explain_failure(m: &Measurement, settings: &LoadTestSettings) -> bool {
    !m.broken_thresholds.is_empty()
        || m.exceptions > settings.thresholds.max_exceptions
        || groups(m, settings).any(|it| it.has_too_many_failures())
}

/// All requests, and then those of each name in the settings. A name that the tool did not report has no requests.
fn groups<'a>(
    m: &'a Measurement,
    settings: &'a LoadTestSettings,
) -> impl Iterator<Item = Group<'a>> {
    const NONE: &RequestStatistics = &RequestStatistics {
        requests: 0,
        failures: 0,
        mean: None,
        p50: None,
        p95: None,
        p99: None,
    };
    let all = Group {
        name: None,
        statistics: &m.total,
        baseline: m.baseline.as_ref().map(|it| &it.total),
        thresholds: &settings.thresholds,
        duration: m.duration,
    };
    let named = settings.by_name.iter().map(|it| {
        let before = m.baseline.as_ref().map_or(&[][..], |it| &it.by_name);
        let mut before = before.iter().filter(|other| other.name == it.name);
        let mut now = m.by_name.iter().filter(|other| other.name == it.name);
        Group {
            name: Some(&it.name),
            statistics: now.next().map_or(NONE, |it| &it.statistics),
            baseline: before.next().map(|it| &it.statistics),
            thresholds: &it.thresholds,
            duration: m.duration,
        }
    });
    std::iter::once(all).chain(named)
}

impl Group<'_> {
    /// The end of a sentence that names the requests.
    fn of(&self) -> String {
        self.name.map_or(String::new(), |it| format!(" of `{it}`"))
    }

    /// Requests of a name that was not called have no numbers to judge.
    fn is_measured(&self) -> bool {
        self.name.is_none() || self.statistics.requests > 0
    }

    fn has_too_many_failures(&self) -> bool {
        let (failures, requests) = (self.statistics.failures, self.statistics.requests);
        match self.thresholds.max_failure_share {
            Some(share) => float(failures) > share * float(requests),
            None => failures > self.thresholds.max_failures,
        }
    }

    fn failures(&self, reasons: &mut Vec<Reason>) {
        if !self.has_too_many_failures() {
            return;
        }
        let begin = format!(
            "{} of {}{} failed",
            self.statistics.failures,
            amount(self.statistics.requests, "request"),
            self.of()
        );
        let (limit, name) = if let Some(share) = self.thresholds.max_failure_share {
            let percent = hundredths(whole(share * 10_000.0));
            (format!("{percent} %"), "max-failure-share")
        } else {
            (self.thresholds.max_failures.to_string(), "max-failures")
        };
        let message = format!("{begin}; {limit} are allowed");
        reasons.push(Reason::new(codes::TOO_MANY_FAILURES, message).on(setting(name)));
    }

    fn response_times(&self, reasons: &mut Vec<Reason>) {
        let (found, limit) = (self.statistics, self.thresholds);
        let mut slow = |number: &str, name: &str, found: String, limit: String| {
            let of = self.of();
            let message = format!(
                "the {number} of the response time{of} is {found} ms; {limit} ms are allowed"
            );
            reasons.push(Reason::new(codes::TOO_SLOW, message).on(setting(name)));
        };
        if let (Some(mean), Some(limit)) = (found.mean, limit.max_mean)
            && mean > limit
        {
            let text = |number: f64| hundredths(whole(number * 100.0));
            slow("mean", "max-mean", text(mean), text(limit));
        }
        for (number, name, found, limit) in [
            ("50th percentile", "max-p50", found.p50, limit.max_p50),
            ("95th percentile", "max-p95", found.p95, limit.max_p95),
            ("99th percentile", "max-p99", found.p99, limit.max_p99),
        ] {
            if let (Some(found), Some(limit)) = (found, limit)
                && found > limit
            {
                slow(number, name, found.to_string(), limit.to_string());
            }
        }
    }

    /// Compares the 95th percentile with the last promoted release. Without its numbers, nothing is compared; with 0 ms
    /// there is nothing to divide by.
    fn increase(&self, reasons: &mut Vec<Reason>) {
        let before = self.baseline.and_then(|it| it.p95).filter(|it| *it > 0);
        let (Some(allowed), Some(before), Some(now)) =
            (self.thresholds.max_increase, before, self.statistics.p95)
        else {
            return;
        };
        if float(now) > float(before) * (1.0 + allowed) {
            let message = format!(
                "the 95th percentile of the response time{} is {now} ms, {before} ms for the last promoted \
                 release; an increase of {} % is allowed",
                self.of(),
                hundredths(whole(allowed * 10_000.0))
            );
            reasons
                .push(Reason::new(codes::SLOWER_THAN_BEFORE, message).on(setting("max-increase")));
        }
    }

    fn rate(&self, reasons: &mut Vec<Reason>) {
        let Some(required) = self.thresholds.min_rate else {
            return;
        };
        let requests = self.statistics.requests;
        let is_below = float(requests) * 1000.0 < required * float(self.duration);
        if self.duration > 0 && is_below {
            let message = format!(
                "{} requests per second{}; {} are required",
                hundredths(requests.saturating_mul(100_000) / self.duration),
                self.of(),
                hundredths(whole(required * 100.0)),
            );
            reasons.push(Reason::new(codes::RATE_TOO_LOW, message).on(setting("min-rate")));
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 requests or milliseconds the last digits don't matter"
)]
const fn float(number: u64) -> f64 {
    number as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "only for show, and the settings were checked: neither negative nor NaN"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests;
