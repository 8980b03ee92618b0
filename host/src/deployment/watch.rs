//! A round of a watch: the queries, and what was read beside its limits.

use crate::config::Metric;
use crate::contract::promotion::{MetricReading, QueryAnswer, Reading, Sample, WatchRound};
use crate::contract::types::{MetricSettings, Missing, WatchSettings};
use crate::effects::metrics::{Answered, Metrics};
use crate::effects::shutdown::Shutdown;
use crate::server_settings::MetricsSettings;

/// Reads the metrics of one environment.
pub(super) struct Reader<'a> {
    pub(super) server: &'a MetricsSettings,
    /// The queries, in the order of the settings.
    pub(super) metrics: &'a [Metric],
    pub(super) settings: &'a WatchSettings,
    /// The commit of the release.
    pub(super) commit: &'a str,
    pub(super) environment: &'a str,
    /// When the deployment began, in seconds since 1970.
    pub(super) before: Option<u64>,
}

impl Reader<'_> {
    /// Asks all queries once. `None` after a request to shut down.
    pub(super) fn read(&self, versions: Vec<String>, shutdown: &Shutdown) -> Option<WatchRound> {
        let server = Metrics::new(self.server);
        let mut metrics = Vec::new();
        for settings in &self.settings.metrics {
            let Some(metric) = self.metrics.iter().find(|it| it.name == settings.name) else {
                continue;
            };
            let mut partial = false;
            let mut ask = |query: Option<&String>, at: Option<u64>| {
                let query = query.filter(|_| !shutdown.is_requested())?;
                let answered: Answered = server.ask(&self.replaced(query), at);
                partial |= answered.partial;
                Some(answered.answer)
            };
            let now = ask(Some(&metric.query), None)?;
            let traffic = ask(metric.traffic.as_ref(), None);
            let (mut before, mut traffic_before) = (None, None);
            if settings.max_ratio.is_some() && self.before.is_some() {
                before = ask(Some(&metric.query), self.before);
                traffic_before = ask(metric.traffic.as_ref(), self.before);
            }
            metrics.push(MetricReading {
                metric: metric.name.clone(),
                now,
                before,
                traffic,
                traffic_before,
                partial,
            });
        }
        (!shutdown.is_requested()).then(|| WatchRound {
            environment: self.environment.to_owned(),
            metrics,
            versions,
        })
    }

    fn replaced(&self, query: &str) -> String {
        query
            .replace("{commit}", self.commit)
            .replace("{environment}", self.environment)
    }

    /// What was read beside the limits, and whether all of it is within them.
    pub(super) fn in_words(&self, round: &WatchRound) -> (String, bool) {
        let mut is_within = round.versions.iter().all(|it| it == self.commit);
        let metrics = round.metrics.iter().filter_map(|reading| {
            let mut settings = self.settings.metrics.iter();
            let settings = settings.find(|it| it.name == reading.metric)?;
            let (text, is_good) = value(reading, settings);
            is_within &= is_good;
            Some(format!("{} {text} ({})", reading.metric, limits(settings)))
        });
        let metrics: Vec<_> = metrics.collect();
        let text = format!("watch of {}: {}", self.environment, metrics.join("; "));
        (text, is_within)
    }
}

/// The value of a metric that is the furthest from good, and whether every value is within the limits. This decides only
/// which rounds reports show; the policy judges them.
fn value(reading: &MetricReading, settings: &MetricSettings) -> (String, bool) {
    let samples = match &reading.now {
        QueryAnswer::Failed(failure) => {
            return (format!("could not be read: {}", failure.message), false);
        }
        QueryAnswer::Samples(samples) => samples,
    };
    if samples.is_empty() {
        let is_good = settings.missing == Missing::Zero && is_within(0.0, None, settings);
        return ("has no series".to_owned(), is_good);
    }
    let values: Option<Vec<f64>> = samples.iter().map(number).collect();
    let Some(values) = values else {
        return ("is not a number".to_owned(), false);
    };
    let before = match &reading.before {
        Some(QueryAnswer::Samples(before)) => before.as_slice(),
        Some(QueryAnswer::Failed(_)) | None => &[],
    };
    let is_low = settings.max.is_none() && settings.max_ratio.is_none();
    let worst = values.iter().copied().reduce(|one, other| {
        if is_low {
            one.min(other)
        } else {
            one.max(other)
        }
    });
    let mut text = worst.map_or_else(String::new, rounded);
    if let Some(before) = before.iter().filter_map(number).reduce(f64::max) {
        text = format!("{text}, before the deployment {}", rounded(before));
    }
    if reading.partial {
        text.push_str(", and data may be missing");
    }
    let is_good = samples.iter().zip(values).all(|(sample, value)| {
        let mut same = before.iter().filter(|it| it.series == sample.series);
        is_within(value, same.find_map(number), settings)
    });
    (text, is_good && !reading.partial)
}

fn number(sample: &Sample) -> Option<f64> {
    match sample.reading {
        Reading::Number(it) => Some(it),
        Reading::NotANumber | Reading::Infinite(_) => None,
    }
}

/// Whether a value is within the limits. `before` is the value of the same series before the deployment.
fn is_within(value: f64, before: Option<f64>, settings: &MetricSettings) -> bool {
    let before = before.filter(|it| *it > 0.0);
    settings.max.is_none_or(|it| value <= it)
        && settings.min.is_none_or(|it| value >= it)
        && match (settings.max_ratio, before) {
            (Some(ratio), Some(before)) => value <= ratio * before,
            _ => true,
        }
}

/// The limits of a metric.
fn limits(settings: &MetricSettings) -> String {
    let limits = [
        ("at most", settings.max, ""),
        ("at least", settings.min, ""),
        ("at most", settings.max_ratio, " times the value before"),
    ];
    let limits = limits.iter().filter_map(|(word, limit, of)| {
        let limit = rounded((*limit)?);
        Some(format!("{word} {limit}{of}"))
    });
    limits.collect::<Vec<_>>().join(", ")
}

/// A number with at most six decimals.
fn rounded(number: f64) -> String {
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::contract::types::Consequence;
    use crate::effects::stand_in::{StandIn, answer};
    use crate::tls::Trust;

    fn settings(max: Option<f64>, max_ratio: Option<f64>) -> WatchSettings {
        WatchSettings {
            settle: 0,
            lasts: 60,
            interval: 10,
            min_rounds: 1,
            metrics: vec![MetricSettings {
                name: "errors".to_owned(),
                max,
                min: None,
                max_ratio,
                min_traffic: None,
                rounds: 1,
                missing: Missing::Unproven,
            }],
            failed: Consequence::Stop,
            unproven: Consequence::Warn,
        }
    }

    fn round(url: &str, settings: &WatchSettings) -> (WatchRound, String, bool) {
        let server = MetricsSettings {
            url: url.to_owned(),
            login: None,
            headers: Vec::new(),
            time_limit: Duration::from_secs(20),
            trust: Trust::default(),
        };
        let metrics = [Metric {
            name: "errors".to_owned(),
            query: "errors{env=\"{environment}\",commit=\"{commit}\"}".to_owned(),
            traffic: Some("requests".to_owned()),
        }];
        let reader = Reader {
            server: &server,
            metrics: &metrics,
            settings,
            commit: "c1",
            environment: "prod",
            before: Some(1000),
        };
        let round = reader.read(vec!["c1".to_owned()], &Shutdown::never());
        let round = round.expect("a round");
        let (text, is_within) = reader.in_words(&round);
        (round, text, is_within)
    }

    fn vector(values: &[&str]) -> String {
        let series = values
            .iter()
            .enumerate()
            .map(|(pod, it)| format!(r#"{{"metric":{{"pod":"{pod}"}},"value":[1,"{it}"]}}"#));
        let series = series.collect::<Vec<_>>().join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{series}]}}}}"#)
    }

    #[test]
    fn the_value_before_is_asked_only_if_it_is_compared() {
        let server =
            StandIn::start(|stream, _| answer(stream, "200 OK", "", &vector(&["0.0025", "0.5"])));
        let (read, text, is_within) = round(&server.url, &settings(Some(0.01), None));
        assert_eq!(text, "watch of prod: errors 0.5 (at most 0.01)");
        assert!(!is_within && read.metrics[0].before.is_none());
        assert!(read.metrics[0].traffic.is_some() && read.metrics[0].traffic_before.is_none());
        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        assert!(!requests[0].contains("time="), "{}", requests[0]);
        assert!(requests[0].contains("prod") && requests[0].contains("c1"));

        let (read, text, is_within) = round(&server.url, &settings(None, Some(2.0)));
        assert_eq!(
            text,
            "watch of prod: errors 0.5, before the deployment 0.5 (at most 2 times the value before)"
        );
        assert!(is_within && read.metrics[0].before.is_some());
        assert!(read.metrics[0].traffic_before.is_some());
        assert!(server.requests()[4].contains("time=1000"));
    }

    #[test]
    fn what_is_no_number_is_said() {
        for (answered, said) in [
            (vector(&["NaN"]), "errors is not a number"),
            (vector(&[]), "errors has no series"),
            (
                "<html>".to_owned(),
                "errors could not be read: the answer is not",
            ),
        ] {
            let server = StandIn::start(move |stream, _| answer(stream, "200 OK", "", &answered));
            let (_, text, is_within) = round(&server.url, &settings(Some(0.01), None));
            assert!(text.contains(said) && !is_within, "{text}");
        }
    }

    /// Reports show the rounds that a person wants to see: those that are not within the limits.
    #[test]
    fn the_ratio_and_a_missing_series_count_as_in_the_policy() {
        let server = StandIn::start(|stream, before| {
            let value = if before == 2 { "0.1" } else { "0.5" };
            answer(stream, "200 OK", "", &vector(&[value]));
        });
        let (_, text, is_within) = round(&server.url, &settings(None, Some(2.0)));
        assert!(!is_within, "{text}");
        let server = StandIn::start(|stream, _| answer(stream, "200 OK", "", &vector(&[])));
        let mut settings = settings(Some(0.0), None);
        settings.metrics[0].missing = Missing::Zero;
        let (_, text, is_within) = round(&server.url, &settings);
        assert_eq!(text, "watch of prod: errors has no series (at most 0)");
        assert!(is_within);
    }
}
