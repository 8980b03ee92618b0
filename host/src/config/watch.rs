//! `[environment.watch]`: how an environment is watched after a deployment.

use serde::Deserialize;

use super::values::{self, Span, Wrong};
use crate::contract::types::{Consequence, MetricSettings, Missing, WatchSettings};

/// How an environment is watched after a deployment.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WatchTable {
    /// How long it is watched, from the first round on.
    #[serde(rename = "for")]
    lasts: Span,
    /// The time between convergence and the first round, at least the range in the queries; 5m unless set.
    #[serde(default = "five_minutes")]
    settle: Span,
    /// The time between two rounds; 1m unless set.
    #[serde(default = "one_minute")]
    every: Span,
    /// What follows if a metric is outside its limits; `stop` unless set.
    #[serde(default = "stop")]
    failed: Follows,
    /// What follows if the metrics prove nothing; `warn` unless set.
    #[serde(default = "warn")]
    unproven: Follows,
    /// The rounds within the limits that each metric needs; half of the rounds that fit into `for` unless set.
    #[cfg_attr(test, schemars(range(min = 1)))]
    min_rounds: Option<u32>,
    /// The metrics.
    #[cfg_attr(test, schemars(length(min = 1)))]
    #[serde(default)]
    metric: Vec<MetricTable>,
}

/// One metric. It needs at least one of `max`, `min` and `max-ratio`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MetricTable {
    /// Its name.
    #[cfg_attr(test, schemars(regex(pattern = "^[a-z0-9][a-z0-9-]{0,47}$")))]
    name: String,
    /// The query, in the language of the metrics server. `{commit}` and `{environment}` are replaced.
    #[cfg_attr(test, schemars(length(min = 1)))]
    query: String,
    /// The query for the traffic. Without traffic, a round proves nothing.
    #[cfg_attr(test, schemars(length(min = 1)))]
    traffic: Option<String>,
    /// The largest good value of each series.
    max: Option<f64>,
    /// The smallest good value of each series.
    min: Option<f64>,
    /// The largest good ratio to the value of the same series before the deployment.
    #[cfg_attr(test, schemars(range(min = 0)))]
    max_ratio: Option<f64>,
    /// The least traffic that a round needs.
    #[cfg_attr(test, schemars(range(min = 0)))]
    min_traffic: Option<f64>,
    /// Consecutive rounds outside the limits that fail the watch; 3 unless set.
    #[cfg_attr(test, schemars(range(min = 1)))]
    #[serde(default = "three")]
    rounds: u32,
    /// The meaning of an answer without series; `unproven` unless set.
    #[serde(default)]
    missing: MissingSeries,
}

/// What follows from a watch.
#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Follows {
    /// The release stops. In the last environment it stays, and people get a failure notice.
    Stop,
    /// The release continues, and people are warned.
    Warn,
}

/// The meaning of an answer without series.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum MissingSeries {
    /// The round proves nothing.
    #[default]
    Unproven,
    /// The value is 0.
    Zero,
}

/// How a metric is read.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The query.
    pub query: String,
    /// The query for the traffic.
    pub traffic: Option<String>,
}

const fn five_minutes() -> Span {
    Span::of(5 * 60)
}

const fn one_minute() -> Span {
    Span::of(60)
}

const fn stop() -> Follows {
    Follows::Stop
}

const fn warn() -> Follows {
    Follows::Warn
}

const fn three() -> u32 {
    3
}

impl From<Follows> for Consequence {
    fn from(it: Follows) -> Self {
        match it {
            Follows::Stop => Self::Stop,
            Follows::Warn => Self::Warn,
        }
    }
}

impl WatchTable {
    /// Checks the table, and splits it into the policy's settings and the host's. `at` is the path of the table.
    pub(super) fn checked(self, at: &str) -> Result<(WatchSettings, Vec<Metric>), Wrong> {
        let key = |name: &str| format!("{at}.{name}");
        values::positive(&key("every"), self.every, "1m")?;
        let (lasts, interval) = (self.lasts.seconds(), self.every.seconds());
        if lasts < interval {
            return Err(Wrong::new(
                key("for"),
                "is shorter than the time between two rounds",
                format!("write at least {}, or a shorter `every`", self.every),
            ));
        }
        let fit = lasts / interval + 1;
        let enough = |name: String, rounds: u32| {
            if (1..=fit).contains(&rounds) {
                return Ok(());
            }
            Err(Wrong::new(
                name,
                format!("must be at least 1, and at most the {fit} rounds that fit into `for`"),
                "write fewer rounds, a longer `for` or a shorter `every`",
            ))
        };
        let min_rounds = self.min_rounds.unwrap_or(fit.div_ceil(2));
        enough(key("min-rounds"), min_rounds)?;
        if self.metric.is_empty() {
            return Err(Wrong::new(
                at,
                "has no metrics",
                "add an `[[environment.watch.metric]]` table with a `name`, a `query` and a `max`",
            ));
        }
        let mut metrics = Vec::new();
        let mut sources: Vec<Metric> = Vec::new();
        for (place, metric) in self.metric.into_iter().enumerate() {
            let at = key(&format!("metric.{place}"));
            enough(format!("{at}.rounds"), metric.rounds)?;
            if sources.iter().any(|it| it.name == metric.name) {
                return Err(Wrong::new(
                    format!("{at}.name"),
                    format!("is used twice: `{}`", metric.name),
                    "give each metric of the environment a name of its own",
                ));
            }
            let (settings, source) = metric.checked(&at)?;
            metrics.push(settings);
            sources.push(source);
        }
        let settings = WatchSettings {
            settle: self.settle.seconds(),
            lasts,
            interval,
            min_rounds,
            metrics,
            failed: self.failed.into(),
            unproven: self.unproven.into(),
        };
        Ok((settings, sources))
    }
}

impl MetricTable {
    fn checked(self, at: &str) -> Result<(MetricSettings, Metric), Wrong> {
        let key = |name: &str| format!("{at}.{name}");
        if !values::is_name(&self.name) {
            return Err(Wrong::new(
                key("name"),
                format!("is not the name of a metric: `{}`", self.name),
                values::NAME_HELP,
            ));
        }
        for (name, query) in [
            ("query", Some(&self.query)),
            ("traffic", self.traffic.as_ref()),
        ] {
            if query.is_some_and(|it| it.trim().is_empty()) {
                return Err(Wrong::new(key(name), "is empty", "write a query"));
            }
        }
        let limits = [
            ("max", self.max, false),
            ("min", self.min, false),
            ("max-ratio", self.max_ratio, true),
            ("min-traffic", self.min_traffic, true),
        ];
        if limits[..3].iter().all(|(_, limit, _)| limit.is_none()) {
            return Err(Wrong::new(
                at,
                "has no limit",
                "add `max`, `min` or `max-ratio`",
            ));
        }
        for (name, limit, is_positive) in limits {
            if limit.is_some_and(|it| !it.is_finite() || (is_positive && it < 0.0)) {
                let least = if is_positive { ", at least 0" } else { "" };
                return Err(Wrong::new(
                    key(name),
                    format!("must be a number{least}"),
                    "write a number, such as `0.01`",
                ));
            }
        }
        if self.min_traffic.is_some() && self.traffic.is_none() {
            return Err(Wrong::new(
                key("min-traffic"),
                "needs a query for the traffic",
                "add `traffic`, or remove the key",
            ));
        }
        let settings = MetricSettings {
            name: self.name.clone(),
            max: self.max,
            min: self.min,
            max_ratio: self.max_ratio,
            min_traffic: self.min_traffic,
            rounds: self.rounds,
            missing: match self.missing {
                MissingSeries::Unproven => Missing::Unproven,
                MissingSeries::Zero => Missing::Zero,
            },
        };
        let source = Metric {
            name: self.name,
            query: self.query,
            traffic: self.traffic,
        };
        Ok((settings, source))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;
    use crate::contract::types::{Consequence, Missing};
    use crate::error::Error;

    const SHOP: &str = r#"
[metrics]
url = "http://127.0.0.1:9090"

[[environment]]
name = "stage"
deploy = ["./deploy"]
nodes = ["http://127.0.0.1:8001"]

[[environment]]
name = "prod"
deploy = ["./deploy"]
nodes = ["http://127.0.0.1:8002"]

[environment.watch]
for = "15m"

[[environment.watch.metric]]
name = "errors"
query = "errors{env=\"{environment}\"}"
max = 0.01
"#;

    fn parse(text: &str) -> Result<Config, Error> {
        Config::parse(text, Path::new("/srv"))
    }

    #[test]
    fn a_watch_has_defaults() {
        let config = parse(SHOP).expect("a configuration");
        assert!(config.settings.environments[0].watch.is_none());
        let watch = config.settings.environments[1].watch.clone();
        let watch = watch.expect("a watch");
        assert_eq!(
            (watch.settle, watch.lasts, watch.interval, watch.min_rounds),
            (300, 900, 60, 8)
        );
        assert_eq!(watch.failed, Consequence::Stop);
        assert_eq!(watch.unproven, Consequence::Warn);
        let metric = &watch.metrics[0];
        assert_eq!((metric.rounds, metric.missing), (3, Missing::Unproven));
        assert_eq!(config.environments[1].metrics[0].name, "errors");
    }

    #[test]
    fn invalid_watches_are_refused() {
        for (text, said) in [
            (
                SHOP.replace("[metrics]\nurl = \"http://127.0.0.1:9090\"", "\n"),
                "line 15: `environment.watch` needs a metrics server",
            ),
            (
                SHOP.replace("15m", "30s"),
                "line 16: `environment.watch.for` is shorter than the time between two rounds",
            ),
            (
                SHOP.replace("15m\"", "15m\"\nevery = \"0s\""),
                "line 17: `environment.watch.every` must be greater than 0",
            ),
            (
                SHOP.replace("15m\"", "15m\"\nmin-rounds = 17"),
                "line 17: `environment.watch.min-rounds` must be at least 1, and at most the 16 rounds",
            ),
            (
                SHOP.replace("15m\"", "15m\"\nfailed = \"roll\""),
                "`environment.watch.failed`",
            ),
            (
                format!("{SHOP}rounds = 0"),
                "line 22: `environment.watch.metric.rounds` must be at least 1",
            ),
            (
                SHOP.replace("max = 0.01", ""),
                "line 18: `environment.watch.metric` has no limit",
            ),
            (
                SHOP.replace("max = 0.01", "max = nan"),
                "line 21: `environment.watch.metric.max` must be a number",
            ),
            (
                format!("{SHOP}max-ratio = -1.0"),
                "line 22: `environment.watch.metric.max-ratio` must be a number, at least 0",
            ),
            (
                format!("{SHOP}min-traffic = 1"),
                "line 22: `environment.watch.metric.min-traffic` needs a query for the traffic",
            ),
            (
                format!("{SHOP}traffic = \" \""),
                "line 22: `environment.watch.metric.traffic` is empty",
            ),
            (
                SHOP.replace("\"errors\"", "\"Errors\""),
                "line 19: `environment.watch.metric.name` is not the name of a metric: `Errors`",
            ),
            (
                format!(
                    "{SHOP}\n[[environment.watch.metric]]\nname = \"errors\"\nquery = \"x\"\nmax = 1"
                ),
                "line 24: `environment.watch.metric.name` is used twice: `errors`",
            ),
            (
                SHOP.split("\n[[environment.watch.metric]]")
                    .next()
                    .expect("a part")
                    .to_owned(),
                "line 15: `environment.watch` has no metrics",
            ),
        ] {
            let error = parse(&text).expect_err(said);
            assert!(error.message.contains(said), "{}", error.message);
        }
    }
}
