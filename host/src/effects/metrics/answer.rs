//! Reading the answers of the HTTP API of Prometheus to an instant query.
//!
//! Source: <https://prometheus.io/docs/prometheus/latest/querying/api/>.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::contract::promotion::{QueryAnswer, QueryFailure, QueryFailureKind, Reading, Sample};
use crate::text::escape::beginning;

/// The most series of an answer.
const MOST_SERIES: usize = 50;
/// The most characters of a message, and of the labels of a series.
const SHOWN: usize = 300;

/// An answer, and whether the server says that data may be missing from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The answer.
    pub answer: QueryAnswer,
    /// Whether data may be missing.
    pub partial: bool,
}

/// The document of an answer. Keys that are not needed are ignored: later versions of the server add some.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    status: String,
    data: Option<Data>,
    error_type: Option<String>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    result_type: String,
    result: Value,
}

/// A failed query.
pub(super) fn failed(kind: QueryFailureKind, message: &str) -> Answered {
    Answered {
        answer: QueryAnswer::Failed(QueryFailure {
            kind,
            message: cut(message),
        }),
        partial: false,
    }
}

/// Reads the body of an answer with this status.
pub(super) fn read(status: u16, body: &[u8]) -> Answered {
    let document: Result<Document, _> = serde_json::from_slice(body);
    let kind = match status {
        200 => None,
        400 | 422 => Some(QueryFailureKind::Rejected),
        401 | 403 => Some(QueryFailureKind::Refused),
        429 | 499 | 500 | 502 | 503 | 504 => Some(QueryFailureKind::Overloaded),
        _ => Some(QueryFailureKind::Malformed),
    };
    if let Some(kind) = kind {
        let said = document.ok().and_then(|it| said(&it));
        let said = said.map_or_else(String::new, |it| format!(": {it}"));
        return failed(kind, &format!("status {status}{said}"));
    }
    let document = match document {
        Ok(document) => document,
        Err(error) => {
            let why = format!("the answer is not that of a metrics server: {error}");
            return failed(QueryFailureKind::Malformed, &why);
        }
    };
    if document.status != "success" {
        let said = said(&document).unwrap_or_else(|| "the query failed".to_owned());
        return failed(QueryFailureKind::Rejected, &said);
    }
    match document.data.as_ref().map(samples) {
        Some(Ok(samples)) => Answered {
            answer: QueryAnswer::Samples(samples),
            partial: !document.warnings.is_empty(),
        },
        Some(Err(why)) => failed(QueryFailureKind::Malformed, &why),
        None => failed(QueryFailureKind::Malformed, "the answer has no `data`"),
    }
}

fn said(document: &Document) -> Option<String> {
    let error = document.error.as_deref()?;
    Some(match &document.error_type {
        Some(kind) => format!("{kind}: {error}"),
        None => error.to_owned(),
    })
}

/// The series of an instant query.
fn samples(data: &Data) -> Result<Vec<Sample>, String> {
    match (data.result_type.as_str(), &data.result) {
        ("vector", Value::Array(series)) if series.len() > MOST_SERIES => Err(format!(
            "the query has {} series; at most {MOST_SERIES} are read: aggregate them, for example with `sum`",
            series.len()
        )),
        ("vector", Value::Array(series)) => series.iter().map(sample).collect(),
        ("scalar", value) => Ok(vec![Sample {
            series: "{}".to_owned(),
            reading: reading(value)?,
        }]),
        (other, _) => Err(format!(
            "the query has the type `{other}`; write one that has the type `vector` or `scalar`"
        )),
    }
}

fn sample(series: &Value) -> Result<Sample, String> {
    if series.get("histogram").is_some() {
        return Err(
            "the query has native histograms; apply `histogram_quantile` or a similar function"
                .to_owned(),
        );
    }
    let labels = series.get("metric").and_then(Value::as_object);
    let labels = labels.ok_or("a series has no `metric`")?;
    let value = series.get("value").ok_or("a series has no `value`")?;
    Ok(Sample {
        series: cut(&self::labels(labels)),
        reading: reading(value)?,
    })
}

/// The labels of a series, sorted.
fn labels(labels: &Map<String, Value>) -> String {
    let name = labels.get("__name__").and_then(Value::as_str);
    let mut pairs: Vec<_> = labels
        .iter()
        .filter(|(name, _)| *name != "__name__")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.sort();
    format!("{}{{{}}}", name.unwrap_or_default(), pairs.join(","))
}

/// Reads a pair of a time and a value. The value is a text.
fn reading(pair: &Value) -> Result<Reading, String> {
    let text = pair.get(1).and_then(Value::as_str);
    let text = text.ok_or("a value is not a text")?;
    let number: f64 = text
        .parse()
        .map_err(|_| format!("a value is not a number: `{text}`"))?;
    Ok(if number.is_nan() {
        Reading::NotANumber
    } else if number.is_infinite() {
        Reading::Infinite(number > 0.0)
    } else {
        Reading::Number(number)
    })
}

fn cut(text: &str) -> String {
    beginning(text, SHOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(result: &str) -> Answered {
        let body =
            format!(r#"{{"status":"success","data":{{"resultType":"vector","result":{result}}}}}"#);
        read(200, body.as_bytes())
    }

    fn kind(answered: &Answered) -> QueryFailureKind {
        match &answered.answer {
            QueryAnswer::Failed(it) => it.kind,
            QueryAnswer::Samples(samples) => panic!("{samples:?}"),
        }
    }

    fn message(answered: &Answered) -> &str {
        match &answered.answer {
            QueryAnswer::Failed(it) => &it.message,
            QueryAnswer::Samples(samples) => panic!("{samples:?}"),
        }
    }

    fn number(series: &str, value: f64) -> Sample {
        Sample {
            series: series.to_owned(),
            reading: Reading::Number(value),
        }
    }

    /// The answers were recorded from Prometheus 2.42.
    #[test]
    fn recorded_answers_are_read() {
        let ratio = include_bytes!("../../../../tests/facts/prometheus/query_ratio.json");
        let answered = Answered {
            answer: QueryAnswer::Samples(vec![number("{}", 0.201_754_385_964_912_27)]),
            partial: false,
        };
        assert_eq!(read(200, ratio), answered);
        let vector = include_bytes!("../../../../tests/facts/prometheus/query_vector.json");
        let labels = |code: u32| {
            format!(
                "http_requests_total{{code=\"{code}\",\
                 commit=\"0123456789abcdef0123456789abcdef01234567\",environment=\"stage\",\
                 instance=\"127.0.0.1:8491\",job=\"app\"}}"
            )
        };
        let samples = vec![number(&labels(200), 480.0), number(&labels(503), 120.0)];
        assert_eq!(read(200, vector).answer, QueryAnswer::Samples(samples));
        let empty = include_bytes!("../../../../tests/facts/prometheus/query_empty.json");
        assert_eq!(read(200, empty).answer, QueryAnswer::Samples(Vec::new()));
        let error = include_bytes!("../../../../tests/facts/prometheus/query_error.json");
        let rejected = read(400, error);
        assert_eq!(kind(&rejected), QueryFailureKind::Rejected);
        assert_eq!(
            message(&rejected),
            "status 400: bad_data: invalid parameter \"query\": 1:6: parse error: unclosed left parenthesis"
        );
        let range = include_bytes!("../../../../tests/facts/prometheus/query_range.json");
        assert!(message(&read(200, range)).contains("`matrix`"));
    }

    #[test]
    fn values_are_texts() {
        let one = |value: &str| vector(&format!(r#"[{{"metric":{{}},"value":[1.5,{value}]}}]"#));
        for (value, reading) in [
            ("\"NaN\"", Reading::NotANumber),
            ("\"+Inf\"", Reading::Infinite(true)),
            ("\"-Inf\"", Reading::Infinite(false)),
            ("\"1e3\"", Reading::Number(1000.0)),
            ("\"1e999\"", Reading::Infinite(true)),
        ] {
            let sample = Sample {
                series: "{}".to_owned(),
                reading,
            };
            assert_eq!(one(value).answer, QueryAnswer::Samples(vec![sample]));
        }
        for value in ["1", "null", "\"\"", "\"x\"", "\"1 \""] {
            assert_eq!(kind(&one(value)), QueryFailureKind::Malformed, "{value}");
        }
    }

    #[test]
    fn warnings_mean_that_data_may_be_missing() {
        let body = |key: &str| {
            format!(
                r#"{{"status":"success","{key}":["x"],"data":{{"resultType":"scalar","result":[1,"2"]}}}}"#
            )
        };
        assert!(read(200, body("warnings").as_bytes()).partial);
        assert!(!read(200, body("infos").as_bytes()).partial);
    }

    #[test]
    fn the_status_says_how_a_query_failed() {
        use QueryFailureKind::{Malformed, Overloaded, Refused, Rejected};
        for (status, expected) in [
            (400, Rejected),
            (422, Rejected),
            (401, Refused),
            (403, Refused),
            (429, Overloaded),
            (499, Overloaded),
            (500, Overloaded),
            (502, Overloaded),
            (503, Overloaded),
            (504, Overloaded),
            (404, Malformed),
            (204, Malformed),
            (302, Malformed),
        ] {
            let answered = read(status, b"<html>502 Bad Gateway</html>");
            assert_eq!(kind(&answered), expected, "{status}");
            assert_eq!(message(&answered), format!("status {status}"));
        }
    }

    #[test]
    fn other_forms_are_malformed() {
        for body in [
            &b""[..],
            b"<html>ok</html>",
            b"[]",
            b"\xff",
            br#"{"status":"success"}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":{}}}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":[1]}}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}"#,
            br#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#,
            br#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"val"#,
        ] {
            assert_eq!(kind(&read(200, body)), QueryFailureKind::Malformed);
        }
        let many = r#"{"metric":{},"value":[1,"1"]}"#;
        let at_most = format!("[{}]", [many; 50].join(","));
        assert!(matches!(vector(&at_most).answer, QueryAnswer::Samples(it) if it.len() == 50));
        let too_many = format!("[{}]", [many; 51].join(","));
        assert_eq!(kind(&vector(&too_many)), QueryFailureKind::Malformed);
        let active = read(200, br#"{"status":"error","error":"a\u001b[31m"}"#);
        assert_eq!(kind(&active), QueryFailureKind::Rejected);
        assert_eq!(message(&active), "a\\u{1b}[31m");
    }
}
