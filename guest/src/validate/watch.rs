//! Validates the settings of a watch.

use crate::bindings::types::WatchSettings;

/// Lists what makes a watch unusable, each with the setting and a sentence.
pub(super) fn problems(watch: &WatchSettings, environment: &str) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    if watch.metrics.is_empty() {
        let message = format!("the watch of environment `{environment}` has no metrics");
        problems.push(("metrics", message));
    }
    let mut at_least_1 = |setting: &'static str, value: u32| {
        if value == 0 {
            let message = format!(
                "`{setting}` in the watch of environment `{environment}` must be at least 1"
            );
            problems.push((setting, message));
        }
    };
    at_least_1("interval", watch.interval);
    at_least_1("min-rounds", watch.min_rounds);
    watch
        .metrics
        .iter()
        .for_each(|it| at_least_1("rounds", it.rounds));
    for (place, metric) in watch.metrics.iter().enumerate() {
        let name = &metric.name;
        let mut earlier = watch.metrics.iter().take(place);
        if earlier.any(|other| other.name == *name) {
            let message = format!("metric `{name}` of environment `{environment}` is listed twice");
            problems.push(("metrics", message));
        }
        let limits = [
            ("max", metric.max),
            ("min", metric.min),
            ("max-ratio", metric.max_ratio),
        ];
        if limits.iter().all(|(_, limit)| limit.is_none()) {
            let message = format!("metric `{name}` of environment `{environment}` has no limit");
            problems.push(("metrics", message));
        }
        let least = ("min-traffic", metric.min_traffic);
        for (setting, limit) in limits.into_iter().chain([least]) {
            let is_signed = matches!(setting, "max" | "min");
            if limit.is_some_and(|it| !it.is_finite() || (!is_signed && it < 0.0)) {
                let least = if is_signed { "" } else { ", at least 0" };
                let message = format!(
                    "`{setting}` of metric `{name}` of environment `{environment}` must be a number{least}"
                );
                problems.push((setting, message));
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::bindings::types::{Consequence, WatchSettings};
    use crate::fixtures::{self, settings};
    use crate::validate::problems;

    #[test]
    fn a_watch_must_make_sense() {
        let watched = |change: fn(&mut WatchSettings)| {
            let mut settings = settings();
            let mut watch = fixtures::watch(Consequence::Stop);
            change(&mut watch);
            settings.environments[1].watch = Some(watch);
            let problems = problems(&settings);
            assert_eq!(problems.len(), 1, "{problems:?}");
            problems[0].message.clone()
        };
        for (change, expected) in [
            (
                (|it| it.metrics.clear()) as fn(&mut WatchSettings),
                "the watch of environment `prod` has no metrics",
            ),
            (
                |it| it.interval = 0,
                "`interval` in the watch of environment `prod` must be at least 1",
            ),
            (
                |it| it.min_rounds = 0,
                "`min-rounds` in the watch of environment `prod` must be at least 1",
            ),
            (
                |it| it.metrics[0].rounds = 0,
                "`rounds` in the watch of environment `prod` must be at least 1",
            ),
            (
                |it| it.metrics.push(fixtures::metric()),
                "metric `errors` of environment `prod` is listed twice",
            ),
            (
                |it| it.metrics[0].max = None,
                "metric `errors` of environment `prod` has no limit",
            ),
            (
                |it| it.metrics[0].max = Some(f64::NAN),
                "`max` of metric `errors` of environment `prod` must be a number",
            ),
            (
                |it| it.metrics[0].max_ratio = Some(-1.0),
                "`max-ratio` of metric `errors` of environment `prod` must be a number, at least 0",
            ),
        ] {
            assert_eq!(watched(change), expected);
        }
        let mut settings = settings();
        settings.environments[1].watch = Some(fixtures::watch(Consequence::RollBack));
        assert_eq!(problems(&settings), []);
    }
}
