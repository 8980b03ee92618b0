//! The reasons about a watch: its state, its verdict, and the metrics that led to it.

use super::super::case::event;
use super::decimal::decimal;
use super::reading::{Breach, Limit};
use super::rounds::{Tally, Watch};
use crate::bindings::types::{Evidence, MetricSettings, Reason, Timestamp, Verdict, WatchSettings};
use crate::reason::{amount, codes, setting};

impl Watch<'_> {
    /// Explains that the watch has not ended.
    pub(crate) fn watching(
        &self,
        now: Timestamp,
        environment: &str,
        settings: &WatchSettings,
    ) -> Reason {
        let message = match self.last {
            None => format!(
                "`{environment}` is watched from {} s after its convergence on",
                settings.settle
            ),
            Some(_) => format!(
                "`{environment}` is watched, {} s left",
                self.left(now, settings)
            ),
        };
        let mut reason = Reason::new(codes::WATCHING, message);
        reason.evidence.extend(self.last.map(|it| event(it.place)));
        reason.on(Evidence::Environment(environment.to_owned()))
    }

    /// Explains the verdict, and then the metrics that led to it.
    pub(crate) fn reasons(
        &self,
        verdict: Verdict,
        environment: &str,
        settings: &WatchSettings,
    ) -> Vec<Reason> {
        let (code, how) = match verdict {
            Verdict::Passed => (codes::WATCH_PASSED, "passed"),
            Verdict::Failed => (codes::WATCH_FAILED, "failed"),
            Verdict::Errored => (codes::WATCH_ERRORED, "errored"),
            Verdict::Inconclusive => (codes::WATCH_INCONCLUSIVE, "was inconclusive"),
        };
        let mut reason = Reason::new(code, format!("the watch of `{environment}` {how}"));
        reason.evidence.extend(self.last.map(|it| event(it.place)));
        let mut reasons = vec![reason.on(Evidence::Environment(environment.to_owned()))];
        let tallies = self.tallies.iter().zip(&settings.metrics);
        reasons.extend(tallies.filter_map(|(tally, metric)| match verdict {
            Verdict::Failed if tally.has_failed(metric.rounds) => tally.outside(metric),
            Verdict::Passed | Verdict::Failed => None,
            Verdict::Errored | Verdict::Inconclusive => {
                (tally.inside < settings.min_rounds).then(|| tally.unproven(metric, settings))
            }
        }));
        reasons
    }
}

impl Tally<'_> {
    fn outside(&self, metric: &MetricSettings) -> Option<Reason> {
        let Breach {
            series,
            value,
            limit,
        } = self.breach?;
        let of = if series.is_empty() || series == "{}" {
            String::new()
        } else {
            format!(" of `{series}`")
        };
        let (limit, name) = match limit {
            Limit::Max(it) => (format!("at most {} is allowed", decimal(it)), "max"),
            Limit::Min(it) => (format!("at least {} is required", decimal(it)), "min"),
            Limit::MaxRatio { ratio, before } => (
                format!(
                    "at most {} times {}, the value before the deployment, is allowed",
                    decimal(ratio),
                    decimal(before)
                ),
                "max-ratio",
            ),
        };
        let message = format!(
            "metric `{}`{of} was {} in the last of {} outside its limits; {limit}",
            metric.name,
            decimal(value),
            amount(u64::from(self.outside), "round")
        );
        let reason = Reason::new(codes::METRIC_OUTSIDE, message);
        Some(reason.on(named(metric)).on(setting(name)))
    }

    fn unproven(&self, metric: &MetricSettings, settings: &WatchSettings) -> Reason {
        let message = format!(
            "metric `{}` was within its limits in {}; {} are required, {} proved nothing and {} queries failed",
            metric.name,
            amount(u64::from(self.inside), "round"),
            settings.min_rounds,
            self.unusable - self.failed_queries,
            self.failed_queries,
        );
        let reason = Reason::new(codes::METRIC_UNPROVEN, message);
        reason.on(named(metric)).on(setting("min-rounds"))
    }
}

fn named(metric: &MetricSettings) -> Evidence {
    Evidence::Metric(metric.name.clone())
}
