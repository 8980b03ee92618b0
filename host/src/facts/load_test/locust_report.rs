//! Locust's JSON: what `--json` prints and `--json-file` writes when a run has ended.
//!
//! The shape is that of `StatsEntryDict` in Locust's `locust/stats.py`: an array with an entry for each
//! method and name, and no entry for the total. It has no percentiles: `response_times` maps milliseconds to a
//! count, and they are computed from that.

use std::fmt;
use std::path::Path;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::document::{self, Unreadable};
use super::histogram::Histogram;
use super::rounded_down;
use crate::contract::promotion::{NamedStatistics, RequestStatistics};

/// One entry, with the fields that greenlight uses. Locust also writes a number for each second of the run.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    /// The method of HTTP, or the type of another request.
    #[serde(default)]
    method: Option<String>,
    num_requests: u64,
    /// Requests without a response time.
    #[serde(default)]
    num_none_requests: u64,
    num_failures: u64,
    /// Seconds since the Unix epoch.
    start_time: f64,
    /// Seconds since the Unix epoch; null without a request.
    last_request_timestamp: Option<f64>,
    /// In milliseconds.
    #[serde(default)]
    total_response_time: Option<f64>,
    response_times: Times,
}

/// The response times of an entry, or the reason why they can't be used.
struct Times(Result<Histogram, &'static str>);

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TimesReader)
    }
}

struct TimesReader;

impl<'de> Visitor<'de> for TimesReader {
    type Value = Times;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counts by response time")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Times, A::Error> {
        let mut times = Ok(Histogram::default());
        while let Some((time, count)) = map.next_entry::<String, u64>()? {
            if let Ok(histogram) = &mut times
                && let Err(why) = histogram.add(&time, count)
            {
                times = Err(why);
            }
        }
        Ok(Times(times))
    }
}

/// All entries together, and those of the names that were asked for.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) total: RequestStatistics,
    pub(super) by_name: Vec<NamedStatistics>,
    /// From the first request to the last; `None` without requests.
    pub(super) span: Option<Span>,
}

/// A period, in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: f64,
    pub(super) end: f64,
}

impl Span {
    /// Its length in milliseconds; `None` if it ends before it starts, or lasts over a year.
    pub(super) fn duration(self) -> Option<u64> {
        rounded_down(self.end - self.start)
    }

    fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// Reads a report, with the statistics of these names.
pub(super) fn read(path: &Path, names: &[String]) -> Result<Report, Unreadable> {
    document::seeded(path, "Locust", Sum::of(names))?.report()
}

/// The requests of some entries.
#[derive(Default)]
struct Group {
    requests: u64,
    failures: u64,
    /// Requests without a response time.
    timeless: u64,
    /// The sum of the response times in milliseconds; `None` if an entry does not have it.
    time: Option<f64>,
    times: Histogram,
}

impl Group {
    fn new() -> Self {
        Self {
            time: Some(0.0),
            ..Self::default()
        }
    }

    fn add(&mut self, entry: &Entry, times: Histogram) -> Result<(), &'static str> {
        let add = |sum: u64, count: u64| sum.checked_add(count).ok_or("too many requests to count");
        self.requests = add(self.requests, entry.num_requests)?;
        self.failures = add(self.failures, entry.num_failures)?;
        self.timeless = add(self.timeless, entry.num_none_requests)?;
        self.time = self
            .time
            .zip(entry.total_response_time)
            .map(|(sum, more)| sum + more);
        self.times.join(times)
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 requests")]
    fn statistics(&self) -> RequestStatistics {
        let timed = self.times.total();
        let mean = self.time.map(|sum| sum / timed as f64);
        RequestStatistics {
            requests: self.requests,
            failures: self.failures,
            mean: mean.filter(|it| timed > 0 && it.is_finite() && *it >= 0.0),
            p50: self.times.percentile(50),
            p95: self.times.percentile(95),
            p99: self.times.percentile(99),
        }
    }
}

/// The sum of the entries so far. The file is always read to its end, to detect a truncated file.
struct Sum<'a> {
    all: Group,
    /// The names that were asked for, with their requests.
    named: Vec<(&'a str, Group)>,
    span: Option<Span>,
    /// The first contradiction in the file.
    wrong: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Sum<'_> {
    type Value = Self;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Sum<'_> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while self.wrong.is_none()
            && let Some(entry) = list.next_element::<Entry>()?
        {
            self.wrong = self.add(entry).err();
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

impl<'a> Sum<'a> {
    fn of(names: &'a [String]) -> Self {
        Self {
            all: Group::new(),
            named: names.iter().map(|it| (it.as_str(), Group::new())).collect(),
            span: None,
            wrong: None,
        }
    }

    fn add(&mut self, mut entry: Entry) -> Result<(), &'static str> {
        if entry.num_failures > entry.num_requests {
            return Err("more requests failed than were made");
        }
        if entry.num_requests > 0 {
            let span = span(&entry)?;
            self.span = Some(self.span.map_or(span, |all| all.join(span)));
        }
        let times =
            std::mem::replace(&mut entry.response_times, Times(Ok(Histogram::default()))).0?;
        for (name, group) in &mut self.named {
            if entry.has_name(name) {
                group.add(&entry, times.clone())?;
            }
        }
        self.all.add(&entry, times)
    }

    fn report(self) -> Result<Report, Unreadable> {
        self.judged()
            .map_err(|what| Unreadable::Damaged(format!("contradicts itself: {what}")))
    }

    fn judged(self) -> Result<Report, &'static str> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let all = &self.all;
        if all.times.total().checked_add(all.timeless) != Some(all.requests) {
            return Err("the number of response times differs from the number of requests");
        }
        if self.span.is_some_and(|span| span.duration().is_none()) {
            return Err("it lasted over a year");
        }
        let named = self.named.iter().map(|(name, group)| NamedStatistics {
            name: (*name).to_owned(),
            statistics: group.statistics(),
        });
        Ok(Report {
            total: all.statistics(),
            by_name: named.collect(),
            span: self.span,
        })
    }
}

impl Entry {
    /// Whether this is the name of the entry: `GET /api`, as Locust prints it, or `/api` with any method.
    fn has_name(&self, name: &str) -> bool {
        let method = self.method.as_deref().filter(|it| !it.is_empty());
        let rest = method.and_then(|it| name.strip_prefix(it)?.strip_prefix(' '));
        name == self.name || rest == Some(&self.name)
    }
}

fn span(entry: &Entry) -> Result<Span, &'static str> {
    let end = entry.last_request_timestamp;
    let span = Span {
        start: entry.start_time,
        end: end.ok_or("requests were made, but the time of the last one is missing")?,
    };
    if span.start < 0.0 || span.duration().is_none() {
        return Err("the last request was before the first, or over a year later");
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::load_tests::NO_REQUESTS;

    const ENTRY: &str = r#"{"name": "/", "method": "GET", "num_requests": 3, "num_none_requests": 1,
        "num_failures": 1, "start_time": 100.5, "last_request_timestamp": 102.25,
        "total_response_time": 214.5,
        "response_times": {"4": 1, "210.0": 1}, "new": {}}"#;

    fn parse(text: &str) -> Result<Report, String> {
        named(text, &[])
    }

    fn named(text: &str, names: &[&str]) -> Result<Report, String> {
        let names: Vec<_> = names.iter().map(|it| (*it).to_owned()).collect();
        let sum = document::parse_seeded(&mut text.as_bytes(), "Locust", Sum::of(&names));
        sum.and_then(Sum::report).map_err(|error| match error {
            Unreadable::Damaged(why) => why,
            other => panic!("{other:?}"),
        })
    }

    fn with(from: &str, to: &str) -> Result<Report, String> {
        assert!(ENTRY.contains(from), "{from}");
        parse(&format!("[{}]", ENTRY.replace(from, to)))
    }

    #[test]
    fn sums_entries() {
        let later = ENTRY.replace("102.25", "104.5");
        let report = parse(&format!("[{ENTRY}, {later}]")).expect("a report");
        let total = &report.total;
        assert_eq!((total.requests, total.failures), (6, 2));
        let times = (total.mean, total.p50, total.p95, total.p99);
        assert_eq!(times, (Some(107.25), Some(210), Some(210), Some(210)));
        assert_eq!(report.span.expect("a report").duration(), Some(4000));
    }

    #[test]
    fn counts_the_requests_of_a_name() {
        let post = ENTRY
            .replace("GET", "POST")
            .replace("\"4\": 1, ", "\"4\": 1, \"5\": 1, ");
        let post = post.replace("\"num_requests\": 3", "\"num_requests\": 4");
        let other = ENTRY.replace("\"/\"", "\"/other\"");
        let text = format!("[{ENTRY}, {post}, {other}]");
        let report = named(&text, &["GET /", "/", "POST /other"]).expect("a report");
        let found: Vec<_> = report
            .by_name
            .iter()
            .map(|it| (it.name.as_str(), it.statistics.requests))
            .collect();
        assert_eq!(found, [("GET /", 3), ("/", 7), ("POST /other", 0)]);
        assert_eq!(report.by_name[0].statistics.mean, Some(107.25));
        assert_eq!(report.by_name[2].statistics, NO_REQUESTS);
        assert_eq!(report.total.requests, 10);
    }

    #[test]
    fn a_mean_needs_the_time_of_each_entry() {
        let without = ENTRY.replace("\"total_response_time\": 214.5,", "");
        let report = parse(&format!("[{ENTRY}, {without}]")).expect("a report");
        assert_eq!((report.total.mean, report.total.p50), (None, Some(210)));
    }

    #[test]
    fn refuses_what_locust_does_not_write() {
        for (from, to) in [
            ("3", "-3"),
            ("3", "3.5"),
            ("3", "NaN"),
            ("3", "\"3\""),
            ("100.5", "null"),
            ("100.5", "1e999"),
            ("num_failures", "failures"),
            ("\"4\": 1", "\"4\": -1"),
        ] {
            let error = with(from, to).expect_err("an error");
            assert!(error.starts_with("is not "), "{from} {to}: {error}");
        }
        for text in ["{}", "null", "0", ENTRY, "[[]]", "[null]", "[] []"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_what_contradicts_itself() {
        for (from, to) in [
            ("\"num_failures\": 1", "\"num_failures\": 4"),
            ("\"num_requests\": 3", "\"num_requests\": 2"),
            (
                "\"num_requests\": 3",
                "\"num_requests\": 18446744073709551615",
            ),
            ("\"4\": 1", "\"4\": 18446744073709551615"),
            ("\"4\"", "\"-4\""),
            ("\"4\"", "\"None\""),
            ("102.25", "null"),
            ("102.25", "99.0"),
            ("102.25", "1e300"),
            ("100.5", "-100.5"),
        ] {
            let error = with(from, to).expect_err("an error");
            assert!(error.starts_with("contradicts itself: "), "{to}: {error}");
        }
    }

    #[test]
    fn a_run_without_requests_is_whole() {
        let report = parse("[]").expect("a report");
        assert_eq!(report.total, NO_REQUESTS);
        assert!(report.span.is_none());
    }
}
