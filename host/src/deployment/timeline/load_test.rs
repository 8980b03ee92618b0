//! One load test, as reports show it: its numbers, its curves, and what its thresholds were compared with.

use serde::Serialize;

use super::Timeline;
use crate::contract::fields::ByName;
use crate::contract::promotion::{Measurement, RequestStatistics};
use crate::contract::settings::LOAD_TEST;
use crate::contract::types::{LoadTestSettings, Thresholds, Verdict};
use crate::facts::load_test::Point;
use crate::text::number::grouped;

/// One load test.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct LoadTest {
    /// The environment it ran against.
    pub environment: String,
    /// Its name in the configuration.
    pub name: String,
    /// Its verdict; null if a later run of the same load test was judged, or none.
    pub verdict: Option<ByName<Verdict>>,
    /// When it ended.
    pub at: u64,
    /// Requests made.
    pub requests: u64,
    /// Requests that failed.
    pub failures: u64,
    /// Exceptions in the test's own code.
    pub exceptions: u64,
    /// How long it ran, in milliseconds.
    pub duration: u64,
    /// 95th percentile of the response time, milliseconds.
    pub p95: Option<u64>,
    /// Every commit that the nodes served meanwhile.
    pub versions: Vec<String>,
    /// The numbers that a threshold limits, each with its limit.
    pub limits: Vec<Limit>,
    /// Notes about its results.
    pub notes: Vec<String>,
    /// Its curves.
    pub curve: Vec<Point>,
}

/// A number of a load test, and the threshold that limits it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Limit {
    /// The key of the threshold in the configuration.
    pub threshold: &'static str,
    /// The name of the requests; null for all requests.
    pub requests: Option<String>,
    /// The number: a count, a share from 0 to 1, requests per second or, also for `max-increase`, milliseconds. Null if
    /// the tool did not report it.
    pub measured: Option<f64>,
    /// The value of the threshold.
    pub limit: f64,
    /// What `max-increase` compares with: the 95th percentile of the last promoted release, in milliseconds. Null without
    /// one, and for other thresholds.
    pub baseline: Option<f64>,
}

impl Limit {
    /// What is limited, in words.
    pub fn what(&self) -> String {
        let number = match self.threshold {
            "max-failures" => "failures",
            "max-failure-share" => "share of failures",
            "min-rate" => "rate",
            "max-mean" => "mean",
            "max-p50" => "p50",
            "max-p99" => "p99",
            "max-increase" => "increase of p95",
            _ => "p95",
        };
        match &self.requests {
            None => number.to_owned(),
            Some(name) => format!("{number} of {name}"),
        }
    }

    /// The number in words.
    pub fn measured(&self) -> String {
        self.measured
            .map_or_else(|| "none".to_owned(), |it| self.in_unit(it))
    }

    /// The limit in words, with the baseline.
    pub fn limit(&self) -> String {
        match (self.threshold, self.baseline) {
            ("max-increase", Some(before)) => {
                format!("{} + {}", self.in_unit(before), percent(self.limit))
            }
            ("max-increase", None) => {
                format!("{}, without a baseline", percent(self.limit))
            }
            _ => self.in_unit(self.limit),
        }
    }

    /// The number and the limit in one sentence.
    pub fn sentence(&self) -> String {
        format!(
            "{}: {}, limit {}",
            self.what(),
            self.measured(),
            self.limit()
        )
    }

    fn in_unit(&self, value: f64) -> String {
        match self.threshold {
            "max-failures" => number(value),
            "max-failure-share" => percent(value),
            "min-rate" => format!("{}/s", number(value)),
            _ => format!("{} ms", number(value)),
        }
    }
}

/// A number with at most two decimals, and separators between thousands.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    match decimals.trim_end_matches('0') {
        "" => whole,
        decimals => format!("{whole}.{decimals}"),
    }
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// Lists the numbers that the thresholds of a load test limit: those of all requests, then those of each name.
pub(super) fn limits(measured: &Measurement, settings: &LoadTestSettings) -> Vec<Limit> {
    let baseline = measured.baseline.as_ref();
    let mut limits = Vec::new();
    let all = Group {
        name: None,
        now: Some(&measured.total),
        before: baseline.map(|it| &it.total),
        duration: measured.duration,
    };
    all.add(&settings.thresholds, &mut limits);
    for named in &settings.by_name {
        let mut now = measured.by_name.iter();
        let mut before = baseline.into_iter().flat_map(|it| &it.by_name);
        let group = Group {
            name: Some(&named.name),
            now: now
                .find(|it| it.name == named.name)
                .map(|it| &it.statistics),
            before: before
                .find(|it| it.name == named.name)
                .map(|it| &it.statistics),
            duration: measured.duration,
        };
        group.add(&named.thresholds, &mut limits);
    }
    limits
}

/// All requests, or those of one name.
struct Group<'a> {
    name: Option<&'a str>,
    now: Option<&'a RequestStatistics>,
    before: Option<&'a RequestStatistics>,
    duration: u64,
}

impl Group<'_> {
    fn add(&self, thresholds: &Thresholds, to: &mut Vec<Limit>) {
        let failures = self.now.map(|it| it.failures).map(float);
        let requests = self.now.map(|it| it.requests).map(float);
        let per = |divisor: f64| move |it: f64| (divisor > 0.0).then(|| it / divisor);
        let share = failures.and_then(per(requests.unwrap_or_default()));
        let rate = requests.and_then(per(float(self.duration) / 1000.0));
        // A name without its own limit has this limit.
        let most = Some(thresholds.max_failures)
            .filter(|it| thresholds.max_failure_share.is_none() && *it < u64::MAX);
        let p95 = |it: Option<&RequestStatistics>| it.and_then(|it| it.p95).map(float);
        let now = self.now;
        let all = [
            ("max-failures", failures, most.map(float)),
            ("max-failure-share", share, thresholds.max_failure_share),
            ("min-rate", rate, thresholds.min_rate),
            ("max-mean", now.and_then(|it| it.mean), thresholds.max_mean),
            (
                "max-p50",
                now.and_then(|it| it.p50).map(float),
                thresholds.max_p50.map(float),
            ),
            ("max-p95", p95(now), thresholds.max_p95.map(float)),
            (
                "max-p99",
                now.and_then(|it| it.p99).map(float),
                thresholds.max_p99.map(float),
            ),
            ("max-increase", p95(now), thresholds.max_increase),
        ];
        for (threshold, measured, limit) in all {
            let Some(limit) = limit else { continue };
            to.push(Limit {
                threshold,
                requests: self.name.map(str::to_owned),
                measured,
                limit,
                baseline: p95(self.before).filter(|_| threshold == "max-increase"),
            });
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "reports show two decimals")]
fn float(value: u64) -> f64 {
    value as f64
}

impl Timeline {
    /// The environment of a load test. The name is added if it is not the default name, or several load tests ran there.
    pub fn place_of(&self, test: &LoadTest) -> String {
        let mut all = self.load_tests.iter();
        let is_alone = !all.any(|it| it.environment == test.environment && it.name != test.name);
        if test.name == LOAD_TEST && is_alone {
            test.environment.clone()
        } else {
            format!("{}, {}", test.environment, test.name)
        }
    }

    /// A load test in words.
    pub fn title_of(&self, test: &LoadTest) -> String {
        let place = self.place_of(test);
        match place.strip_prefix(&test.environment) {
            Some("") | None => format!("load test of {place}"),
            Some(_) => format!("load test {} of {}", test.name, test.environment),
        }
    }

    /// The latest run of each load test.
    pub fn latest_load_tests(&self) -> impl Iterator<Item = &LoadTest> {
        let all = self.load_tests.iter().enumerate();
        let latest = all.filter(|(index, test)| {
            let mut later = self.load_tests[index + 1..].iter();
            !later.any(|it| it.environment == test.environment && it.name == test.name)
        });
        latest.map(|(_, test)| test)
    }

    /// The notes about the results of the latest run of each load test.
    pub fn load_test_notes(&self) -> impl Iterator<Item = (&LoadTest, &str)> {
        self.latest_load_tests().flat_map(|test| {
            let notes = test.notes.iter();
            notes.map(move |note| (test, note.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::load_tests::NO_REQUESTS;
    use crate::contract::promotion::{Baseline, NamedStatistics};
    use crate::contract::settings;
    use crate::contract::types::NamedThresholds;
    use crate::deployment::timeline::fixture;

    fn measurement() -> Measurement {
        let statistics = |p95| RequestStatistics {
            requests: 2000,
            failures: 1,
            mean: Some(80.456),
            p50: Some(70),
            p95: Some(p95),
            p99: None,
        };
        let named = |p95| {
            vec![NamedStatistics {
                name: "GET /cart".to_owned(),
                statistics: statistics(p95),
            }]
        };
        Measurement {
            total: statistics(1200),
            by_name: named(300),
            baseline: Some(Baseline {
                commit: "a".repeat(40),
                total: NO_REQUESTS,
                by_name: named(250),
            }),
            exceptions: 0,
            duration: 60_000,
            broken_thresholds: Vec::new(),
            exit_status: Some(0),
            complete: true,
            versions: vec!["b".repeat(40)],
        }
    }

    fn said(measured: &Measurement, settings: &LoadTestSettings) -> Vec<String> {
        let limits = limits(measured, settings);
        limits.iter().map(Limit::sentence).collect()
    }

    #[test]
    fn each_threshold_has_its_number() {
        let mut load = settings::load_test("load");
        assert_eq!(said(&measurement(), &load), ["failures: 1, limit 0"]);
        load.thresholds = Thresholds {
            max_failure_share: Some(0.001),
            min_rate: Some(10.5),
            max_mean: Some(100.0),
            max_p50: Some(80),
            max_p95: Some(1500),
            max_p99: Some(2000),
            max_increase: Some(0.25),
            ..load.thresholds
        };
        let expected = [
            "share of failures: 0.05 %, limit 0.1 %",
            "rate: 33.33/s, limit 10.5/s",
            "mean: 80.46 ms, limit 100 ms",
            "p50: 70 ms, limit 80 ms",
            "p95: 1,200 ms, limit 1,500 ms",
            "p99: none, limit 2,000 ms",
            "increase of p95: 1,200 ms, limit 25 %, without a baseline",
        ];
        assert_eq!(said(&measurement(), &load), expected);
    }

    #[test]
    fn the_requests_of_a_name_have_their_own_limits_and_baseline() {
        let mut load = settings::load_test("load");
        let named = |name: &str| NamedThresholds {
            name: name.to_owned(),
            thresholds: Thresholds {
                max_failures: u64::MAX,
                max_increase: Some(0.1),
                ..settings::thresholds()
            },
        };
        load.by_name = vec![named("GET /cart"), named("GET /other")];
        let expected = [
            "failures: 1, limit 0",
            "increase of p95 of GET /cart: 300 ms, limit 250 ms + 10 %",
            "increase of p95 of GET /other: none, limit 10 %, without a baseline",
        ];
        assert_eq!(said(&measurement(), &load), expected);
    }

    #[test]
    fn a_load_test_among_others_is_named() {
        let mut timeline = fixture::stopped();
        let title = |timeline: &Timeline, index: usize| {
            let test = &timeline.load_tests[index];
            (timeline.place_of(test), timeline.title_of(test))
        };
        let pair = |place: &str, title: &str| (place.to_owned(), title.to_owned());
        assert_eq!(title(&timeline, 0), pair("stage", "load test of stage"));
        let mut smoke = timeline.load_tests[0].clone();
        "smoke".clone_into(&mut smoke.name);
        timeline.load_tests.push(smoke.clone());
        let of_stage = pair("stage, load-test", "load test load-test of stage");
        assert_eq!(title(&timeline, 0), of_stage);
        let of_stage = pair("stage, smoke", "load test smoke of stage");
        assert_eq!(title(&timeline, 1), of_stage);
        "prod".clone_into(&mut smoke.environment);
        timeline.load_tests[1] = smoke;
        assert_eq!(title(&timeline, 0), pair("stage", "load test of stage"));
        let of_prod = pair("prod, smoke", "load test smoke of prod");
        assert_eq!(title(&timeline, 1), of_prod);
    }
}
