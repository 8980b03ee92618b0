//! Locust's JSON: what `--json` prints and `--json-file` writes when a run has ended.
//!
//! The shape is that of `StatsEntryDict` in Locust's `locust/stats.py`: an array with an entry for each
//! method and name, and no entry for the total. It has no percentiles: `response_times` maps milliseconds to a
//! count, and they are computed from that.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::document::{self, Unreadable};
use super::{rounded_down, rounded_up};

/// One entry, with the fields that greenlight uses. Locust also writes a number for each second of the run.
#[derive(Deserialize)]
struct Entry {
    num_requests: u64,
    /// Requests without a response time.
    #[serde(default)]
    num_none_requests: u64,
    num_failures: u64,
    /// Seconds since the Unix epoch.
    start_time: f64,
    /// Seconds since the Unix epoch; null without a request.
    last_request_timestamp: Option<f64>,
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

/// All entries together.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) requests: u64,
    pub(super) failures: u64,
    /// In milliseconds.
    pub(super) p95: Option<u64>,
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

/// Reads a report.
pub(super) fn read(path: &Path) -> Result<Report, Unreadable> {
    document::json::<Sum>(path, "Locust")?.report()
}

/// The sum of the entries so far. The file is always read to its end, to detect a truncated file.
#[derive(Default)]
struct Sum {
    report: Report,
    times: Histogram,
    timeless: u64,
    /// The first contradiction in the file.
    wrong: Option<&'static str>,
}

impl<'de> Deserialize<'de> for Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Sum::default())
    }
}

impl<'de> Visitor<'de> for Sum {
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

impl Sum {
    fn add(&mut self, entry: Entry) -> Result<(), &'static str> {
        if entry.num_failures > entry.num_requests {
            return Err("more requests failed than were made");
        }
        let add = |sum: u64, count: u64| sum.checked_add(count).ok_or("too many requests to count");
        let report = &mut self.report;
        report.requests = add(report.requests, entry.num_requests)?;
        report.failures = add(report.failures, entry.num_failures)?;
        self.timeless = add(self.timeless, entry.num_none_requests)?;
        if entry.num_requests > 0 {
            let span = span(&entry)?;
            report.span = Some(report.span.map_or(span, |all| all.join(span)));
        }
        self.times.join(entry.response_times.0?)
    }

    fn report(self) -> Result<Report, Unreadable> {
        self.judged()
            .map_err(|what| Unreadable::Damaged(format!("contradicts itself: {what}")))
    }

    fn judged(self) -> Result<Report, &'static str> {
        let mut report = self.report;
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if self.times.total().checked_add(self.timeless) != Some(report.requests) {
            return Err("the number of response times differs from the number of requests");
        }
        if report.span.is_some_and(|span| span.duration().is_none()) {
            return Err("it lasted over a year");
        }
        report.p95 = self.times.p95();
        Ok(report)
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

/// The largest number of different response times. Locust rounds response times, so a run has a few hundred.
const MOST_TIMES: usize = 100_000;

/// Counts by response time in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Histogram {
    /// Adds a count for a response time in Locust's notation: `39`, or `210.0` for a rounded time.
    fn add(&mut self, milliseconds: &str, count: u64) -> Result<(), &'static str> {
        let time = milliseconds.parse().ok().and_then(rounded_up);
        self.count(time.ok_or("a response time is not a number")?, count)
    }

    /// Adds the counts of another histogram.
    fn join(&mut self, other: Self) -> Result<(), &'static str> {
        let mut counts = other.counts.into_iter();
        counts.try_for_each(|(time, count)| self.count(time, count))
    }

    fn count(&mut self, time: u64, count: u64) -> Result<(), &'static str> {
        let total = self.total.checked_add(count);
        self.total = total.ok_or("too many response times to count")?;
        *self.counts.entry(time).or_default() += count;
        if self.counts.len() > MOST_TIMES {
            return Err("too many different response times");
        }
        Ok(())
    }

    /// The sum of all counts.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The 95th percentile, as Locust computes it (`calculate_response_time_percentile` in its
    /// `locust/stats.py`), so that it equals the number that Locust prints.
    pub(super) fn p95(&self) -> Option<u64> {
        let within = u128::from(self.total) * 95 / 100;
        let mut slower = 0;
        self.counts
            .iter()
            .rev()
            .filter(|(_, count)| **count > 0)
            .find_map(|(time, count)| {
                slower += count;
                (u128::from(self.total - slower) <= within).then_some(*time)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"name": "/", "method": "GET", "num_requests": 3, "num_none_requests": 1,
        "num_failures": 1, "start_time": 100.5, "last_request_timestamp": 102.25,
        "response_times": {"4": 1, "210.0": 1}, "new": {}}"#;

    fn parse(text: &str) -> Result<Report, String> {
        let sum = document::parse::<Sum>(&mut text.as_bytes(), "Locust");
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
        assert_eq!((report.requests, report.failures), (6, 2));
        assert_eq!(report.p95, Some(210));
        assert_eq!(report.span.expect("a report").duration(), Some(4000));
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
        assert_eq!((report.requests, report.p95), (0, None));
        assert!(report.span.is_none());
    }

    fn histogram(counts: &[(&str, u64)]) -> Histogram {
        let mut histogram = Histogram::default();
        for (time, count) in counts {
            histogram.add(time, *count).expect("a histogram");
        }
        histogram
    }

    #[test]
    fn takes_the_95th_of_100() {
        assert_eq!(
            histogram(&[("9", 94), ("20", 1), ("300", 5)]).p95(),
            Some(300)
        );
        assert_eq!(
            histogram(&[("9", 94), ("20", 2), ("300", 4)]).p95(),
            Some(20)
        );
        assert_eq!(histogram(&[("7.0", 1)]).p95(), Some(7));
        assert_eq!(histogram(&[("7", 1), ("900", 0)]).p95(), Some(7));
        assert_eq!(histogram(&[]).p95(), None);
    }

    #[test]
    fn refuses_invalid_times_and_counts() {
        for time in ["-1", "NaN", "inf", "", "null", "1e300"] {
            assert!(Histogram::default().add(time, 1).is_err(), "{time}");
        }
        let mut full = histogram(&[("1", u64::MAX)]);
        assert_eq!(full.p95(), Some(1));
        assert!(full.add("1", 1).is_err());
        let mut many = Histogram::default();
        let mut times = 0..=MOST_TIMES;
        assert!(times.any(|time| many.add(&time.to_string(), 1).is_err()));
    }
}
