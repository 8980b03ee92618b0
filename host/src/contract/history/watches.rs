//! Rounds of a watch in a history.

use serde::Deserialize;

#[cfg(test)]
use crate::contract::fields::shapes;
use crate::contract::fields::{ByName, Commit, Text};
use crate::contract::promotion as contract;

/// One round of a watch.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct WatchRound {
    /// The environment.
    #[cfg_attr(test, schemars(with = "shapes::Environment"))]
    environment: Text,
    /// The metrics, in the order of the settings.
    metrics: Vec<MetricReading>,
    /// Every commit that the nodes served at that moment.
    versions: Vec<Commit>,
}

/// One metric in one round.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct MetricReading {
    /// The name of the metric.
    metric: Text,
    /// Its query, now.
    now: QueryAnswer,
    /// The same query before the deployment; null or absent if it is not compared.
    before: Option<QueryAnswer>,
    /// Its traffic query, now; null or absent if it has none.
    traffic: Option<QueryAnswer>,
    /// The traffic query before the deployment; null or absent if it is not compared.
    traffic_before: Option<QueryAnswer>,
    /// True if the server says that data may be missing; false if absent.
    #[serde(default)]
    partial: bool,
}

/// The answer to a query.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum QueryAnswer {
    /// One sample for each series.
    Samples(Vec<Sample>),
    /// The query failed.
    Failed(QueryFailure),
}

/// One series of an answer.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "SampleOfEvent"))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sample {
    /// Its labels.
    series: Text,
    /// Its value.
    reading: Reading,
}

/// One value of a metric.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Reading {
    /// A finite number.
    Number(f64),
    /// 0 divided by 0.
    NotANumber,
    /// Infinite; true if it is positive.
    Infinite(bool),
}

/// A query that failed.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct QueryFailure {
    /// How it failed.
    kind: ByName<contract::QueryFailureKind>,
    /// What the server said.
    message: Text,
}

impl From<WatchRound> for contract::WatchRound {
    fn from(it: WatchRound) -> Self {
        Self {
            environment: it.environment.0,
            metrics: it.metrics.into_iter().map(Into::into).collect(),
            versions: it.versions.into_iter().map(|it| it.0).collect(),
        }
    }
}

impl From<MetricReading> for contract::MetricReading {
    fn from(it: MetricReading) -> Self {
        Self {
            metric: it.metric.0,
            now: it.now.into(),
            before: it.before.map(Into::into),
            traffic: it.traffic.map(Into::into),
            traffic_before: it.traffic_before.map(Into::into),
            partial: it.partial,
        }
    }
}

impl From<QueryAnswer> for contract::QueryAnswer {
    fn from(answer: QueryAnswer) -> Self {
        let sample = |it: Sample| contract::Sample {
            series: it.series.0,
            reading: match it.reading {
                Reading::Number(it) => contract::Reading::Number(it),
                Reading::NotANumber => contract::Reading::NotANumber,
                Reading::Infinite(it) => contract::Reading::Infinite(it),
            },
        };
        match answer {
            QueryAnswer::Samples(it) => Self::Samples(it.into_iter().map(sample).collect()),
            QueryAnswer::Failed(it) => Self::Failed(contract::QueryFailure {
                kind: it.kind.0,
                message: it.message.0,
            }),
        }
    }
}
