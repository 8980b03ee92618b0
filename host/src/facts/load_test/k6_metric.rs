//! Reads the numbers and thresholds of each metric of a k6 summary, and skips the rest.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The largest number of metrics, and of thresholds, in a summary.
const MOST: usize = 10_000;

/// The numbers that are read; all others are skipped.
const NUMBERS: [&str; 14] = [
    "count", "rate", "value", "passes", "fails", "matches", "total", "avg", "med", "p(50)",
    "p(95)", "p95", "p(99)", "p99",
];

/// One metric.
#[derive(Debug, Default)]
pub(super) struct Metric {
    /// The name, if the metric is an element of a list.
    name: Option<String>,
    /// The numbers in `values`; `None` if the metric has no `values`.
    pub(super) nested: Option<Numbers>,
    /// Numbers in the metric itself.
    pub(super) direct: Numbers,
    /// The thresholds of the metric.
    pub(super) thresholds: Option<Thresholds>,
}

/// Numbers by name.
#[derive(Debug, Default)]
pub(super) struct Numbers(BTreeMap<&'static str, Field>);

impl Numbers {
    /// Whether the metric has a value with this name, of any type.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value with this name, if it is a count.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Field::Count(count)) => Some(*count),
            _ => None,
        }
    }

    /// The value with this name, if it is a number.
    #[expect(clippy::cast_precision_loss, reason = "a count is exact up to 2^53")]
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.0.get(name)? {
            Field::Count(count) => Some(*count as f64),
            Field::Number(number) => Some(*number),
            Field::Truth(_) | Field::Ok(_) | Field::Other => None,
        }
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        match NUMBERS.iter().find(|name| **name == key) {
            Some(name) => {
                self.0.insert(name, map.next_value()?);
            }
            None => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// The thresholds of a metric.
#[derive(Debug)]
pub(super) enum Thresholds {
    /// Each expression with its outcome.
    Read(Vec<(String, Field)>),
    /// A value that is not an object.
    Other,
}

/// A JSON value. The variants tell apart the types that a summary uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Field {
    /// A whole number that is not negative.
    Count(u64),
    /// Another number.
    Number(f64),
    /// A boolean.
    Truth(bool),
    /// An object whose `ok` is this boolean.
    Ok(bool),
    /// Anything else.
    Other,
}

/// Metrics by name: an object, or a list of metrics that have a name.
#[derive(Debug, Default)]
pub(super) struct Metrics(pub(super) BTreeMap<String, Metric>);

impl Metrics {
    fn add<E: Error>(&mut self, name: String, metric: Metric) -> Result<(), E> {
        self.0.insert(name, metric);
        bounded(self.0.len(), "metrics")
    }
}

fn bounded<E: Error>(length: usize, what: &str) -> Result<(), E> {
    if length > MOST {
        return Err(E::custom(format_args!("more than {MOST} {what}")));
    }
    Ok(())
}

impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::default())
    }
}

impl<'de> Visitor<'de> for Metrics {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("metrics")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((name, metric)) = map.next_entry()? {
            self.add(name, metric)?;
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(mut metric) = list.next_element::<Metric>()? {
            // A metric without a measurement has neither a name nor values.
            if let Some(name) = metric.name.take().filter(|name| !name.is_empty()) {
                self.add(name, metric)?;
            }
        }
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Metric {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Metric {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => self.name = map.next_value()?,
                "values" => self.nested = map.next_value()?,
                "thresholds" => self.thresholds = Some(map.next_value()?),
                key => self.direct.take(key, &mut map)?,
            }
        }
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Numbers {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the values of a metric")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            self.take(&key, &mut map)?;
        }
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ThresholdsReader)
    }
}

struct ThresholdsReader;

impl<'de> Visitor<'de> for ThresholdsReader {
    type Value = Thresholds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("thresholds")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Thresholds, A::Error> {
        let mut read = Vec::new();
        while let Some(entry) = map.next_entry()? {
            read.push(entry);
            bounded(read.len(), "thresholds")?;
        }
        Ok(Thresholds::Read(read))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Thresholds, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Thresholds::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Thresholds, E> {
        Ok(Thresholds::Other)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldReader)
    }
}

struct FieldReader;

impl<'de> Visitor<'de> for FieldReader {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Field, E> {
        Ok(Field::Count(count))
    }

    #[expect(clippy::cast_precision_loss, reason = "only its sign counts")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Field, E> {
        Ok(Field::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Field, E> {
        Ok(Field::Number(number))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Field, E> {
        Ok(Field::Truth(truth))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Field, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
        let mut field = Field::Other;
        while let Some(key) = map.next_key::<String>()? {
            if key == "ok" {
                if let Field::Truth(ok) = map.next_value()? {
                    field = Field::Ok(ok);
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(text: &str) -> Result<Metrics, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn numbers_are_kept_and_the_rest_is_skipped() {
        let text =
            r#"{"a": {"type": "trend", "count": 3, "p(95)": 2.5, "rate": "x", "other": [{}]}}"#;
        let metrics = metrics(text).expect("metrics");
        let numbers = &metrics.0["a"].direct;
        assert_eq!(
            (numbers.count("count"), numbers.number("count")),
            (Some(3), Some(3.0))
        );
        assert_eq!(
            (numbers.count("p(95)"), numbers.number("p(95)")),
            (None, Some(2.5))
        );
        assert!(numbers.has("rate") && !numbers.has("other"));
        assert_eq!(
            (numbers.count("rate"), numbers.number("rate")),
            (None, None)
        );
    }

    #[test]
    fn a_list_names_its_metrics() {
        let text = r#"[{"name": "a", "values": {"count": 1}}, {"name": "", "values": null}]"#;
        let metrics = metrics(text).expect("metrics");
        assert_eq!(metrics.0.len(), 1);
        let numbers = metrics.0["a"].nested.as_ref().expect("values");
        assert_eq!(numbers.count("count"), Some(1));
    }

    #[test]
    fn too_many_metrics_are_refused() {
        let entries = |count: usize| {
            let entries: Vec<_> = (0..count).map(|it| format!("\"m{it}\": {{}}")).collect();
            format!("{{{}}}", entries.join(","))
        };
        assert!(metrics(&entries(MOST)).is_ok());
        assert!(metrics(&entries(MOST + 1)).is_err());
        let thresholds = entries(MOST + 1);
        assert!(metrics(&format!("{{\"a\": {{\"thresholds\": {thresholds}}}}}")).is_err());
    }
}
