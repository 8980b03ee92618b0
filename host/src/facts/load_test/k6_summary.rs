//! The two shapes of a k6 summary.
//!
//! | | `handleSummary(data)` | `--summary-export` |
//! | --- | --- | --- |
//! | values of a metric | in `values` | in the metric itself |
//! | a threshold | `{"ok": true}`: kept | `true`: **broken** |
//! | share of a rate | `rate` | `value` |
//! | `state`, `options` | yes | no |
//!
//! k6 makes the second shape from the first (`oldJSONSummary` in its `js/summary-wrapper.js`). The inverted boolean is a
//! known fault that k6 keeps for compatibility (grafana/k6 issue 1498).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{at_rate, document, rounded_down};

/// A summary of either shape.
pub(super) struct Summary {
    shape: Shape,
    metrics: Map<String, Value>,
    /// Duration of the run in seconds, if the summary has it.
    seconds: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Handled,
    Exported,
}

#[derive(Deserialize)]
struct Outline {
    metrics: Map<String, Value>,
    state: Option<State>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    test_run_duration_ms: Option<f64>,
}

impl Summary {
    /// Reads a summary.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let outline: Outline = document::parse(bytes, "k6")?;
        let nested = |metric: &Value| metric.get("values").is_some_and(Value::is_object);
        let shape = match outline.metrics.values().find(|metric| metric.is_object()) {
            Some(metric) if nested(metric) => Shape::Handled,
            Some(_) if outline.state.is_none() => Shape::Exported,
            None if outline.state.is_some() => Shape::Handled,
            _ => return Err("is neither shape of k6's summary".into()),
        };
        let fits = |metric| Value::is_object(metric) && nested(metric) == (shape == Shape::Handled);
        if !outline.metrics.values().all(fits) {
            return Err("mixes the two shapes of k6's summary".into());
        }
        Ok(Self {
            shape,
            metrics: outline.metrics,
            seconds: outline
                .state
                .and_then(|state| state.test_run_duration_ms)
                .map(|milliseconds| milliseconds / 1000.0),
        })
    }

    /// The values of a metric, if the summary has it: k6 leaves out metrics without a measurement.
    pub(super) fn values(&self, metric: &str) -> Option<&Map<String, Value>> {
        let metric = self.metrics.get(metric)?.as_object()?;
        match self.shape {
            Shape::Handled => metric.get("values")?.as_object(),
            Shape::Exported => Some(metric),
        }
    }

    /// The key of a rate's share of passes.
    pub(super) fn share(&self) -> &'static str {
        match self.shape {
            Shape::Handled => "rate",
            Shape::Exported => "value",
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
            let count = values.get("count")?.as_u64()?;
            at_rate(count, values.get("rate")?.as_f64()?)
        })
    }

    /// Every threshold as metric, colon, expression, and whether it is broken; `None` if its outcome does not have the
    /// form of this shape.
    pub(super) fn thresholds(&self) -> Vec<(String, Option<bool>)> {
        let mut thresholds = Vec::new();
        for (name, metric) in &self.metrics {
            match metric.get("thresholds") {
                None => {}
                Some(Value::Object(of_metric)) => {
                    thresholds.extend(of_metric.iter().map(|(expression, outcome)| {
                        (format!("{name}: {expression}"), self.broken(outcome))
                    }));
                }
                Some(_) => thresholds.push((name.clone(), None)),
            }
        }
        thresholds
    }

    fn broken(&self, outcome: &Value) -> Option<bool> {
        match self.shape {
            Shape::Handled => outcome.get("ok")?.as_bool().map(|kept| !kept),
            Shape::Exported => outcome.as_bool(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(text: &str) -> Vec<(String, Option<bool>)> {
        Summary::parse(text.as_bytes())
            .expect("a summary")
            .thresholds()
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
        ] {
            assert!(Summary::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn duration_is_read_or_computed_from_a_counter() {
        let duration = |text: &str| {
            Summary::parse(text.as_bytes())
                .expect("a summary")
                .duration()
        };
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
