//! What the verdict on a watch means for the release, with reasons.

use super::super::answer::Answer;
use super::super::case::{Case, event};
use super::super::decision_table::Ruling;
use super::super::next_step::not_verified;
use super::super::record::Record;
use super::decimal::decimal;
use super::reading::{Breach, Limit};
use super::{Tally, Watch, roll_back};
use crate::bindings::promotion::{Action, Conclusion, Permission};
use crate::bindings::types::{
    Consequence, EnvironmentSettings, Evidence, MetricSettings, Reason, Verdict, WatchSettings,
};
use crate::reason::{amount, codes, setting};

/// Looks up what the watch of an environment means for a release that its load tests let continue: the ruling that lets it
/// leave the environment, or what is missing. `before` is the ruling of the load tests.
pub(in super::super) fn watched(
    case: &Case<'_>,
    (place, settings): (usize, &EnvironmentSettings),
    record: &Record<'_>,
    before: Ruling,
) -> Result<Ruling, Box<Answer>> {
    let Some(watch) = &settings.watch else {
        return Ok(before);
    };
    let is_own = place >= case.entry;
    let is_last = place + 1 == case.settings.environments.len();
    let Some(verdict) = record.watch.verdict else {
        let reason = record.watch.watching(case, &settings.name, watch);
        return Err(Box::new(if is_own {
            let next = match record.watch.wait(case.now, watch) {
                Some(seconds) => Action::Wait(seconds),
                None => Action::Measure(settings.name.clone()),
            };
            Answer::hold(next, vec![reason])
        } else {
            Answer::wait(case, vec![not_verified(&settings.name), reason])
        }));
    };
    let consequence = match verdict {
        Verdict::Passed => None,
        Verdict::Failed => Some(watch.failed),
        Verdict::Errored | Verdict::Inconclusive => Some(watch.unproven),
    };
    let reasons = record.watch.reasons(verdict, &settings.name, watch);
    let permission = match consequence {
        None => Permission::Promote,
        Some(Consequence::Warn) => Permission::PromoteWithWarning,
        Some(Consequence::RollBack) if verdict == Verdict::Failed && is_last && is_own => {
            return Err(Box::new(roll_back::answer(case, record, settings, reasons)));
        }
        Some(Consequence::Stop | Consequence::RollBack) => {
            return Err(Box::new(Answer::end(Conclusion::Stopped, reasons)));
        }
    };
    let here = Ruling {
        permission,
        reasons,
        missing: None,
    };
    Ok(before.and(here))
}

impl Watch<'_> {
    /// Explains that the watch has not ended.
    fn watching(&self, case: &Case<'_>, environment: &str, settings: &WatchSettings) -> Reason {
        let message = match self.last {
            None => format!(
                "`{environment}` is watched from {} s after its convergence on",
                settings.settle
            ),
            Some(_) => format!(
                "`{environment}` is watched, {} s left",
                self.left(case.now, settings)
            ),
        };
        let mut reason = Reason::new(codes::WATCHING, message);
        reason.evidence.extend(self.last.map(|it| event(it.place)));
        reason.on(Evidence::Environment(environment.to_owned()))
    }

    /// Explains the verdict, and then the metrics that led to it.
    fn reasons(
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
