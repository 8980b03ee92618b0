//! The three JSON formats of a k6 summary, called shapes here.
//!
//! | | `handleSummary(data)` | `--summary-export` | `--new-machine-readable-summary` |
//! | --- | --- | --- | --- |
//! | metrics | an object | an object | a list, in `results` |
//! | values of a metric | in `values` | in the metric itself | in `values` |
//! | a threshold | `{"ok": true}`: kept | `true`: **broken** | not in the file |
//! | rate | `passes`, `fails`, `rate` | `passes`, `fails`, `value` | `matches`, `total`, `rate` |
//! | duration | `state`, in milliseconds | from a counter's rate | `config`, in seconds |
//!
//! k6 makes the second shape from the first (`oldJSONSummary` in its `js/summary-wrapper.js`). The inverted boolean is a
//! known fault that k6 keeps for compatibility (grafana/k6 issue 1498). The third shape replaces both with that
//! option (`internal/lib/summary/machinereadable` of k6 has its types).

use std::fmt;
use std::path::Path;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::document::{self, Unreadable};
use super::k6_metric::{Field, Metric, Metrics, Numbers, Thresholds};
use super::{at_rate, rounded_down};

/// A summary of any shape.
#[derive(Debug)]
pub(super) struct Summary {
    shape: Shape,
    metrics: Metrics,
    /// Duration of the run in seconds, if the summary has it.
    seconds: Option<f64>,
    /// Passes and fails of all checks, if the summary has them outside of the metrics.
    checks: Option<Checks>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Handled,
    Exported,
    MachineReadable,
}

#[derive(Deserialize)]
struct Outline {
    metrics: Option<Metrics>,
    state: Option<State>,
    version: Option<String>,
    config: Option<RunConfig>,
    results: Option<RunResults>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    test_run_duration_ms: Option<f64>,
}

#[derive(Deserialize)]
struct RunConfig {
    duration: Option<f64>,
}

#[derive(Deserialize)]
struct RunResults {
    metrics: Metrics,
    checks: Option<CheckResults>,
}

#[derive(Deserialize)]
struct CheckResults {
    results: Option<Checks>,
}

/// Passes and fails of all checks together.
#[derive(Clone, Copy, Debug, Default)]
struct Checks {
    passes: u64,
    fails: u64,
}

impl<'de> Deserialize<'de> for Checks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self::default())
    }
}

impl<'de> Visitor<'de> for Checks {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("checks")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        #[derive(Deserialize)]
        struct Check {
            passes: u64,
            fails: u64,
        }
        while let Some(check) = list.next_element::<Check>()? {
            self.passes = self.passes.saturating_add(check.passes);
            self.fails = self.fails.saturating_add(check.fails);
        }
        Ok(self)
    }
}

impl Summary {
    /// Reads a summary.
    pub(super) fn read(path: &Path) -> Result<Self, Unreadable> {
        Self::of(document::json(path, "k6")?).map_err(|why| Unreadable::Damaged(why.to_owned()))
    }

    fn of(outline: Outline) -> Result<Self, &'static str> {
        match (outline.metrics, outline.results) {
            (None, Some(results)) => {
                if !outline.version.is_some_and(|it| it.starts_with("1.")) {
                    return Err("is k6's machine-readable summary, but not of version 1");
                }
                Ok(Self {
                    shape: Shape::MachineReadable,
                    metrics: results.metrics,
                    seconds: outline.config.and_then(|config| config.duration),
                    checks: results.checks.and_then(|checks| checks.results),
                })
            }
            (Some(metrics), None) => {
                let shape = older_shape(&metrics, outline.state.is_some())?;
                let state = outline.state;
                Ok(Self {
                    shape,
                    metrics,
                    seconds: state
                        .and_then(|state| state.test_run_duration_ms)
                        .map(|milliseconds| milliseconds / 1000.0),
                    checks: None,
                })
            }
            _ => Err("is no shape of k6's summary"),
        }
    }

    /// Whether this shape of summary has the thresholds.
    pub(super) fn has_thresholds(&self) -> bool {
        self.shape != Shape::MachineReadable
    }

    /// The numbers of a metric, if the summary has the metric. k6 omits metrics without a measurement.
    pub(super) fn values(&self, metric: &str) -> Option<&Numbers> {
        let metric = self.metrics.0.get(metric)?;
        match self.shape {
            Shape::Handled | Shape::MachineReadable => metric.nested.as_ref(),
            Shape::Exported => Some(&metric.direct),
        }
    }

    /// A number of a trend, under the first of these names that the trend has. k6 writes `p(95)` in every shape; its
    /// documentation also uses `p95`.
    pub(super) fn number(&self, metric: &str, names: &[&str]) -> Number {
        let Some(values) = self.values(metric) else {
            return Number::Absent;
        };
        let Some(name) = names.iter().find(|name| values.has(name)) else {
            return Number::Absent;
        };
        values.number(name).map_or(Number::Unreadable, Number::Is)
    }

    /// The name of the part of a metric for the requests of one name: `http_reqs{name:GET /api}`, as the script writes
    /// it in a threshold.
    pub(super) fn of_name(&self, metric: &str, name: &str) -> Option<&str> {
        let is_part = |key: &&String| {
            let tags = key.strip_prefix(metric).and_then(|it| it.strip_prefix('{'));
            let tag = tags.and_then(|it| it.strip_suffix('}')?.split_once(':'));
            let plain = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
            tag.is_some_and(|(key, value)| plain(key) == "name" && plain(value) == name)
        };
        self.metrics.0.keys().find(is_part).map(String::as_str)
    }

    /// How often a rate was true and how often it was false; `None` if it can't be read or contradicts itself.
    pub(super) fn outcomes(&self, values: &Numbers) -> Option<(u64, u64)> {
        let (hits, misses, share) = match self.shape {
            Shape::MachineReadable => {
                let hits = values.count("matches")?;
                (hits, values.count("total")?.checked_sub(hits)?, "rate")
            }
            Shape::Handled => (values.count("passes")?, values.count("fails")?, "rate"),
            Shape::Exported => (values.count("passes")?, values.count("fails")?, "value"),
        };
        let total = hits.checked_add(misses)?;
        let share = values.number(share)?;
        (total == 0 || (share - ratio(hits, total)).abs() <= 1e-6).then_some((hits, misses))
    }

    /// Passes and fails of all checks.
    pub(super) fn checks(&self) -> Option<(u64, u64)> {
        match self.checks {
            Some(checks) => Some((checks.passes, checks.fails)),
            None => self.outcomes(self.values("checks")?),
        }
    }

    /// Duration of the run in milliseconds. If the summary does not have it, it is computed from the count and the rate
    /// of a counter.
    pub(super) fn duration(&self) -> Option<u64> {
        if let Some(seconds) = self.seconds {
            return rounded_down(seconds);
        }
        ["http_reqs", "iterations"].into_iter().find_map(|counter| {
            let values = self.values(counter)?;
            at_rate(values.count("count")?, values.number("rate")?)
        })
    }

    /// Every threshold as metric, colon, expression, and whether it is broken; `None` if its outcome does not have the
    /// form of this shape.
    pub(super) fn thresholds(&self) -> Vec<(String, Option<bool>)> {
        let mut thresholds = Vec::new();
        for (name, metric) in &self.metrics.0 {
            match &metric.thresholds {
                None => {}
                Some(Thresholds::Read(of_metric)) => {
                    thresholds.extend(of_metric.iter().map(|(expression, outcome)| {
                        (format!("{name}: {expression}"), self.broken(*outcome))
                    }));
                }
                Some(Thresholds::Other) => thresholds.push((name.clone(), None)),
            }
        }
        thresholds
    }

    fn broken(&self, outcome: Field) -> Option<bool> {
        match (self.shape, outcome) {
            (Shape::Handled, Field::Ok(kept)) => Some(!kept),
            (Shape::Exported, Field::Truth(broken)) => Some(broken),
            _ => None,
        }
    }
}

/// A number of a trend in a summary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// The number, in the unit of the metric.
    Is(f64),
    /// The summary has a value that is not a number.
    Unreadable,
    /// The summary does not have the number.
    Absent,
}

fn older_shape(metrics: &Metrics, has_state: bool) -> Result<Shape, &'static str> {
    let is_nested = |metric: &Metric| metric.nested.is_some();
    let mut all = metrics.0.values();
    let shape = match metrics.0.values().next() {
        Some(metric) if is_nested(metric) => Shape::Handled,
        Some(_) if !has_state => Shape::Exported,
        None if has_state => Shape::Handled,
        _ => return Err("is no shape of k6's summary"),
    };
    if all.all(|metric| is_nested(metric) == (shape == Shape::Handled)) {
        Ok(shape)
    } else {
        Err("mixes two shapes of k6's summary")
    }
}

#[expect(clippy::cast_precision_loss, reason = "compared with a tolerance")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Summary, String> {
        let outline = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Summary::of(outline).map_err(str::to_owned)
    }

    fn thresholds(text: &str) -> Vec<(String, Option<bool>)> {
        parse(text).expect("a summary").thresholds()
    }

    #[test]
    fn the_shape_determines_the_meaning_of_a_threshold() {
        let handled = r#"{"metrics": {"a": {"values": {}, "thresholds":
            {"x<1": {"ok": true}, "y<1": {"ok": false}, "z<1": true}}}}"#;
        let expected = [
            ("a: x<1".to_owned(), Some(false)),
            ("a: y<1".to_owned(), Some(true)),
            ("a: z<1".to_owned(), None),
        ];
        assert_eq!(thresholds(handled), expected);
        let exported = r#"{"metrics": {"a": {"avg": 1, "thresholds":
            {"x<1": true, "y<1": false, "z<1": {"ok": true}}}}}"#;
        let expected = [
            ("a: x<1".to_owned(), Some(true)),
            ("a: y<1".to_owned(), Some(false)),
            ("a: z<1".to_owned(), None),
        ];
        assert_eq!(thresholds(exported), expected);
        let neither = r#"{"metrics": {"a": {"avg": 1, "thresholds": ["x<1"]}}}"#;
        assert_eq!(thresholds(neither), [("a".to_owned(), None)]);
    }

    #[test]
    fn refuses_other_shapes() {
        for text in [
            "[]",
            "{}",
            r#"{"metrics": {}}"#,
            r#"{"metrics": []}"#,
            r#"{"metrics": {"a": 1}}"#,
            r#"{"metrics": {"a": {"values": {}}, "b": {"avg": 1}}}"#,
            r#"{"metrics": {"a": {"avg": 1}, "b": {"values": {}}}}"#,
            r#"{"metrics": {"a": {"avg": 1}}, "state": {}}"#,
            r#"{"metrics": {"a": {"values": {}}}, "state": {"testRunDurationMs": "5"}}"#,
            r#"{"version": "1.0.0", "results": {}}"#,
            r#"{"version": "1.0.0", "results": {"metrics": []}, "metrics": {}}"#,
            r#"{"version": "2.0.0", "results": {"metrics": []}}"#,
            r#"{"results": {"metrics": []}}"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn duration_is_read_or_computed_from_a_counter() {
        let duration = |text: &str| parse(text).expect("a summary").duration();
        let said = r#"{"metrics": {}, "state": {"testRunDurationMs": 5004.75}}"#;
        assert_eq!(duration(said), Some(5004));
        let absurd = r#"{"metrics": {}, "state": {"testRunDurationMs": -1}}"#;
        assert_eq!(duration(absurd), None);
        let counted = r#"{"metrics": {"iterations": {"count": 10, "rate": 4}}}"#;
        assert_eq!(duration(counted), Some(2500));
        let nothing = r#"{"metrics": {"iterations": {"count": 0, "rate": 0}}}"#;
        assert_eq!(duration(nothing), None);
    }
}
