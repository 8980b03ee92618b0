//! One metric in one round of a watch: outside its limits, inside, or unusable.

use crate::bindings::promotion::{MetricReading, QueryAnswer, Reading, Sample};
use crate::bindings::types::{MetricSettings, Missing};

/// What a round says about a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Finding<'a> {
    /// Every series is within the limits.
    Inside,
    /// A series is beyond a limit.
    Outside(Breach<'a>),
    /// A query failed.
    QueryFailed,
    /// The answer proves nothing.
    Unusable,
}

/// A value beyond a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Breach<'a> {
    /// The series; empty if the metric has only one, without labels.
    pub series: &'a str,
    pub value: f64,
    pub limit: Limit,
}

/// The limit that a value is beyond.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Limit {
    /// The largest good value.
    Max(f64),
    /// The smallest good value.
    Min(f64),
    /// The largest good ratio to the value before the deployment.
    MaxRatio { ratio: f64, before: f64 },
}

/// Judges a metric by its limits.
///
/// A value counts only if it is a finite number. A value beyond a limit decides, whatever the other series are.
pub(super) fn judge<'a>(reading: &'a MetricReading, metric: &MetricSettings) -> Finding<'a> {
    let Ok(Some(now)) = samples(Some(&reading.now)) else {
        return Finding::QueryFailed;
    };
    let is_compared = metric.max_ratio.is_some();
    let asked_before = |answer: &'a Option<QueryAnswer>| {
        let answer = answer.as_ref().filter(|_| is_compared);
        samples(answer)
    };
    let (Ok(traffic), Ok(before), Ok(traffic_before)) = (
        samples(reading.traffic.as_ref()),
        asked_before(&reading.before),
        asked_before(&reading.traffic_before),
    ) else {
        return Finding::QueryFailed;
    };
    let (traffic, traffic_before) = (traffic.map(sum), traffic_before.map(sum));
    let enough = |traffic: Option<f64>| match metric.min_traffic {
        Some(least) => traffic.is_some_and(|it| it >= least),
        None => true,
    };
    if reading.partial || !enough(traffic) {
        return Finding::Unusable;
    }
    let any = |traffic: Option<f64>| traffic.is_none_or(|it| it > 0.0);
    let before = before
        .filter(|_| any(traffic) && any(traffic_before) && enough(traffic_before))
        .unwrap_or_default();
    match (now, metric.missing) {
        ([], Missing::Unproven) => Finding::Unusable,
        ([], Missing::Zero) => {
            beyond("", 0.0, None, metric).map_or(Finding::Inside, Finding::Outside)
        }
        (now, _) => judge_series(now, before, metric),
    }
}

fn judge_series<'a>(now: &'a [Sample], before: &[Sample], metric: &MetricSettings) -> Finding<'a> {
    let only_compares = metric.max.is_none() && metric.min.is_none();
    let mut is_usable = true;
    for sample in now {
        let Some(value) = number(sample) else {
            is_usable = false;
            continue;
        };
        let mut earlier = before.iter().filter(|it| it.series == sample.series);
        let before = earlier.find_map(number).filter(|it| *it > 0.0);
        if let Some(breach) = beyond(&sample.series, value, before, metric) {
            return Finding::Outside(breach);
        }
        // A value that can't be compared is within the ratio only if it is not above 0.
        if only_compares && before.is_none() && value > 0.0 {
            is_usable = false;
        }
    }
    if is_usable {
        Finding::Inside
    } else {
        Finding::Unusable
    }
}

/// Finds the limit that a value is beyond. `before` is the value before the deployment, if it is above 0 and counts.
fn beyond<'a>(
    series: &'a str,
    value: f64,
    before: Option<f64>,
    metric: &MetricSettings,
) -> Option<Breach<'a>> {
    let max = metric.max.filter(|it| value > *it).map(Limit::Max);
    let min = || metric.min.filter(|it| value < *it).map(Limit::Min);
    let ratio = || {
        let (ratio, before) = (metric.max_ratio?, before?);
        (value > ratio * before).then_some(Limit::MaxRatio { ratio, before })
    };
    let limit = max.or_else(min).or_else(ratio)?;
    Some(Breach {
        series,
        value,
        limit,
    })
}

/// The samples of an answer, or an error if the query failed. A query that the host did not send has no samples.
fn samples(answer: Option<&QueryAnswer>) -> Result<Option<&[Sample]>, ()> {
    match answer {
        None => Ok(None),
        Some(QueryAnswer::Samples(samples)) => Ok(Some(samples)),
        Some(QueryAnswer::Failed(_)) => Err(()),
    }
}

fn number(sample: &Sample) -> Option<f64> {
    match sample.reading {
        // The contract says that it is finite.
        Reading::Number(it) => it.is_finite().then_some(it),
        Reading::NotANumber | Reading::Infinite(_) => None,
    }
}

fn sum(samples: &[Sample]) -> f64 {
    samples.iter().filter_map(number).sum()
}

#[cfg(test)]
mod tests {
    use super::{Breach, Finding, Limit, judge};
    use crate::bindings::promotion::{
        MetricReading, QueryAnswer, QueryFailure, QueryFailureKind, Reading, Sample,
    };
    use crate::bindings::types::{MetricSettings, Missing};
    use crate::fixtures::{metric, metric_reading};

    fn samples(values: &[f64]) -> QueryAnswer {
        let sample = |(place, value): (usize, &f64)| Sample {
            series: format!("{{pod=\"{place}\"}}"),
            reading: if value.is_nan() {
                Reading::NotANumber
            } else if value.is_infinite() {
                Reading::Infinite(*value > 0.0)
            } else {
                Reading::Number(*value)
            },
        };
        QueryAnswer::Samples(values.iter().enumerate().map(sample).collect())
    }

    fn failed() -> QueryAnswer {
        QueryAnswer::Failed(QueryFailure {
            kind: QueryFailureKind::Overloaded,
            message: "status 503".to_owned(),
        })
    }

    fn reads(now: QueryAnswer) -> MetricReading {
        MetricReading {
            now,
            ..metric_reading(0.0)
        }
    }

    /// The word for what a round says.
    fn word(reading: &MetricReading, metric: &MetricSettings) -> &'static str {
        match judge(reading, metric) {
            Finding::Inside => "inside",
            Finding::Outside(_) => "outside",
            Finding::QueryFailed => "failed",
            Finding::Unusable => "unusable",
        }
    }

    #[test]
    fn each_series_is_judged() {
        let metric = metric();
        for (values, expected) in [
            (&[0.01][..], "inside"),
            (&[0.02], "outside"),
            (&[0.0, 0.02], "outside"),
            (&[f64::NAN], "unusable"),
            (&[0.0, f64::NAN], "unusable"),
            (&[f64::NAN, 0.02], "outside"),
            (&[f64::INFINITY], "unusable"),
            (&[f64::NEG_INFINITY, 0.0], "unusable"),
            (&[], "unusable"),
        ] {
            assert_eq!(
                word(&reads(samples(values)), &metric),
                expected,
                "{values:?}"
            );
        }
    }

    #[test]
    fn a_value_below_the_minimum_is_outside() {
        let metric = MetricSettings {
            max: None,
            min: Some(5.0),
            ..metric()
        };
        assert_eq!(word(&reads(samples(&[5.0])), &metric), "inside");
        let reading = reads(samples(&[4.0]));
        let breach = Breach {
            series: "{pod=\"0\"}",
            value: 4.0,
            limit: Limit::Min(5.0),
        };
        assert_eq!(judge(&reading, &metric), Finding::Outside(breach));
        let zero = MetricSettings {
            missing: Missing::Zero,
            ..metric
        };
        assert_eq!(word(&reads(samples(&[])), &zero), "outside");
    }

    #[test]
    fn missing_series_are_zero_only_if_the_settings_say_it() {
        let zero = MetricSettings {
            missing: Missing::Zero,
            ..metric()
        };
        assert_eq!(word(&reads(samples(&[])), &zero), "inside");
        assert_eq!(word(&reads(samples(&[])), &metric()), "unusable");
    }

    #[test]
    fn an_answer_that_may_lack_data_proves_nothing() {
        let partial = MetricReading {
            partial: true,
            ..reads(samples(&[9.0]))
        };
        assert_eq!(word(&partial, &metric()), "unusable");
        assert_eq!(word(&reads(failed()), &metric()), "failed");
    }

    #[test]
    fn a_metric_needs_its_traffic() {
        let metric = MetricSettings {
            min_traffic: Some(100.0),
            ..metric()
        };
        let with = |traffic: Option<QueryAnswer>| MetricReading {
            traffic,
            ..reads(samples(&[9.0]))
        };
        assert_eq!(
            word(&with(Some(samples(&[60.0, 40.0]))), &metric),
            "outside"
        );
        assert_eq!(word(&with(Some(samples(&[99.0]))), &metric), "unusable");
        assert_eq!(word(&with(Some(samples(&[f64::NAN]))), &metric), "unusable");
        assert_eq!(word(&with(Some(samples(&[]))), &metric), "unusable");
        assert_eq!(word(&with(Some(failed())), &metric), "failed");
        assert_eq!(word(&with(None), &metric), "unusable");
    }

    #[test]
    fn a_ratio_needs_a_value_above_zero_and_traffic_on_both_sides() {
        let ratio = MetricSettings {
            max: None,
            max_ratio: Some(2.0),
            ..metric()
        };
        let limited = MetricSettings {
            max: Some(10.0),
            ..ratio.clone()
        };
        let with = |now: f64, before: Option<QueryAnswer>| MetricReading {
            before,
            ..reads(samples(&[now]))
        };
        let before = |value: f64| Some(samples(&[value]));
        for (reading, only_ratio, with_max) in [
            (with(2.0, before(1.0)), "inside", "inside"),
            (with(2.1, before(1.0)), "outside", "outside"),
            (with(2.1, before(0.0)), "unusable", "inside"),
            (with(0.0, before(0.0)), "inside", "inside"),
            (with(2.1, before(f64::NAN)), "unusable", "inside"),
            (with(2.1, Some(samples(&[]))), "unusable", "inside"),
            (with(2.1, None), "unusable", "inside"),
            (with(11.0, None), "unusable", "outside"),
            (with(2.1, Some(failed())), "failed", "failed"),
        ] {
            assert_eq!(word(&reading, &ratio), only_ratio, "{reading:?}");
            assert_eq!(word(&reading, &limited), with_max, "{reading:?}");
        }
        let quiet = MetricReading {
            traffic: Some(samples(&[9.0])),
            traffic_before: Some(samples(&[0.0])),
            ..with(2.1, before(1.0))
        };
        assert_eq!(word(&quiet, &limited), "inside");
        let busy = MetricReading {
            traffic_before: Some(samples(&[9.0])),
            ..quiet.clone()
        };
        assert_eq!(word(&busy, &limited), "outside");
        let least = MetricSettings {
            min_traffic: Some(9.5),
            ..limited.clone()
        };
        assert_eq!(word(&busy, &least), "unusable");
        // The value before is not looked at without a ratio.
        assert_eq!(word(&with(0.0, Some(failed())), &metric()), "inside");
    }
}
