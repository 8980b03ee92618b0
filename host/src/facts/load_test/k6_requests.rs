//! Counts the requests of a k6 test, their failures and their response times.
//!
//! `http_reqs` of k6 counts only requests over HTTP. k6 has other metrics for other tests: the response times of gRPC,
//! the sessions of web sockets, the requests of browser pages, and the iterations of every test. Source:
//! <https://grafana.com/docs/k6/latest/using-k6/metrics/reference/>.

use super::k6_summary::{Number, Summary};
use super::{Results, rounded_up};
use crate::contract::promotion::{NamedStatistics, RequestStatistics};

/// The metric that counts requests if the configuration does not name metrics.
pub const REQUESTS: &str = "http_reqs";

/// A metric that counts requests, with the metrics of their failures and times.
struct Counted {
    name: &'static str,
    /// The rate metric of failed requests.
    failed: Option<&'static str>,
    /// The trend metric of the request times.
    time: Option<&'static str>,
}

const fn counted(
    name: &'static str,
    failed: Option<&'static str>,
    time: Option<&'static str>,
) -> Counted {
    Counted { name, failed, time }
}

/// The built-in metrics of k6 that can count requests. For a metric of a script, only its name is known.
const COUNTED: [Counted; 6] = [
    counted(REQUESTS, Some("http_req_failed"), Some("http_req_duration")),
    counted("grpc_req_duration", None, Some("grpc_req_duration")),
    counted("ws_sessions", None, Some("ws_connecting")),
    counted(
        "browser_http_req_duration",
        Some("browser_http_req_failed"),
        Some("browser_http_req_duration"),
    ),
    counted(
        "browser_http_req_failed",
        Some("browser_http_req_failed"),
        Some("browser_http_req_duration"),
    ),
    counted("iterations", None, Some("iteration_duration")),
];

/// Adds the requests of the metrics to the results: all of them, and those of each name.
pub(super) fn take(results: &mut Results, summary: &Summary, metrics: &[String], names: &[String]) {
    let mut total = Sum::default();
    let mut has_iterations = false;
    for name in metrics {
        let (metric, failed, time) = counted_by(name);
        let Some(count) = count(results, summary, name, failed, &mut has_iterations) else {
            continue;
        };
        let Some(part) = total.count(count) else {
            continue;
        };
        match failed {
            Some(failed) => match failures(summary, metric, failed, count) {
                Ok(failures) => part.failed(failures),
                Err(why) => results.fault(why),
            },
            None => results.note(format!(
                "k6 does not count failures of `{name}`: thresholds for `checks` judge them"
            )),
        }
        if let Some(time) = time {
            part.times(results, summary, time, count);
        }
    }
    results.set_total(&total.statistics());
    for name in names {
        let statistics = of_name(results, summary, metrics, name);
        results.by_name.push(NamedStatistics {
            name: name.clone(),
            statistics,
        });
    }
}

/// A metric that counts requests, with the metrics of their failures and times.
fn counted_by(name: &str) -> (&str, Option<&str>, Option<&str>) {
    let known = COUNTED.iter().find(|it| it.name == name);
    let failed = known.and_then(|it| it.failed);
    (name, failed, known.map_or(Some(name), |it| it.time))
}

/// The requests of one name. k6 writes the numbers of a name only if the script has a threshold for them, as in
/// `http_req_duration{name:GET /api}`.
fn of_name(
    results: &mut Results,
    summary: &Summary,
    metrics: &[String],
    name: &str,
) -> RequestStatistics {
    let mut sum = Sum::default();
    let mut is_counted = false;
    for metric in metrics {
        let (metric, failed, time) = counted_by(metric);
        let key = |of: &str| summary.of_name(of, name);
        let failed_key = failed.and_then(key);
        let counts = key(metric)
            .into_iter()
            .chain(failed_key)
            .chain(time.and_then(key));
        let mut counts = counts.filter_map(|it| total(summary, it));
        let Some(count) = counts.next() else { continue };
        is_counted = true;
        let Some(part) = sum.count(count) else {
            continue;
        };
        match (failed, failed_key) {
            (None, _) => {}
            (Some(failed), None) => results.fault(format!(
                "`{failed}{{name:{name}}}` is missing: the number of failed requests is unknown \
                 (add a threshold for it to the script)"
            )),
            (Some(_), Some(failed)) => match failures(summary, metric, failed, count) {
                Ok(failures) => part.failed(failures),
                Err(why) => results.fault(why),
            },
        }
        if let Some(time) = time.and_then(key) {
            part.times(results, summary, time, count);
        }
    }
    if !is_counted {
        results.note(format!(
            "the summary does not count the requests of `{name}`: the script needs thresholds for \
             `http_req_failed{{name:{name}}}` and `http_req_duration{{name:{name}}}`"
        ));
    }
    sum.statistics()
}

/// The count of a counter or a trend, or of a rate.
fn total(summary: &Summary, name: &str) -> Option<u64> {
    let values = summary.values(name)?;
    let outcomes = || summary.outcomes(values);
    values
        .count("count")
        .or_else(|| outcomes().and_then(|(hits, misses)| hits.checked_add(misses)))
}

/// The requests of several metrics.
#[derive(Default)]
struct Sum {
    requests: u64,
    failures: u64,
    /// Sums of means and their counts; `None` if a mean is unknown.
    mean: Option<(f64, f64)>,
    is_mean_unknown: bool,
    p50: Option<u64>,
    p95: Option<u64>,
    p99: Option<u64>,
}

impl Sum {
    /// Adds requests. Returns `self` if any were added, so that the caller can add their times.
    fn count(&mut self, count: u64) -> Option<&mut Self> {
        self.requests = self.requests.saturating_add(count);
        (count > 0).then_some(self)
    }

    fn failed(&mut self, failures: u64) {
        self.failures = self.failures.saturating_add(failures);
    }

    /// Adds the times of `count` requests. Percentiles of several metrics can't be combined: the largest one counts.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
    fn times(&mut self, results: &mut Results, summary: &Summary, trend: &str, count: u64) {
        self.p95 = self
            .p95
            .max(percentile(results, summary, trend, &["p(95)", "p95"]));
        self.p50 = self
            .p50
            .max(percentile(results, summary, trend, &["p(50)", "med"]));
        self.p99 = self
            .p99
            .max(percentile(results, summary, trend, &["p(99)", "p99"]));
        match summary.number(trend, &["avg"]) {
            Number::Is(mean) if mean.is_finite() && mean >= 0.0 => {
                let (sum, counted) = self.mean.unwrap_or_default();
                let count = count as f64;
                self.mean = Some((sum + mean * count, counted + count));
            }
            _ => self.is_mean_unknown = true,
        }
    }

    fn statistics(&self) -> RequestStatistics {
        let mean = self.mean.filter(|_| !self.is_mean_unknown);
        RequestStatistics {
            requests: self.requests,
            failures: self.failures,
            mean: mean
                .map(|(sum, count)| sum / count)
                .filter(|it| it.is_finite()),
            p50: self.p50,
            p95: self.p95,
            p99: self.p99,
        }
    }
}

/// The number of measurements of a metric. Adds a note or a fault and returns `None` if the number is unknown.
fn count(
    results: &mut Results,
    summary: &Summary,
    name: &str,
    failed: Option<&str>,
    has_iterations: &mut bool,
) -> Option<u64> {
    let Some(values) = summary.values(name) else {
        results.note(absent(summary, name));
        return None;
    };
    if values.has("count") {
        let count = values.count("count");
        if count.is_none() {
            results.fault(format!("the count of `{name}` can't be read"));
        }
        return count;
    }
    let rate = failed.and_then(|failed| summary.values(failed));
    let rate = summary.outcomes(values).or_else(|| summary.outcomes(rate?));
    if let Some((hits, misses)) = rate {
        return hits.checked_add(misses);
    }
    let iterations = summary.values("iterations");
    let Some(iterations) = iterations.and_then(|it| it.count("count")) else {
        results.fault(format!("the count of `{name}` can't be read"));
        return None;
    };
    results.note(format!(
        "the summary has no count of `{name}`: iterations are counted (add `count` to `summaryTrendStats`)"
    ));
    (!std::mem::replace(has_iterations, true)).then_some(iterations)
}

/// The note that a metric was not measured, with the built-in metrics that were.
fn absent(summary: &Summary, name: &str) -> String {
    let others = COUNTED.iter().map(|it| it.name);
    let others = others.filter(|it| *it != name && summary.values(it).is_some());
    let others: Vec<_> = others.map(|it| format!("\"{it}\"")).collect();
    let what = if name == REQUESTS {
        "the run made no request over HTTP".to_owned()
    } else {
        format!("the run did not measure `{name}`")
    };
    if others.is_empty() {
        what
    } else {
        let others = others.join(", ");
        format!("{what}; `[load-test] requests` can count {others}")
    }
}

/// The number of failed requests. The rate metric `failed` is true for each failed request, so its hits are the
/// failures. Its hits and misses together must equal the number of requests.
fn failures(summary: &Summary, name: &str, failed: &str, requests: u64) -> Result<u64, String> {
    let values = summary.values(failed).ok_or_else(|| {
        format!("`{failed}` is missing: the number of failed requests is unknown")
    })?;
    let (hits, misses) = summary
        .outcomes(values)
        .ok_or_else(|| format!("`{failed}` can't be read, or contradicts itself"))?;
    if hits.checked_add(misses) != Some(requests) {
        return Err(format!(
            "`{failed}` and `{name}` don't count the same requests"
        ));
    }
    Ok(hits)
}

/// A percentile of a trend, in milliseconds, under one of its names in a summary. k6 leaves out the 99th one unless the
/// script asks for it, so only a missing 95th one is noted.
fn percentile(
    results: &mut Results,
    summary: &Summary,
    trend: &str,
    names: &[&str],
) -> Option<u64> {
    let shown = names.first()?;
    match summary.number(trend, names) {
        Number::Is(time) => {
            let time = rounded_up(time);
            if time.is_none() {
                results.fault(format!("`{shown}` of `{trend}` can't be read"));
            }
            return time;
        }
        Number::Unreadable => results.fault(format!("`{shown}` of `{trend}` can't be read")),
        Number::Absent if *shown == "p(95)" => results.note(format!(
            "`{shown}` of `{trend}` was left out by `summaryTrendStats`"
        )),
        Number::Absent => {}
    }
    None
}

#[cfg(test)]
#[path = "k6_requests_tests.rs"]
mod tests;
